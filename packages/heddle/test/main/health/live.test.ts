/** The health watch in whole servers: real threads, real requests over real sockets, real time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { ResolvedHealth } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { startServer } from '../live-server.ts'
import type { LiveServer } from '../live-server.ts'
import { releaseFile } from '../release-file.ts'

interface Live extends LiveServer {
  /** Resolves with the name of the worker that answered. */
  readonly get: (path: string) => Promise<string>
}

async function startLive(
  t: TestContext,
  workers: number,
  health: Partial<ResolvedHealth> = {}
): Promise<Live> {
  const live = await startServer(t, 'checks/live.mjs', {
    workers,
    health: { interval: 100, timeout: 2000, gracePeriod: 0, maxELU: 0, ...health }
  })
  return {
    ...live,
    get: async path => {
      const response = await fetch(`${live.url}${path}`, { headers: { connection: 'close' } })
      return response.text()
    }
  }
}

test('a worker that blocks is taken out meanwhile and comes back, while the others answer', async t => {
  const { server, get, next } = await startLive(t, 3, { maxUnhealthyChecks: 1000 })
  const worker = 'api:1'
  const out = next('worker:moved', fact => fact.worker === worker && fact.to === 'ejected')
  const { query, release } = releaseFile(t)
  const blocked = server.operations.inject('api', { path: `/block?until=${query}`, worker: 1 })
  const { reason } = await out
  assert.match(reason, /^blocked: its event loop has not turned for \d+ ms$/)
  const answers = await Promise.all(Array.from({ length: 30 }, () => get('/')))
  assert.equal(answers.filter(name => name === worker).length, 0)
  const back = next('worker:moved', fact => fact.worker === worker && fact.from === 'ejected')
  release()
  assert.equal((await blocked).worker, worker)
  assert.equal((await back).to, 'ready')
})

const illness = 'health() says: told to be ill'

test('a worker whose own check says that it is ill is replaced, and only that one', async t => {
  const { server, get, next } = await startLive(t, 2)
  // Of a machine that is busy other reasons are told as well.
  const unhealthy = next('worker:unhealthy', ({ reasons }) => reasons.includes(illness))
  const replaced = next('worker:replaced', ({ reason }) => reason === 'unhealthy')
  const ill = await get('/ill')
  assert.equal((await unhealthy).worker, ill)
  assert.equal((await replaced).worker, ill)
  const workers = server.status().applications[0]?.workers ?? []
  assert.deepEqual(
    workers.map(({ name, restartReasons }) => [name, restartReasons['unhealthy'] ?? 0]),
    ['api:0', 'api:1'].map(name => [name, name === ill ? 1 : 0])
  )
  assert.match(await get('/'), /^api:[01]$/)
})

test('a worker that is not ready gets no requests until it is, and is not replaced', async t => {
  const { server, get, next } = await startLive(t, 2, { maxUnhealthyChecks: 1000 })
  let replacements = 0
  server.events.on('worker:replacing', () => replacements++)
  const out = next('worker:moved', ({ reason }) => reason === 'not ready: readiness() says no')
  const unready = await get('/ready?is=false')
  assert.partialDeepStrictEqual(await out, { worker: unready, to: 'ejected' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => get('/')))
  assert.equal(answers.filter(name => name === unready).length, 0)
  // The other one is the last: it goes on.
  const kept = next('worker:kept', ({ worker }) => worker !== unready)
  const other = await get('/ready?is=false')
  assert.notEqual(other, unready)
  assert.equal((await kept).worker, other)
  assert.equal(await get('/'), other)
  assert.equal(replacements, 0)
})

function isIll({ checks, reasons }: HeddleEvents['worker:unhealthy']): boolean {
  return checks >= 3 && reasons[0] === illness
}

test('a single worker is never taken out', async t => {
  const { server, get, next } = await startLive(t, 1, { maxUnhealthyChecks: 1000 })
  const moves: string[] = []
  server.events.on('worker:moved', ({ to }) => moves.push(to))
  await get('/ill')
  await get('/ready?is=false')
  const { query, release } = releaseFile(t)
  const stands = next('worker:unhealthy', ({ reasons }) => reasons.some(reason => /not turned/.test(reason)))
  const blocked = get(`/block?until=${query}`)
  await stands
  release()
  await blocked
  await next('worker:unhealthy', isIll)
  assert.deepEqual(moves, [])
  const health = server.status().applications[0]?.workers[0]?.health
  assert.partialDeepStrictEqual(health, { good: false, isKept: true, reasons: [illness] })
  assert.ok(health && health.heapUsed > 0 && health.heapUsed < health.heapLimit)
  assert.equal(await get('/'), 'api:0')
})
