/** Tests of the looks once a second, with time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { Sampler } from '../../../src/main/metrics/sampler.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { answers, paperApplication, PaperSlot, zeroCounts } from './paper-slots.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function stage(count = 1): { clock: HeldClock; slots: readonly PaperSlot[]; sampler: Sampler } {
  const clock = new HeldClock()
  const slots = Array.from({ length: count }, (_, index) => new PaperSlot(index))
  const sampler = new Sampler({ clock, applications: () => [paperApplication(slots)] })
  sampler.start()
  return { clock, slots, sampler }
}

test('Sampler tells how the last ten seconds were, and forgets what was before', async () => {
  const { clock, slots, sampler } = stage()
  const thread = slots[0]?.seat()
  assert.ok(thread)
  sampler.meet()
  for (let second = 1; second <= 30; second++) {
    thread.counted = answers(second <= 15 ? second * 1000 : 15_000 + (second - 15) * 20)
    thread.loop = { active: second * 250, idle: second * 750, utilization: 0.25 }
    thread.count({ gcMicroseconds: [second * 10_000, 0, 0, 0] })
    // oxlint-disable-next-line no-await-in-loop -- One second after another.
    await clock.advance(1000)
  }
  const recent = sampler.ofWorker('api:0')
  assert.ok(recent)
  assert.equal(recent.windowMs, 10_000)
  assert.equal(recent.requestsPerSecond, 20)
  assert.equal(recent.elu, 0.25)
  assert.equal(recent.gcShare, 0.01)
  assert.equal(recent.errorRate, 0)
  const { p50Ms, p99Ms } = recent
  assert.ok(p50Ms !== null && p99Ms !== null && p50Ms > 1 && p99Ms < 1.6, JSON.stringify(recent))
})

test('Sampler tells what was seen so far before ten seconds have passed, and null of who is not known', async () => {
  const { clock, slots, sampler } = stage()
  const thread = slots[0]?.seat()
  assert.ok(thread)
  sampler.meet()
  thread.counted = answers(30)
  await clock.advance(3000)
  assert.equal(sampler.ofWorker('api:0')?.requestsPerSecond, 10)
  assert.equal(sampler.ofWorker('api:7'), null)
  assert.equal(sampler.ofApplication('nobody'), null)
})

test('Sampler puts the workers of an application together', async () => {
  const { clock, slots, sampler } = stage(2)
  const [first, second] = slots.map(slot => slot.seat())
  assert.ok(first && second)
  sampler.meet()
  first.counted = answers(60, { answered: [0, 50, 0, 0, 10] })
  second.counted = { ...zeroCounts, lost: 40 }
  first.loop = { active: 500, idle: 1500, utilization: 0.25 }
  second.loop = { active: 2000, idle: 0, utilization: 1 }
  second.age = 1200
  await clock.advance(2000)
  const recent = sampler.ofApplication('api')
  assert.ok(recent)
  assert.equal(recent.requestsPerSecond, 50)
  assert.equal(recent.errorRate, 0.5)
  assert.equal(recent.elu, 0.625)
  assert.equal(recent.loopDelayMs, 1200, 'one that is blocked has not said how late it is')
})

test('Sampler goes on counting when an application comes back', async () => {
  const clock = new HeldClock()
  let slots = [new PaperSlot(0)]
  const sampler = new Sampler({ clock, applications: () => [paperApplication(slots)] })
  const before = slots[0]?.seat()
  assert.ok(before)
  before.counted = answers(10)
  sampler.fold(false)
  slots = [new PaperSlot(0)]
  const after = slots[0]?.seat()
  assert.ok(after)
  after.counted = answers(2)
  sampler.fold(false)
  assert.equal(sampler.totals('api:0')?.tallies.answered[1], 12)
})

test('Sampler keeps the sums of an application that was removed, and holds none of its threads', async () => {
  const clock = new HeldClock()
  let slots: PaperSlot[] = []
  const sampler = new Sampler({ clock, applications: () => [paperApplication(slots)] })
  sampler.start()
  const playRemoved = async (): Promise<WeakRef<PaperSlot>> => {
    const slot = new PaperSlot(0)
    slots = [slot]
    const thread = slot.seat()
    thread.counted = answers(10)
    await clock.advance(1000)
    slots = []
    // Its thread takes longer than the next look.
    await clock.advance(1000)
    thread.counted = answers(20)
    thread.state = 'exited'
    await clock.advance(1000)
    return new WeakRef(slot)
  }
  const removed = await playRemoved()
  assert.equal(sampler.ofWorker('api:0'), null)
  await new Promise(resolve => setImmediate(resolve))
  collect()
  assert.equal(removed.deref(), undefined)
  const slot = new PaperSlot(0)
  slots = [slot]
  slot.seat().counted = answers(5)
  await clock.advance(1000)
  assert.equal(sampler.totals('api:0')?.tallies.answered[1], 25)
  sampler.stop()
})

test('Sampler has no timer before it is started and after it is stopped', () => {
  const { clock, sampler } = stage()
  assert.equal(clock.pending, 1)
  sampler.stop()
  assert.equal(clock.pending, 0)
})
