/**
 * HTTP over the loopback interface: `node:http` listens in the worker, the client is an undici Pool with as
 * many connections as there are requests in flight.
 */
import { createServer } from 'node:http'

import { Pool, fetch, request } from 'undici'

const host = '127.0.0.1'

function connect({ url, inFlight }) {
  const dispatcher = new Pool(new URL(url).origin, { connections: inFlight })
  return {
    request: (address, options) => request(address, { ...options, dispatcher }),
    fetch: address => fetch(address, { dispatcher })
  }
}

/** Main thread. */
export async function open() {
  const urls = new Map()
  return {
    seat: name => ({ data: {}, ready: url => void urls.set(name, url) }),
    urlOf: name => urls.get(name),
    connect
  }
}

/** Worker. */
export async function join(_seat, application) {
  if (application === null) return { connect }
  if (application.fastify) return { connect, told: await application.fastify.listen({ host, port: 0 }) }
  const server = createServer(application.listener)
  const { promise, resolve } = Promise.withResolvers()
  server.listen({ host, port: 0 }, resolve)
  await promise
  return { connect, told: `http://${host}:${server.address().port}/` }
}
