/**
 * One side, one workload, once: `node measure.mjs <order>`. The outcome is written to the file the order names.
 *
 * Runs in the main thread of a process of its own, started by `stage.mjs`. CPU time is that of the whole
 * process, its collector and compiler threads included, and that of both threads alone.
 */
import { writeFileSync } from 'node:fs'

import { assemble } from './cast.mjs'

const order = JSON.parse(process.argv[2])
const { side, settings, workload, seconds, warmUpSeconds, samplingUs } = order

const cast = await assemble(side, settings)
const server = await cast.start('server', workload.application, workload.size)
const client = workload.client === 'worker' ? await cast.start('client', 'none', 0) : cast.main()

await client.call('aim', workload, server.url)
await client.call('load', { inFlight: workload.inFlight, seconds: warmUpSeconds })

async function usage() {
  const [ofClient, ofServer] = await Promise.all([client.call('cpuUs'), server.call('cpuUs')])
  const { user, system } = process.cpuUsage()
  return { client: ofClient, server: ofServer, process: user + system }
}

const threads = { client, server }
if (samplingUs) await Promise.all([client, server].map(one => one.call('startProfile', samplingUs)))
const before = await usage()
const {
  requests,
  seconds: took,
  p50Us,
  p99Us
} = await client.call('load', {
  inFlight: workload.inFlight,
  seconds
})
const after = await usage()
const profiles = {}
if (samplingUs) {
  for (const [role, one] of Object.entries(threads)) {
    // oxlint-disable-next-line no-await-in-loop -- a profile is large: one at a time.
    profiles[role] = await one.call('stopProfile')
  }
}

const each = key => (after[key] - before[key]) / requests
const outcome = {
  requests,
  rate: requests / took,
  p50Us,
  p99Us,
  cpuUs: each('process'),
  clientCpuUs: each('client'),
  serverCpuUs: each('server'),
  profiles
}
writeFileSync(order.file, JSON.stringify(outcome))
process.exit(0)
