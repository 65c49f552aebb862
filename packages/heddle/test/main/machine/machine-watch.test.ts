/** Tests of what is known of the machine while a server runs, with a machine on paper and time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Events } from '../../../src/events.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { MachineWatch } from '../../../src/main/machine/machine-watch.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { mebibyte, PaperMachine } from './paper-machine.ts'

function setUp(t: TestContext): {
  clock: HeldClock
  machine: PaperMachine
  watch: MachineWatch
  resized: HeddleEvents['machine:resized'][]
} {
  const clock = new HeldClock()
  const machine = new PaperMachine()
  const events = new Events()
  const resized: HeddleEvents['machine:resized'][] = []
  events.on('machine:resized', fact => resized.push(fact))
  const watch = new MachineWatch({
    source: machine,
    clock,
    announce: (name, fact) => events.emit(name, fact)
  })
  watch.start()
  watch.start()
  t.after(() => {
    watch.stop()
    assert.equal(clock.pending, 0)
  })
  return { clock, machine, watch, resized }
}

test('MachineWatch tells within ten seconds that the container was resized, once', async t => {
  const { clock, machine, watch, resized } = setUp(t)
  await clock.advance(60_000)
  assert.equal(resized.length, 0)
  machine.next = { cpus: 1.5, memoryLimitBytes: 500 * mebibyte }
  await clock.advance(10_000)
  assert.deepEqual(resized, [
    {
      from: { cpus: 2, memoryLimitBytes: 1000 * mebibyte },
      to: { cpus: 1.5, memoryLimitBytes: 500 * mebibyte }
    }
  ])
  assert.equal(watch.limits.cpus, 1.5)
  machine.next = { memoryLimitBytes: null }
  await clock.advance(60_000)
  const sizes = resized.map(({ to }) => to.memoryLimitBytes)
  assert.deepEqual(sizes, [500 * mebibyte, null])
})

test('A meter tells what happened since it was asked last, each its own', async t => {
  const { clock, machine, watch } = setUp(t)
  const meter = watch.meter()
  machine.throttling = { periods: 0, throttled: 0, throttledMs: 0 }
  const other = watch.meter()
  await clock.advance(500)
  machine.cpuMs = 750
  assert.partialDeepStrictEqual(meter(), {
    at: clock.now(),
    cpus: 2,
    cpuUsed: 1.5,
    throttledShare: 0,
    cpuPressure: 12.5,
    memoryPressure: null,
    memoryLimit: 1000 * mebibyte,
    memoryUsed: 100 * mebibyte,
    memoryFree: 900 * mebibyte
  })
  await clock.advance(500)
  machine.throttling = { periods: 10, throttled: 4, throttledMs: 100 }
  assert.partialDeepStrictEqual(meter(), { cpuUsed: 0, throttledShare: 0.4 })
  assert.partialDeepStrictEqual(other(), { cpuUsed: 0.75, throttledShare: 0.4 })
  assert.equal(other().cpuUsed, 0, 'no time has passed')
})

test('A meter says nothing of counts that have begun again', async t => {
  const { clock, machine, watch } = setUp(t)
  machine.cpuMs = 5000
  machine.throttling = { periods: 100, throttled: 50, throttledMs: 100 }
  const meter = watch.meter()
  await clock.advance(1000)
  machine.cpuMs = 100
  machine.throttling = { periods: 1, throttled: 0, throttledMs: 0 }
  assert.partialDeepStrictEqual(meter(), { cpuUsed: 0, throttledShare: 0 })
  // Another group sets the quota now: its counts have nothing to do with those of the last.
  machine.next = { quotaGroup: 'sys/fs/cgroup/other' }
  await clock.advance(10_000)
  machine.cpuMs = 9_000_000
  machine.throttling = { periods: 900, throttled: 900, throttledMs: 100 }
  assert.partialDeepStrictEqual(meter(), { cpuUsed: 0, throttledShare: 0 })
})

test('report() says how the machine stands', t => {
  const { machine, watch } = setUp(t)
  machine.throttling = { periods: 10, throttled: 4, throttledMs: 250 }
  machine.memoryPressure = { some: 3, full: 1 }
  assert.deepEqual(watch.report(), {
    cpus: 2,
    cpuQuota: true,
    throttledMs: 250,
    cpuPressure: 12.5,
    memoryLimit: 1000 * mebibyte,
    memoryLimited: true,
    memoryUsed: 100 * mebibyte,
    memoryFree: 900 * mebibyte,
    memoryPressure: 3
  })
})
