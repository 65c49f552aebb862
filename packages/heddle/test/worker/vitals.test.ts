/** What a real worker writes about itself: its memory, its event loop, its checks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'

import { createVitals, readHandles, readVitals, readVitalsCounts } from '../../src/channel/vitals.ts'
import type { CheckName, CheckReading, VitalsReading } from '../../src/channel/vitals.ts'
import { startInMesh } from './mesh-caller.ts'
import type { MeshRunning } from './mesh-caller.ts'

/** Shared memory announces nothing: it is looked at until it says what is waited for. */
function until(buffer: SharedArrayBuffer, isThere: (seen: VitalsReading) => boolean): Promise<VitalsReading> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      const seen = readVitals(buffer)
      if (!isThere(seen)) return
      clearInterval(timer)
      resolve(seen)
    }, 5).unref()
  })
}

interface Checked {
  readonly vitals: SharedArrayBuffer
  readonly running: MeshRunning
  /** Resolves when a check says so. */
  readonly says: (name: CheckName, state: CheckReading['state'], reason: string) => Promise<void>
}

async function startChecked(t: TestContext, path: string | null = null): Promise<Checked> {
  const vitals = createVitals()
  const checks = { intervalMs: 30, timeoutMs: 200, path }
  const running = startInMesh(t, 'checks/app.mjs', { boot: { vitals, checks } })
  await running.next('ready')
  return {
    vitals,
    running,
    says: async (name, state, reason) => {
      const same = ({ checks: seen }: VitalsReading): boolean =>
        seen[name].state === state && seen[name].reason === reason
      const seen = await until(vitals, same)
      assert.deepEqual([seen.checks[name].state, seen.checks[name].reason], [state, reason])
    }
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0)
}

// Most of their time they wait for the next look.
describe('a worker that looks at itself', { concurrency: 4 }, () => {
  test('A worker that says that it is ready has said how much memory it took to get there', async t => {
    const vitals = createVitals()
    const running = startInMesh(t, 'heavy/app.mjs', { boot: { vitals } })
    await running.next('ready')
    assert.ok(readVitals(vitals).external >= 32 * 1024 ** 2)
  })

  test('a worker writes its heap, the real limit of it, buffers and the delay of its loop', async t => {
    const { vitals } = await startChecked(t)
    const seen = await until(vitals, ({ writes, loopDelay }) => writes > 2 && loopDelay.max > 0)
    assert.ok(seen.heapUsed > 1024 ** 2 && seen.heapUsed < seen.heapLimit, JSON.stringify(seen))
    assert.ok(seen.heapLimit > 16 * 1024 ** 2, JSON.stringify(seen))
    assert.ok(seen.external > 0, JSON.stringify(seen))
    assert.ok(seen.loopDelay.p50 <= seen.loopDelay.p99, JSON.stringify(seen))
  })

  test('a worker counts what metrics need: samples of its delay, collections, CPU, what keeps it alive', async t => {
    const { vitals, running } = await startChecked(t)
    await until(vitals, () => sum(readVitalsCounts(vitals).loopDelays) > 2)
    const before = readVitalsCounts(vitals)
    await running.call('/?garbage=20')
    await until(vitals, () => sum(readVitalsCounts(vitals).gcCounts) > sum(before.gcCounts))
    const after = readVitalsCounts(vitals)
    assert.ok(sum(after.gcMicroseconds) > sum(before.gcMicroseconds), JSON.stringify(after))
    // Node.js 22 cannot say it; there the system is asked.
    if (typeof process.threadCpuUsage === 'function') assert.ok(after.cpuMs > 0, JSON.stringify(after))
    assert.ok(readHandles(vitals) >= 0)
  })

  test('a worker that is not to count writes none of that', async t => {
    const vitals = createVitals()
    const checks = { intervalMs: 30, timeoutMs: 200, path: null }
    await startInMesh(t, 'checks/app.mjs', { boot: { vitals, checks, metrics: false } }).next('ready')
    await until(vitals, ({ writes }) => writes > 2)
    assert.deepEqual(readVitalsCounts(vitals), readVitalsCounts(createVitals()))
  })
})

describe('a worker that asks its application', { concurrency: 4 }, () => {
  test('a worker writes down what its checks say', async t => {
    const { running, says } = await startChecked(t)
    const tell = (query: string): Promise<unknown> => running.call(`/?${query}`)
    await says('health', 'good', '')
    await says('readiness', 'good', '')
    const table: readonly [query: string, name: CheckName, state: CheckReading['state'], reason: string][] = [
      ['health=false', 'health', 'bad', 'database says no'],
      ['health=true', 'health', 'good', ''],
      ['health={"ok":false,"reason":"no licence"}', 'health', 'bad', 'database says: no licence'],
      ['health={"ok":true}', 'health', 'good', ''],
      ['health=throw', 'health', 'bad', 'database threw RangeError: no database'],
      ['health=0', 'health', 'bad', 'database answered 0; true, false or { ok, reason } was expected'],
      ['readiness=false', 'readiness', 'bad', 'readiness() says no'],
      ['readiness=true', 'readiness', 'good', '']
    ]
    for (const [query, ...expected] of table) {
      // oxlint-disable-next-line no-await-in-loop -- Each is told after the one before was seen.
      await tell(query)
      // oxlint-disable-next-line no-await-in-loop -- As above.
      await says(...expected)
    }
  })

  test('a check that hangs is late, and goes on being asked', async t => {
    const { running, vitals } = await startChecked(t)
    await running.call('/?health=hang')
    const late = /^health\(\) did not answer within \d+ ms$/
    const first = await until(vitals, ({ checks }) => late.test(checks.health.reason))
    await until(vitals, ({ checks }) => checks.health.round > first.checks.health.round)
    await running.call('/?health=true')
    await until(vitals, ({ checks }) => checks.health.state === 'good' && checks.readiness.state === 'good')
  })

  test('a worker asks its own server for the path of the configuration', async t => {
    const { running, says } = await startChecked(t, '/healthz?probe=1')
    await says('path', 'good', '')
    const table: readonly [answer: string, reason: string | null][] = [
      ['503', 'GET /healthz?probe=1 answered 503'],
      ['204', null],
      ['404', 'GET /healthz?probe=1 answered 404'],
      ['302', null],
      ['cut', 'GET /healthz?probe=1 was not answered: the connection was closed'],
      ['200', null],
      ['hang', 'the path did not answer within 200 ms'],
      ['200', null]
    ]
    for (const [answer, reason] of table) {
      // oxlint-disable-next-line no-await-in-loop -- Each is told after the one before was seen.
      await running.call(`/?path=${answer}`)
      // oxlint-disable-next-line no-await-in-loop -- As above.
      await says('path', reason === null ? 'good' : 'bad', reason ?? '')
    }
  })

  test('readiness is known before the worker says that it is ready', async t => {
    const vitals = createVitals()
    const checks = { intervalMs: 60_000, timeoutMs: 200, path: null }
    const running = startInMesh(t, 'checks/not-ready.mjs', { boot: { vitals, checks } })
    await running.next('ready')
    const { state, reason } = readVitals(vitals).checks.readiness
    assert.deepEqual([state, reason], ['bad', 'cache says: it is cold'])
  })
})
