/** Tests of what is told of blocked workers and when, with time held still and nobody really asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedHealth } from '../../../src/config/resolved.ts'
import type { BlockedPlace, HeddleEvents, ThreadState } from '../../../src/events.ts'
import { BlockedReporter } from '../../../src/main/blocked/blocked-reporter.ts'
import type { WatchedLoop } from '../../../src/main/blocked/blocked-reporter.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { exampleHealth } from '../example-config.ts'

const place: BlockedPlace = {
  kind: 'javascript',
  function: 'parse',
  location: 'app.ts:1:1',
  stack: [],
  doing: null,
  method: 'stacks'
}

/** A worker whose loop turns until it is told to stand, and all that was told of it. */
function setUp(health: Partial<ResolvedHealth> = {}) {
  const clock = new HeldClock()
  const told: string[] = []
  const asked: boolean[] = []
  let stoodAt: number | null = null
  let state: ThreadState = 'ready'
  let closed = 0
  const loop: WatchedLoop = {
    fact: { application: 'api', slot: 0, worker: 'api:0' },
    get state() {
      return state
    },
    vitals: new SharedArrayBuffer(0),
    heartbeatAge: () => (stoodAt === null ? 0 : clock.now() - stoodAt),
    thread: () => null
  }
  const reporter = new BlockedReporter({
    supervised: {
      workers: () => [loop],
      application: () => ({ path: '/', health: { ...exampleHealth, ...health } })
    },
    clock,
    announce: (name, fact) => {
      const { blockedMs, where } = fact as HeddleEvents['worker:blocked']
      told.push(`${name} ${blockedMs} ${where?.function ?? '-'}`)
    },
    explain: (suspects, mayAsk) => {
      asked.push(mayAsk)
      const explanation = { place: mayAsk ? place : null, late: Promise.resolve(null), close: () => closed++ }
      return suspects.map(() => Promise.resolve(explanation))
    },
    release: () => told.push('released')
  })
  reporter.start()
  return {
    reporter,
    told,
    asked,
    closed: () => closed,
    become: (next: ThreadState) => (state = next),
    stand: () => (stoodAt = clock.now()),
    turn: () => (stoodAt = null),
    /** Lets time pass, and everything that follows from it happen. */
    pass: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 50) {
        // oxlint-disable-next-line no-await-in-loop -- What is announced at one moment comes before the next.
        await clock.advance(50)
      }
    }
  }
}

test('BlockedReporter tells of a block once, every half minute again, and of its end', async () => {
  const { reporter, told, stand, turn, pass } = setUp()
  await pass(1000)
  stand()
  await pass(950)
  assert.deepEqual(told, [])
  await pass(31_000)
  turn()
  await pass(500)
  assert.equal(told.length, 3)
  assert.match(told[0] ?? '', /^worker:blocked 1[01]\d\d parse$/)
  assert.match(told[1] ?? '', /^worker:blocked 31\d\d\d parse$/)
  assert.match(told[2] ?? '', /^worker:unblocked 3[12]\d\d\d -$/)
  const { blocks, blockedMs, function: name } = reporter.counts('api:0')
  assert.equal(blocks, 1)
  assert.ok(blockedMs > 31_000 && blockedMs < 33_000)
  assert.equal(name, 'parse')
})

test('BlockedReporter never takes back what it has counted of a block', async () => {
  const { reporter, told, stand, turn, pass } = setUp()
  await pass(1000)
  stand()
  await pass(2000)
  turn()
  const counted: number[] = []
  while (told.length < 2) {
    counted.push(reporter.counts('api:0').blockedMs)
    // oxlint-disable-next-line no-await-in-loop -- Counted again and again.
    await pass(50)
  }
  counted.push(reporter.counts('api:0').blockedMs)
  assert.match(told[1] ?? '', /^worker:unblocked/)
  assert.deepEqual(
    counted,
    counted.toSorted((a, b) => a - b)
  )
})

test('BlockedReporter leaves a worker that loads ten times as long', async () => {
  const { told, stand, become, pass } = setUp()
  become('starting')
  stand()
  await pass(9000)
  assert.deepEqual(told, [])
  await pass(2000)
  assert.equal(told.length, 1)
})

test('BlockedReporter asks nobody while a thread is about to end, for two seconds', async () => {
  const { reporter, asked, told, stand, pass } = setUp()
  reporter.handleMoved({ from: 'draining', to: 'stopping' })
  stand()
  await pass(2900)
  assert.deepEqual(asked, [])
  await pass(500)
  assert.deepEqual(asked, [false])
  assert.match(told[0] ?? '', /^worker:blocked 3\d\d\d -$/)
})

test('BlockedReporter asks nobody of an application that does not want it', async () => {
  const { asked, told, stand, pass } = setUp({ explainBlocked: false })
  stand()
  await pass(1500)
  assert.deepEqual(asked, [false])
  assert.match(told[0] ?? '', /^worker:blocked 1\d\d\d -$/)
})

test('BlockedReporter asks as soon as the thread has ended', async () => {
  const { reporter, asked, stand, pass } = setUp()
  reporter.handleMoved({ from: 'draining', to: 'stopping' })
  stand()
  await pass(1500)
  reporter.handleMoved({ from: 'stopping', to: 'exited' })
  await pass(300)
  assert.deepEqual(asked, [true])
})

test('BlockedReporter drops a worker that has gone, and lets go of it', async () => {
  const { told, stand, become, pass, closed } = setUp()
  stand()
  await pass(1500)
  become('exited')
  await pass(500)
  assert.equal(told.length, 1)
  assert.equal(closed(), 1)
})

test('BlockedReporter says nothing more when it has stopped', async () => {
  const { reporter, told, stand, pass } = setUp()
  stand()
  await pass(1500)
  reporter.stop()
  await pass(40_000)
  assert.equal(told.at(-1), 'released')
  assert.equal(told.length, 2)
})
