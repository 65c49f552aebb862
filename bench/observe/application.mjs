/**
 * Hello world that can be held up: when an order is written to a file all workers block at once, each in the way
 * the order says, until the moment it names.
 *
 * Runs in whatever each contender gives it. Nobody has to reach a worker over the network to block it, so it does
 * not matter how a contender spreads connections; and each writes down from when to when it was blocked, so that a
 * measurement can tell that it was taken meanwhile.
 */
import { mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

import { ways } from './ways.mjs'

const greeting = Buffer.from('Hello, world!\n')
const place = `${process.pid}:${threadId}`
const orderFile = process.env.OBSERVE_ORDER
const lookEveryMs = 20

const server = createServer((request, response) => {
  const body = request.url === '/worker' ? Buffer.from(place) : greeting
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length })
  response.end(body)
})

function readOrder() {
  try {
    return JSON.parse(readFileSync(orderFile, 'utf8'))
  } catch {
    // There is none yet.
    return null
  }
}

if (orderFile !== undefined) {
  const records = `${orderFile}.records`
  mkdirSync(records, { recursive: true })
  const record = openSync(join(records, place.replace(':', '-')), 'a')
  // An order that is older than this worker is none for it.
  let last = readOrder()?.id ?? 0
  setInterval(() => {
    const order = readOrder()
    if (order === null || order.id === last) return
    last = order.id
    writeSync(record, `${order.id} begin\n`)
    ways[order.way](order.until)
    writeSync(record, `${order.id} end\n`)
  }, lookEveryMs)
}

server.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
