/**
 * undici-thread-interceptor with its own undici, as its README shows it.
 */
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'

const domain = '.local'
const require = createRequire(import.meta.url)
const { createThreadInterceptor, wire } = require('undici-thread-interceptor')
// The undici it was written for: its own.
const { Agent, fetch, request } = createRequire(require.resolve('undici-thread-interceptor'))('undici')

function connectWith(interceptor) {
  const dispatcher = new Agent().compose(interceptor)
  return () => ({
    request: (url, options) => request(url, { ...options, dispatcher }),
    fetch: url => fetch(url, { dispatcher })
  })
}

// A thread that only calls has to serve something all the same.
function nobody(_request, response) {
  response.writeHead(404).end()
}

/** Main thread. */
export async function open() {
  const interceptor = createThreadInterceptor({ domain })
  return {
    seat: name => ({ data: {}, begun: worker => interceptor.route(name, worker) }),
    urlOf: name => `http://${name}${domain}/`,
    connect: connectWith(interceptor)
  }
}

/** Worker. */
export async function join(_seat, application) {
  const server = application === null ? nobody : (application.fastify ?? application.listener)
  const { interceptor } = wire({ server, port: parentPort, domain })
  return { connect: connectWith(interceptor) }
}
