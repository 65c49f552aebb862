/**
 * A handler that burns about one millisecond of CPU, then answers: the same code for every contender.
 *
 * Runs in whatever each contender gives it, as hello.mjs does. The work is a fixed number of rounds (taken
 * from BENCH_ROUNDS, which the run calibrates once), not a time: a handler that waited for a clock would do
 * less work whenever it is preempted, and reward the contender that preempts it most.
 */
import { createServer } from 'node:http'
import { threadId } from 'node:worker_threads'

import { burn } from './burn.mjs'

const rounds = Number(process.env.BENCH_ROUNDS ?? 500_000)
const place = Buffer.from(`${process.pid}:${threadId}`)

const server = createServer((request, response) => {
  const body = request.url === '/worker' ? place : Buffer.from(`${burn(rounds)}\n`)
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length })
  response.end(body)
})

server.listen({
  port: Number(process.env.PORT ?? 3000),
  host: '127.0.0.1',
  reusePort: process.env.REUSE_PORT === '1'
})
