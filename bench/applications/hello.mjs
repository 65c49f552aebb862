/**
 * Hello world on `node:http`: a script that calls `listen`, the same code for every contender.
 *
 * Runs in whatever each contender gives it: a process, a cluster worker or a thread. `/worker` names that
 * place, so that a benchmark can see that as many workers answer as were asked for. It never knows who
 * started it: only PORT and REUSE_PORT reach it, and contenders with a port of their own ignore both.
 */
import { createServer } from 'node:http'
import { threadId } from 'node:worker_threads'

const greeting = Buffer.from('Hello, world!\n')
const place = Buffer.from(`${process.pid}:${threadId}`)

const server = createServer((request, response) => {
  const body = request.url === '/worker' ? place : greeting
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length })
  response.end(body)
})

server.listen({
  port: Number(process.env.PORT ?? 3000),
  host: '127.0.0.1',
  reusePort: process.env.REUSE_PORT === '1'
})
