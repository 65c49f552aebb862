/**
 * A server inside a program, which times its own metrics when it is told to.
 *
 * Runs in the main thread of its own process: `node observed.mjs <settings as JSON>`. It prints one line of JSON when
 * it is up and one with its times after SIGUSR2; SIGTERM ends it.
 */

// oxlint-disable no-await-in-loop -- one scrape after the other.

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { createHeddle } from 'heddle'

import { median, percentile } from '../statistics.mjs'

const { entry, workers, port, adminPort, scrapes, pauseMs } = JSON.parse(process.argv[2])

const server = await createHeddle({
  applications: { hello: { entry, workers } },
  server: { port, hostname: '127.0.0.1' },
  admin: { port: adminPort, hostname: '127.0.0.1' },
  logger: { level: 'silent' }
})
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)))

async function timeOne() {
  const startedAt = performance.now()
  await server.metrics()
  return performance.now() - startedAt
}

const told = once(process, 'SIGUSR2')
await server.start()
process.stdout.write(`${JSON.stringify({ isUp: true })}\n`)
await told
const firstMs = await timeOne()
const times = []
for (let turn = 0; turn < scrapes; turn++) {
  times.push(await timeOne())
  await delay(pauseMs)
}
process.stdout.write(
  `${JSON.stringify({ firstMs, medianMs: median(times), p99Ms: percentile(times, 0.99) })}\n`
)
