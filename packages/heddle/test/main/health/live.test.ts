/** The health watch in whole servers: real threads, real requests over real sockets, real time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import type { ResolvedHealth } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { createCoordinator } from '../../../src/main/coordinator.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { createLog } from '../../../src/shared/log.ts'
import { exampleApplication, exampleConfig, exampleHealth } from '../example-config.ts'

const entry = fileURLToPath(new URL('../../fixtures/applications/checks/live.mjs', import.meta.url))

interface Live {
  readonly server: Coordinator
  /** Resolves with the name of the worker that answered. */
  readonly get: (path: string) => Promise<string>
  /** Resolves at the next event of that name that fits. */
  readonly next: <Name extends keyof HeddleEvents>(
    name: Name,
    fits?: (fact: HeddleEvents[Name]) => boolean
  ) => Promise<HeddleEvents[Name]>
}

async function startLive(
  t: TestContext,
  workers: number,
  health: Partial<ResolvedHealth> = {}
): Promise<Live> {
  const application = exampleApplication({
    path: fileURLToPath(new URL('.', import.meta.url)),
    entry,
    workers,
    health: { ...exampleHealth, interval: 100, timeout: 2000, gracePeriod: 0, maxELU: 0, ...health }
  })
  const log = createLog({ level: 'silent', format: 'json', colour: false })
  const server = createCoordinator(exampleConfig({ applications: [application] }), { log, kill: () => {} })
  t.after(async () => {
    const stopped = server.stop('the test is over')
    server.hurry()
    await stopped
  })
  const { url } = await server.start()
  return {
    server,
    get: async path => {
      const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } })
      return response.text()
    },
    next: (name, fits = () => true) =>
      new Promise(resolve => {
        const off = server.events.on(name, fact => {
          if (!fits(fact)) return
          off()
          resolve(fact)
        })
      })
  }
}

test('a worker that blocks is taken out meanwhile and comes back, while the others answer', async t => {
  const { get, next } = await startLive(t, 3, { maxUnhealthyChecks: 20 })
  const out = next('worker:moved', ({ to }) => to === 'ejected')
  const back = next('worker:moved', ({ from, to }) => from === 'ejected' && to === 'ready')
  let turnsAgain = false
  const blocked = get('/block?ms=3000').finally(() => (turnsAgain = true))
  const { worker, reason } = await out
  assert.match(reason, /^blocked: its event loop has not turned for \d+ ms$/)
  const answers = await Promise.all(Array.from({ length: 30 }, () => get('/')))
  assert.equal(turnsAgain, false)
  assert.equal(answers.filter(name => name === worker).length, 0)
  assert.equal(await blocked, worker)
  assert.equal((await back).worker, worker)
})

test('a worker whose own check says that it is ill is replaced, and only that one', async t => {
  const { server, get, next } = await startLive(t, 2)
  const unhealthy = next('worker:unhealthy')
  const replaced = next('worker:replaced')
  const ill = await get('/ill')
  assert.partialDeepStrictEqual(await unhealthy, {
    worker: ill,
    checks: 1,
    reasons: ['health() says: told to be ill']
  })
  assert.partialDeepStrictEqual(await replaced, { worker: ill, reason: 'unhealthy' })
  const states = server.status().applications[0]?.workers.map(({ state }) => state)
  assert.deepEqual(states, ['ready', 'ready'])
  assert.match(await get('/'), /^api:[01]$/)
})

test('a worker that is not ready gets no requests until it is, and is not replaced', async t => {
  const { server, get, next } = await startLive(t, 2)
  let replacements = 0
  server.events.on('worker:replacing', () => replacements++)
  const out = next('worker:moved', ({ to }) => to === 'ejected')
  const unready = await get('/ready?is=false')
  assert.partialDeepStrictEqual(await out, { worker: unready, reason: 'not ready: readiness() says no' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => get('/')))
  assert.equal(answers.filter(name => name === unready).length, 0)
  // The other one is the last: it goes on.
  const kept = next('worker:kept')
  const other = await get('/ready?is=false')
  assert.notEqual(other, unready)
  assert.equal((await kept).worker, other)
  assert.equal(await get('/'), other)
  assert.equal(replacements, 0)
})

function isIll({ checks, reasons }: HeddleEvents['worker:unhealthy']): boolean {
  return checks >= 10 && reasons[0] === 'health() says: told to be ill'
}

test('a single worker is never taken out', async t => {
  const { server, get, next } = await startLive(t, 1, { maxUnhealthyChecks: 1000 })
  const moves: string[] = []
  server.events.on('worker:moved', ({ to }) => moves.push(to))
  await get('/ill')
  await get('/ready?is=false')
  await get('/block?ms=1200')
  await next('worker:unhealthy', isIll)
  assert.deepEqual(moves, [])
  const health = server.status().applications[0]?.workers[0]?.health
  assert.partialDeepStrictEqual(health, {
    good: false,
    isKept: true,
    reasons: ['health() says: told to be ill']
  })
  assert.ok(health && health.heapUsed > 0 && health.heapUsed < health.heapLimit)
  assert.equal(await get('/'), 'api:0')
})
