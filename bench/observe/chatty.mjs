/**
 * Hello world that talks: each worker prints so many lines a second with `console.log`, evenly, each with its number and
 * its time.
 *
 * Runs in whatever each contender gives it. A worker that could not keep up prints more at once, but never more than
 * what half a second brings: what it has not printed by then is missing in the count.
 */
import { createServer } from 'node:http'
import { threadId } from 'node:worker_threads'

const place = `${process.pid}:${threadId}`
const linesPerSecond = Number(process.env.OBSERVE_LINES ?? 0)
const everyMs = 5
const most = linesPerSecond / 2

const server = createServer((request, response) => {
  const body = Buffer.from(request.url === '/worker' ? place : 'Hello, world!\n')
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length })
  response.end(body)
})

if (linesPerSecond > 0) {
  let printed = 0
  let startedAt = performance.now()
  setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * linesPerSecond
    if (due - printed > most) startedAt += ((due - printed - most) / linesPerSecond) * 1000
    const count = Math.min(due - printed, most)
    for (let line = 1; line <= count; line++) {
      // oxlint-disable-next-line no-console -- That is what is measured.
      console.log(`chatty ${++printed} ${Date.now()} the quick brown fox jumps over the lazy dog`)
    }
  }, everyMs)
}

server.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
