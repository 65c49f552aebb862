/** The scaler with the rule of Heddle over minutes of load, with time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeddleEvents } from '../../../src/events.ts'
import { plan } from '../../../src/main/scaling/allocate.ts'
import { tickMs } from '../../../src/main/scaling/load.ts'
import type { MachineSample } from '../../../src/main/scaling/load.ts'
import { Scaler } from '../../../src/main/scaling/scaler.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { PaperPool } from './paper-pool.ts'

/** Milliseconds a request takes its worker, and ticks a worker takes to start. */
const costMs = 5
const bootTicks = 2

/** An application whose workers answer what comes in as fast as they can. */
class Played {
  readonly pool: PaperPool
  /** Requests that wait, whole and in parts. */
  waiting = 0
  #ticks = 0

  constructor(id: string, max: number) {
    this.pool = new PaperPool(id, { max })
  }

  /** One tick with a load that keeps so many event loops busy. */
  tick(load: number): void {
    const { pool } = this
    if (pool.isBusy && ++this.#ticks >= bootTicks) {
      this.#ticks = 0
      pool.answer()
    }
    const { threads } = pool
    this.waiting += (load * tickMs) / costMs
    const done = Math.min(this.waiting, (threads.length * tickMs) / costMs)
    this.waiting -= done
    for (const thread of threads) {
      thread.answered += Math.round(done / threads.length)
      thread.activeMs += (done * costMs) / threads.length
      thread.cpuMs = thread.activeMs
      thread.requests = Math.round(this.waiting / threads.length)
      thread.sayLate(this.waiting > 1 ? 60 : 1)
    }
  }
}

interface Simulation {
  readonly changes: HeddleEvents['application:scaling'][]
  /** Plays so many seconds of these loads. */
  readonly play: (seconds: number, ...loads: readonly number[]) => Promise<void>
}

function simulate(applications: readonly Played[], total: number): Simulation {
  const clock = new HeldClock()
  const changes: HeddleEvents['application:scaling'][] = []
  const machine = (): MachineSample => ({
    at: clock.now(),
    cpus: 16,
    cpuUsed: 1,
    throttledShare: 0,
    cpuPressure: null,
    memoryPressure: null,
    memoryLimit: 2 ** 34,
    memoryUsed: 0,
    memoryFree: 2 ** 33
  })
  const pools = applications.map(({ pool }) => pool)
  const scaler = new Scaler({
    clock,
    announce: (name, fact) => {
      if (name === 'application:scaling') changes.push(fact as HeddleEvents['application:scaling'])
    },
    rule: plan,
    applications: () => pools,
    meter: () => machine,
    threadCpu: vitals =>
      pools.flatMap(({ threads }) => threads).find(each => each.vitals === vitals)?.cpuMs ?? null,
    workerBytes: () => 2 ** 26,
    total: () => total
  })
  scaler.start()
  return {
    changes,
    play: async (seconds, ...loads) => {
      for (let tick = 0; tick < (seconds * 1000) / tickMs; tick++) {
        const before = pools.map(({ settings }) => settings.workers)
        for (const [index, each] of applications.entries()) each.tick(loads[index] ?? 0)
        for (const [index, { settings }] of pools.entries()) {
          const fact = { application: settings.id, from: before[index] ?? 0, to: settings.workers }
          if (fact.from !== fact.to) scaler.handleScaled(fact)
        }
        // oxlint-disable-next-line no-await-in-loop -- Time goes on tick by tick.
        await clock.advance(tickMs)
      }
    }
  }
}

test('A step of load is met within seconds, held, and given back step by step once it is over', async () => {
  const api = new Played('api', 6)
  const { changes, play } = simulate([api], 16)
  const workers = (): number => api.pool.settings.workers
  await play(70, 0.3)
  assert.deepEqual([workers(), changes.length], [1, 0])
  await play(10, 2.4)
  assert.ok(workers() >= 3, `${workers()} workers`)
  await play(20, 2.4)
  assert.ok(api.waiting < 5, `${api.waiting} requests wait`)
  const held = workers()
  await play(30, 0.3)
  assert.equal(workers(), held)
  await play(300, 0.3)
  assert.equal(workers(), 1)
  assert.ok(changes.length <= 10, `${changes.length} changes`)
  assert.ok(changes.every(({ numbers }) => numbers !== null))
})

test('A load that swings around a threshold is held at its upper end', async () => {
  const api = new Played('api', 6)
  const { changes, play } = simulate([api], 16)
  for (let swing = 0; swing < 30; swing++) {
    // oxlint-disable-next-line no-await-in-loop -- One swing after another.
    await play(10, 1.6)
    // oxlint-disable-next-line no-await-in-loop
    await play(10, 0.8)
  }
  // In ten minutes.
  assert.ok(changes.length <= 6, `${changes.length} changes`)
})

test('Two applications that take turns hand their workers over at the total', async () => {
  const one = new Played('one', 4)
  const other = new Played('other', 4)
  const { changes, play } = simulate([one, other], 4)
  const workers = ({ pool }: Played): number => pool.settings.workers
  await play(40, 2.4, 0.1)
  assert.ok(workers(one) >= 3 && workers(one) + workers(other) <= 4, `${workers(one)} and ${workers(other)}`)
  await play(60, 0.1, 2.4)
  assert.ok(
    workers(other) >= 3 && workers(one) + workers(other) <= 4,
    `${workers(one)} and ${workers(other)}`
  )
  assert.ok(other.waiting < 5, `${other.waiting} requests wait`)
  assert.ok(changes.some(({ application, reason }) => application === 'one' && reason === 'given-away'))
  assert.ok(changes.some(({ application, partners }) => application === 'other' && partners.includes('one')))
})
