/** Tests of edge threads that come and go: what their slots keep, and how they end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { EdgeCounter } from '../../../src/channel/edge-counts.ts'
import type { EdgeBoot } from '../../../src/channel/messages.ts'
import { Deadline } from '../../../src/shared/deadline.ts'
import { Edges } from '../../../src/main/supervisor/edges.ts'
import { exampleConfig } from '../example-config.ts'
import { Stage, type FakeThread } from './fakes.ts'

/** Edges that have loaded. */
async function startEdges(threads: number): Promise<{ stage: Stage; edges: Edges }> {
  const stage = new Stage(exampleConfig({ server: { threads } }))
  stage.onThread = thread => queueMicrotask(() => thread.say({ type: 'started' }))
  const edges = new Edges(stage.surroundings)
  await edges.start()
  return { stage, edges }
}

/** The side of such a thread that counts. */
function counterOf({ plan }: FakeThread): EdgeCounter {
  return new EdgeCounter((plan.workerData as EdgeBoot).counts)
}

test('Edges keep what each slot has counted over the threads that sit in it', async () => {
  const { stage, edges } = await startEdges(2)
  const [first, second] = stage.threads
  assert.ok(first !== undefined && second !== undefined)
  for (const thread of [first, second]) counterOf(thread).opened()
  counterOf(first).ended('completed', 200)
  first.end(1)
  await stage.clock.advance(10_000)
  assert.equal(stage.threads.length, 3)
  const successor = counterOf(stage.thread)
  successor.opened()
  successor.ended('refused', 404)
  const [one, two] = [edges.counts().get('edge:0'), edges.counts().get('edge:1')]
  assert.deepEqual(one?.connections, { open: 1, total: 2, dropped: 0 })
  assert.deepEqual([one?.responses, one?.ended.completed, one?.ended.refused], [[0, 1, 0, 1, 0], 1, 1])
  assert.deepEqual(two?.connections, { open: 1, total: 1, dropped: 0 })
})

test('Edges that do not close in time are told to cut what is left, and are ended when they have', async () => {
  const { stage, edges } = await startEdges(1)
  const { thread } = stage
  thread.onPosted = ({ type }) => {
    if (type === 'cut') thread.say({ type: 'closed' })
  }
  const closing = edges.close(new Deadline(stage.clock, 1000), 500)
  await stage.clock.advance(999)
  assert.deepEqual(
    thread.posted.map(({ type }) => type),
    ['close']
  )
  await stage.clock.advance(1)
  assert.equal(await closing, false, 'it was not in time')
  assert.deepEqual(
    thread.posted.map(({ type }) => type),
    ['close', 'cut']
  )
  assert.equal(thread.hasEnded, true)
})

test('Edges that stand still are ended all the same', async () => {
  const { stage, edges } = await startEdges(1)
  const closing = edges.close(new Deadline(stage.clock, 1000), 500)
  await stage.clock.advance(1000)
  await stage.clock.advance(200)
  assert.equal(await closing, false)
  assert.equal(stage.thread.hasEnded, true)
})
