/**
 * The application everybody runs under chaos: a script that calls `listen`, quick and slow answers, uploads,
 * slow streams, WebSockets, and doors through which one worker is made to crash, block or fill its heap.
 *
 * Runs in whatever each contender gives it: a process, a cluster worker or a thread. It is copied beside a
 * `version.mjs` before it is started, so that a reload has new code to find. Every request it begins is written
 * down, at once and before anything else, where the death of the worker does not lose it: so what ran twice
 * is counted by what ran, not by what was answered.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

import { addToSum, emptySum } from './checksum.mjs'
import { acceptOf, closePayload, encodeFrame, FrameReader, opcodes } from './frames.mjs'
import { prepareGracefulEnd } from './graceful.mjs'
import { version } from './version.mjs'

const place = `${process.pid}:${threadId}`
const records = process.env.CHAOS_RECORDS
mkdirSync(records, { recursive: true })
const record = openSync(join(records, `${process.pid}-${threadId}`), 'a')
const sockets = new Set()
const leak = []
const lineOf = number => `line ${number} of a slow stream\n`

function begin(url) {
  const id = url.searchParams.get('id')
  if (id !== null) writeSync(record, `${id}\n`)
  return id
}

function answer(response, status, facts) {
  const body = Buffer.from(JSON.stringify({ version, place, ...facts }))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

function readBody(request, done) {
  let sum = emptySum
  let length = 0
  request.on('data', chunk => {
    sum = addToSum(sum, chunk)
    length += chunk.length
  })
  request.once('end', () => done({ sum, length }))
}

function stream(url, response, id) {
  const lines = Number(url.searchParams.get('lines'))
  const everyMs = Number(url.searchParams.get('every'))
  let sum = emptySum
  let sent = 0
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-id': id })
  const timer = setInterval(() => {
    if (sent === lines) {
      clearInterval(timer)
      response.end(`sum ${sum}\n`)
      return
    }
    const line = Buffer.from(lineOf(sent++))
    sum = addToSum(sum, line)
    response.write(line)
  }, everyMs)
  response.once('close', () => clearInterval(timer))
}

// The answer first, so that the one who asked is not among those who suffer.
function afterwards(response, harm) {
  response.once('close', () => setTimeout(() => harm(), 1))
  answer(response, 202, {})
}

const harms = {
  throw: () => {
    throw new Error('chaos: thrown on purpose')
  },
  exit: () => process.exit(3),
  block: ms => {
    const until = performance.now() + ms
    while (performance.now() < until) leak.length = 0
  },
  native: ms => spawnSync('sleep', [`${ms / 1000}`]),
  heap: () => setInterval(() => leak.push(Array.from({ length: 200_000 }, Math.random)), 5)
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://chaos')
  const id = begin(url)
  const ms = Number(url.searchParams.get('ms') ?? 0)
  const harm = url.pathname.startsWith('/harm/') ? harms[url.pathname.slice('/harm/'.length)] : undefined
  if (harm !== undefined && request.method === 'POST') {
    request.resume()
    afterwards(response, () => harm(ms))
  } else if (url.pathname === '/stream') stream(url, response, id)
  else if (request.method === 'POST') readBody(request, facts => answer(response, 200, { id, ...facts }))
  else if (ms > 0) setTimeout(() => answer(response, 200, { id }), ms)
  else answer(response, 200, { id })
})

function receive(socket, { opcode, payload }) {
  if (opcode === opcodes.text) socket.write(encodeFrame(opcodes.text, payload, false))
  else if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload, false))
  else if (opcode === opcodes.close) socket.end(encodeFrame(opcodes.close, payload, false))
}

server.on('upgrade', (request, socket) => {
  begin(new URL(request.url, 'http://chaos'))
  const reader = new FrameReader()
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.once('close', () => sockets.delete(socket))
  socket.on('data', chunk => {
    for (const frame of reader.push(chunk)) receive(socket, frame)
  })
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${acceptOf(request.headers['sec-websocket-key'])}\r\n\r\n`
  )
})

function sayGoodbye() {
  for (const socket of sockets) socket.write(encodeFrame(opcodes.close, closePayload(1001), false))
  return sockets.size
}

await prepareGracefulEnd({ server, sayGoodbye, kind: process.env.CHAOS_END })
// An application that has something to do before it listens, when that is asked for.
const bootMs = Number(process.env.CHAOS_BOOT_MS ?? 0)
if (bootMs > 0) await new Promise(resolve => setTimeout(resolve, bootMs))
server.listen({
  port: Number(process.env.PORT ?? 3000),
  host: '127.0.0.1',
  reusePort: process.env.REUSE_PORT === '1'
})
