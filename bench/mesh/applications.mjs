/**
 * The applications of the workloads: the same code whatever carries the requests to it.
 *
 * Runs in the worker that answers. Each is made anew for its thread; a framework is given as its own object,
 * so that each side can serve it the way its users do.
 */
import { Readable, pipeline } from 'node:stream'

import { chunkBytes, greeting } from './workloads.mjs'

function json(request, response) {
  const body = JSON.stringify(greeting)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

// A head written before the body is known has no length: over a socket this answer is chunked.
function jsonChunked(request, response) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(greeting))
}

function count(request, response) {
  let received = 0
  request.on('data', chunk => (received += chunk.length))
  request.on('end', () => {
    const body = JSON.stringify({ received })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}

function bytes(size) {
  const body = Buffer.alloc(size, 'x')
  return (request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length })
    response.end(body)
  }
}

/** A stream of so many bytes, in chunks of 64 KiB that are one and the same Buffer. */
export function streamOf(size) {
  const chunk = Buffer.alloc(chunkBytes, 'x')
  let left = size
  return new Readable({
    read() {
      if (left <= 0) {
        this.push(null)
        return
      }
      left -= chunk.length
      this.push(chunk)
    }
  })
}

function stream(size) {
  return (request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    // A client that goes is not this handler's business.
    pipeline(streamOf(size), response, () => {})
  }
}

async function fastify() {
  const { default: create } = await import('fastify')
  const app = create()
  app.get('/', async () => greeting)
  return app
}

async function express() {
  const { default: create } = await import('express')
  const app = create()
  app.get('/', (request, response) => response.json(greeting))
  return app
}

async function hono() {
  const [{ Hono }, { getRequestListener }] = await Promise.all([import('hono'), import('@hono/node-server')])
  const app = new Hono()
  app.get('/', context => context.json(greeting))
  return getRequestListener(app.fetch)
}

/**
 * Makes an application.
 * @param {string} name as the workloads say
 * @param {number} size bytes it answers with, for those that answer with many
 * @returns {Promise<{ listener: import('node:http').RequestListener } |
 *   { fastify: import('fastify').FastifyInstance } | null>} null for a thread that only calls.
 */
export async function createApplication(name, size) {
  if (name === 'none' || name === 'echo') return null
  if (name === 'fastify') return { fastify: await fastify() }
  const makers = {
    json: () => json,
    'json-chunked': () => jsonChunked,
    count: () => count,
    bytes: () => bytes(size),
    stream: () => stream(size),
    express,
    hono
  }
  return { listener: await makers[name]() }
}
