/**
 * A thread interceptor as its README shows it: undici-thread-interceptor with its own undici, or whatever has the
 * same interface and is named by `entry`, with the newest.
 */
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'

const domain = '.local'

async function load(entry) {
  if (entry !== undefined) return { ...(await import(entry)), undici: await import('undici') }
  const require = createRequire(import.meta.url)
  const name = 'undici-thread-interceptor'
  // The undici it was written for: its own.
  return { ...require(name), undici: createRequire(require.resolve(name))('undici') }
}

function connectWith(interceptor, { Agent, fetch, request }) {
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
export async function open({ entry }) {
  const { createThreadInterceptor, undici } = await load(entry)
  const interceptor = createThreadInterceptor({ domain })
  return {
    seat: name => ({ data: { entry }, begun: worker => interceptor.route(name, worker) }),
    urlOf: name => `http://${name}${domain}/`,
    connect: connectWith(interceptor, undici)
  }
}

/** Worker. */
export async function join({ entry }, application) {
  const { wire, undici } = await load(entry)
  const server = application === null ? nobody : (application.fastify ?? application.listener)
  const { interceptor } = wire({ server, port: parentPort, domain })
  return { connect: connectWith(interceptor, undici) }
}
