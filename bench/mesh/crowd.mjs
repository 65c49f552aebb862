/**
 * So many members, once: `node --expose-gc crowd.mjs <order>`. How long they take to join, what memory they and
 * their links take, and what a request between two of them costs among so many.
 *
 * Runs in the main thread of a process of its own, started by `stage.mjs`.
 */
import { writeFileSync } from 'node:fs'

import { assemble } from './cast.mjs'

const { side, settings, members: count, seconds, file } = JSON.parse(process.argv[2])
const application = 'json'
const inFlight = 100

const cast = await assemble(side, settings)

async function residentMb() {
  // Twice: what the first collection lets go of may hold something else.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc()
    // oxlint-disable-next-line no-await-in-loop -- one turn after the other.
    await Promise.all(members.map(({ call }) => call('collect')))
  }
  return process.memoryUsage.rss() / 1024 / 1024
}

async function usage() {
  const [client, server] = await Promise.all(members.slice(0, 2).map(({ call }) => call('cpuUs')))
  const { user, system } = process.cpuUsage()
  return { client, server, process: user + system }
}

async function cost(lanes) {
  const [{ call }, { url }] = members
  await call('aim', { operation: 'json', inFlight: lanes }, url)
  await call('load', { inFlight: lanes, seconds: Math.max(0.5, seconds * 0.4) })
  const before = await usage()
  const { requests, seconds: took, p50Us, p99Us } = await call('load', { inFlight: lanes, seconds })
  const after = await usage()
  const each = key => (after[key] - before[key]) / requests
  return {
    rate: requests / took,
    p50Us,
    p99Us,
    cpuUs: each('process'),
    clientCpuUs: each('client'),
    serverCpuUs: each('server')
  }
}

const names = Array.from({ length: count - 1 }, (_, index) => `m${index}`)
const begun = performance.now()
const members = await Promise.all(names.map(name => cast.start(name, application, 0)))
// The last one comes alone: what it waits for is its own joining.
members.push(await cast.start(`m${count - 1}`, application, 0))
const outcome = { upMs: performance.now() - begun, joinMs: members.at(-1).joinMs, idleMb: await residentMb() }

if (side !== 'bare') {
  const { length } = members
  await Promise.all(members.map(({ call }, index) => call('visit', [members[(index + 1) % length].url])))
  outcome.oneLinkMb = await residentMb()
  const visited = performance.now()
  await Promise.all(
    members.map(({ call }, index) =>
      call(
        'visit',
        Array.from({ length: length - 1 }, (_, step) => members[(index + 1 + step) % length].url)
      )
    )
  )
  outcome.visitMs = performance.now() - visited
  outcome.allLinksMb = await residentMb()
  const links = length * (length - 2)
  outcome.linkKb = links === 0 ? null : ((outcome.allLinksMb - outcome.oneLinkMb) * 1024) / links
  const single = await cost(1)
  Object.assign(outcome, await cost(inFlight), { singleP50Us: single.p50Us, singleCpuUs: single.cpuUs })
}

writeFileSync(file, JSON.stringify(outcome))
process.exit(0)
