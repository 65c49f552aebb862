/** When requests are sent, on which connection, and from when their times count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Schedule } from '../../../src/cli/load-test/schedule.ts'
import type { Lane } from '../../../src/cli/load-test/schedule.ts'
import { HeldClock } from '../../shared/held-clock.ts'

interface Stage {
  readonly clock: HeldClock
  readonly schedule: Schedule
  readonly sent: (readonly [name: string, dueAt: number, possibleAt: number])[]
  readonly lane: (name: string) => Lane & { epoch: number }
}

function stage(rate: number | null, mayGoOn: () => boolean = () => true): Stage {
  const clock = new HeldClock()
  const sent: Stage['sent'] = []
  const start = clock.now()
  const lane = (name: string): Lane & { epoch: number } => ({
    epoch: 0,
    send: (dueAt, possibleAt) => void sent.push([name, dueAt - start, possibleAt - start])
  })
  return { clock, schedule: new Schedule({ clock, rate, mayGoOn }), sent, lane }
}

test('without a rate a request is sent as soon as a connection is free', () => {
  const { schedule, sent, lane, clock } = stage(null)
  schedule.offer(lane('a'))
  clock.stall(5)
  schedule.offer(lane('b'))
  assert.deepEqual(sent, [
    ['a', 0, 0],
    ['b', 5, 5]
  ])
})

test('at a rate requests leave at even distances, on the connection that was free for longest', async () => {
  const { schedule, sent, lane, clock } = stage(100)
  for (const name of ['a', 'b', 'c']) schedule.offer(lane(name))
  assert.deepEqual(sent, [['a', 0, 0]])
  await clock.advance(10)
  await clock.advance(10)
  assert.deepEqual(sent, [
    ['a', 0, 0],
    ['b', 10, 10],
    ['c', 20, 20]
  ])
})

test('a request that finds no connection counts from when it was due', () => {
  const { schedule, sent, lane, clock } = stage(100)
  const only = lane('a')
  schedule.offer(only)
  // The server takes 35 ms: three more were due meanwhile.
  clock.stall(35)
  schedule.offer(only)
  schedule.offer(only)
  schedule.offer(only)
  schedule.offer(only)
  assert.deepEqual(
    sent.map(([, dueAt]) => dueAt),
    [0, 10, 20, 30]
  )
  assert.deepEqual(sent[1], ['a', 10, 35])
})

test('a late timer of its own is no fault of the server', async () => {
  const { schedule, sent, lane, clock } = stage(100)
  schedule.offer(lane('a'))
  schedule.offer(lane('b'))
  clock.stall(13)
  await clock.advance(0)
  assert.deepEqual(sent[1], ['b', 13, 10])
})

test('what a connection has offered is void when it is connected anew', async () => {
  const { schedule, sent, lane, clock } = stage(100)
  const [first, second] = [lane('a'), lane('b')]
  schedule.offer(first)
  schedule.offer(first)
  first.epoch += 1
  schedule.offer(second)
  await clock.advance(10)
  assert.deepEqual(
    sent.map(([name]) => name),
    ['a', 'b']
  )
})

test('nothing is sent after the end, and what was due is counted', () => {
  const { schedule, sent, lane, clock } = stage(100)
  schedule.offer(lane('a'))
  clock.stall(45)
  assert.equal(schedule.end(), 4)
  schedule.offer(lane('b'))
  assert.equal(sent.length, 1)
  assert.equal(schedule.end(), 0)
  const idle = stage(100)
  idle.schedule.offer(idle.lane('a'))
  idle.schedule.offer(idle.lane('b'))
  idle.clock.stall(5)
  assert.equal(idle.schedule.end(), 0)
})

test('no more are sent than may be', async () => {
  let left = 2
  const { schedule, sent, lane, clock } = stage(100, () => left-- > 0)
  for (const name of ['a', 'b', 'c']) schedule.offer(lane(name))
  await clock.advance(100)
  assert.ok(sent.length <= 2)
})
