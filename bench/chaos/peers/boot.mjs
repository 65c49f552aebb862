/**
 * How long the application needs by itself: a bare worker thread, from its start until the application listens.
 *
 * Runs in the main thread of its own process: `node boot.mjs <entry>`. The first one warms the files up, the
 * second one is printed, and stays.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const [entry] = process.argv.slice(2)
const pollMs = 1

function answers() {
  const { promise, resolve } = Promise.withResolvers()
  const socket = connect({ port: Number(process.env.PORT), host: '127.0.0.1' })
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

async function start() {
  const startedAt = performance.now()
  const worker = new Worker(entry)
  // oxlint-disable-next-line no-await-in-loop -- one look after the other.
  while (!(await answers())) await delay(pollMs)
  return { worker, ms: performance.now() - startedAt }
}

const first = await start()
await Promise.all([once(first.worker, 'exit'), first.worker.terminate()])
const { ms } = await start()
process.stdout.write(`own boot ${ms.toFixed(1)}\n`)
