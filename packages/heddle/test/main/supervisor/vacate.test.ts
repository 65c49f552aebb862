/** Tests of a replacement for which there is no room: the old worker goes before the fresh one is started. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Deadline } from '../../../src/shared/deadline.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication } from '../example-config.ts'
import { finish, setUp } from './play.ts'

test('replace() without room lets the old worker finish and go, and starts the fresh one then', async () => {
  const { stage, supervisor, thread, member, worker, states } = await setUp({ workers: 2 })
  const old = worker(0)
  const replaced = old.replace('memory', 'it holds too much', 10_000)
  await settle()
  assert.notEqual(old.state, 'ready')
  assert.equal(stage.threads.length, 2, 'nobody is started as long as it is there')
  assert.partialDeepStrictEqual(stage.heard('worker:replacing'), [
    { worker: 'api:0', reason: 'memory', detail: 'it holds too much' }
  ])
  await finish(thread(0))
  assert.equal(thread(0).hasEnded, true)
  assert.equal(stage.threads.length, 3)
  assert.deepEqual(states(), ['exited', 'ready'])
  thread(2).becomeReady()
  assert.equal(await replaced, true)
  assert.deepEqual(member(0).history, ['published', 'withdrawn', 'drained', 'removed'])
  assert.deepEqual(states(), ['ready', 'ready'])
  assert.partialDeepStrictEqual(supervisor.status()[0]?.workers[0], {
    restarts: 1,
    restartReasons: { memory: 1 },
    leaving: 0
  })
  assert.equal(stage.heard('worker:replacing').length, 1)
  assert.partialDeepStrictEqual(stage.heard('worker:replaced'), [{ worker: 'api:0', reason: 'memory' }])
  assert.deepEqual(stage.heard('worker:restarting'), [], 'nobody takes it for a loss')
})

test('replace() without room ends a worker that does not finish in time', async () => {
  const { stage, thread, worker } = await setUp()
  const replaced = worker(0).replace('memory', '', 2000)
  await stage.clock.advance(1900)
  assert.equal(thread(0).hasEnded, false)
  await stage.clock.advance(5000)
  assert.equal(thread(0).hasEnded, true)
  thread(1).becomeReady()
  assert.equal(await replaced, true)
})

test('replace() without room restarts a slot whose fresh worker fails, as after a crash', async () => {
  const patient = { ...exampleApplication().restart, backoffMin: 1, backoffMax: 1 }
  const { stage, thread, worker, states } = await setUp({ restart: patient })
  const replaced = worker(0).replace('memory', '', 2000)
  stage.startErrors.push(new Error('no more threads'))
  await finish(thread(0))
  assert.equal(await replaced, false)
  await stage.clock.advance(1000)
  thread(1).becomeReady()
  await settle()
  assert.deepEqual(states(), ['ready'])
  assert.equal(stage.heard('worker:restarting').length, 1)
})

test('A stop while the old worker goes starts nobody', async () => {
  const { stage, supervisor, thread, worker } = await setUp()
  const replaced = worker(0).replace('memory', '', 2000)
  await settle()
  const stopped = Deadline.during(stage.clock, 1000, deadline => supervisor.shutDown('api', deadline, 1000))
  await finish(thread(0))
  await stage.clock.advance(2000)
  await stopped
  assert.equal(await replaced, false)
  assert.equal(stage.threads.length, 1)
})
