/** Tests of the look at what workers have used, with workers on paper and time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { VitalsWriter, createVitals } from '../../../src/channel/vitals.ts'
import type { ResolvedRecycle } from '../../../src/config/resolved.ts'
import { noCounts } from '../../../src/main/supervisor/member-counts.ts'
import { Recycler } from '../../../src/main/supervisor/recycler.ts'
import type { WatchedWorker } from '../../../src/main/supervisor/watched.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { exampleApplication } from '../example-config.ts'

const mib = 1024 * 1024

interface PaperWorker extends WatchedWorker {
  requests: number
  readyMs: number | null
  state: WatchedWorker['state']
  readonly writer: VitalsWriter
}

interface Play {
  readonly clock: HeldClock
  readonly workers: readonly PaperWorker[]
  /** What was asked for. */
  readonly asked: string[]
  /** Whether what is asked for succeeds. */
  succeeds: boolean
  rssMb: number
}

function setUp(t: TestContext, recycle: Partial<ResolvedRecycle>, count = 2): Play {
  const clock = new HeldClock()
  const asked: string[] = []
  const application = exampleApplication({
    recycle: { maxRequests: 0, maxAge: 0, maxHeap: 0, maxRss: 0, maxMemory: 0, jitter: 0, ...recycle }
  })
  const workers = Array.from({ length: count }, (_, slot): PaperWorker => {
    const vitals = createVitals()
    return {
      fact: { application: 'api', slot, worker: `api:${slot}` },
      state: 'ready',
      readyMs: 0,
      requests: 0,
      vitals,
      writer: new VitalsWriter(vitals),
      heartbeatAge: () => 0,
      inflight: () => 0,
      counts: () => noCounts,
      served() {
        return this.requests
      },
      eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
      thread: () => null,
      eject: () => false,
      restore: () => {},
      replace: async reason => {
        asked.push(`${slot} ${reason}`)
        return play.succeeds
      }
    }
  })
  const play: Play = { clock, workers, asked, succeeds: true, rssMb: 0 }
  const recycler = new Recycler({
    supervised: { workers: () => workers, application: () => application },
    clock,
    chance: () => 0,
    rss: () => play.rssMb * mib
  })
  recycler.start()
  t.after(() => recycler.stop())
  return play
}

function hold(worker: PaperWorker | undefined, heapMb: number): void {
  const loopDelay = { p50: 0, p99: 0, max: 0 }
  worker?.writer.measure({ heapUsed: heapMb * mib, heapLimit: 0, external: 0, loopDelay, gcMs: 0 })
}

test('Recycler asks once for each worker that has used too much, and again when that has failed', async t => {
  const play = setUp(t, { maxRequests: 100, maxHeap: 50 })
  const [first, second] = play.workers
  assert.ok(first && second)
  await play.clock.advance(5000)
  assert.deepEqual(play.asked, [])
  first.requests = 100
  hold(second, 51)
  await play.clock.advance(5000)
  assert.deepEqual(play.asked, ['0 requests', '1 heap'])

  const failing = setUp(t, { maxAge: 1000 }, 1)
  failing.succeeds = false
  Object.assign(failing.workers[0] ?? {}, { readyMs: 1000 })
  await failing.clock.advance(3000)
  assert.deepEqual(failing.asked, ['0 age', '0 age', '0 age'])
})

test('Recycler leaves those alone that are not at work', async t => {
  const play = setUp(t, { maxRequests: 1 })
  for (const worker of play.workers) worker.requests = 5
  Object.assign(play.workers[0] ?? {}, { state: 'draining' })
  Object.assign(play.workers[1] ?? {}, { state: 'starting', readyMs: null })
  await play.clock.advance(3000)
  assert.deepEqual(play.asked, [])
})

test('Recycler replaces one worker at a time for the memory of the process, the one that holds the most', async t => {
  const play = setUp(t, { maxRss: 500 })
  for (const [index, worker] of play.workers.entries()) {
    worker.readyMs = 100_000
    hold(worker, 10 + index)
  }
  play.rssMb = 501
  await play.clock.advance(30_000)
  assert.deepEqual(play.asked, ['1 rss'])
  hold(play.workers[1], 1)
  await play.clock.advance(60_000)
  assert.deepEqual(play.asked, ['1 rss', '0 rss'])
})
