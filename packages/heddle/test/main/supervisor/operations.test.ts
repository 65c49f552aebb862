/** Tests of what is done to running applications, over fake threads and a clock that stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure } from '../../../src/errors.ts'
import type { Supervisor } from '../../../src/main/supervisor/supervisor.ts'
import type { WatchedWorker } from '../../../src/main/supervisor/watched.ts'
import { Deadline } from '../../../src/shared/deadline.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication } from '../example-config.ts'
import { crash, finish, setUp } from './play.ts'

test('restart() replaces the workers of an application in turn, and tells when the last old one has gone', async () => {
  const { stage, supervisor, thread, states } = await setUp({ workers: 3 })
  const restarted = supervisor.restart(['api'])
  for (let index = 0; index < 3; index++) {
    // oxlint-disable-next-line no-await-in-loop -- They come one after another.
    await settle()
    assert.equal(stage.threads.length, 4 + index)
    thread(3 + index).becomeReady()
    // oxlint-disable-next-line no-await-in-loop
    await finish(thread(index))
    assert.deepEqual(states(), ['ready', 'ready', 'ready'])
  }
  await restarted
  assert.deepEqual(
    stage.threads.map(({ plan, hasEnded }) => [plan.name, hasEnded]),
    [0, 1, 2, 3, 4, 5].map(index => [`api:${index % 3}`, index < 3])
  )
  assert.equal(stage.heard('restart:finished').length, 1)
})

test('restart() stops at the first worker that cannot be replaced, and says which and why', async () => {
  const { stage, supervisor, thread, states } = await setUp({ workers: 2 })
  const failed = assert.rejects(supervisor.restart(), failure => {
    assert.ok(isFailure(failure, 'HEDDLE_RESTART_FAILED'))
    assert.deepEqual(failure.detail.failed, [{ worker: 'api:0', reason: 'could not be loaded' }])
    assert.ok(failure.cause instanceof Error && failure.cause.message === 'broken')
    return true
  })
  await settle()
  thread(2).say({ type: 'failed', error: crash.error })
  thread(2).end(1)
  await failed
  assert.deepEqual(states(), ['ready', 'ready'])
  assert.deepEqual([stage.threads.length, stage.heard('restart:failed').length], [3, 1])
  await assert.rejects(supervisor.restart(['nobody']), { code: 'HEDDLE_UNKNOWN_APPLICATION' })
})

test('restart() goes as many at a time as the application allows', async () => {
  const { stage, supervisor } = await setUp({ workers: 3, rollout: { concurrency: 2, drainTimeout: 5000 } })
  void supervisor.restart()
  await settle()
  assert.equal(stage.threads.length, 5)
})

test('restart() starts a worker at once where a restart waits, and cancels that', async () => {
  const { stage, supervisor, thread } = await setUp()
  thread(0).end(1)
  await settle()
  thread(1).end(1)
  await settle()
  const restarted = supervisor.restart()
  await settle()
  thread(2).becomeReady()
  await restarted
  await stage.clock.advance(60_000)
  assert.equal(stage.threads.length, 3)
})

test('scale() adds workers that are all ready, or none; and takes away those that have finished', async () => {
  const { stage, supervisor, thread, member, states } = await setUp()
  const grown = supervisor.scale('api', 3)
  await settle()
  assert.deepEqual(states(), ['ready', 'starting', 'starting'])
  for (const index of [1, 2]) thread(index).becomeReady()
  await grown
  assert.deepEqual(states(), ['ready', 'ready', 'ready'])

  const failed = assert.rejects(supervisor.scale('api', 5), { code: 'HEDDLE_APPLICATION_FAILED' })
  await settle()
  thread(3).becomeReady()
  thread(4).end(1)
  await finish(thread(3))
  await failed
  assert.deepEqual(states(), ['ready', 'ready', 'ready'])
  assert.equal(thread(3).hasEnded, true)

  const shrunk = supervisor.scale('api', 1)
  await finish(thread(1))
  await finish(thread(2))
  await shrunk
  assert.deepEqual(member(2).history, ['published', 'withdrawn', 'drained', 'removed'])
  assert.deepEqual([states(), thread(0).hasEnded], [['ready'], false])
  assert.deepEqual(
    stage.heard('application:scaled').map(({ from, to }) => [from, to]),
    [
      [1, 3],
      [3, 1]
    ]
  )
  await stage.clock.advance(60_000)
  assert.equal(stage.threads.length, 5)
})

test('A slot keeps what it has seen through its threads, also while it is not in use', async () => {
  const { supervisor, thread, member } = await setUp({ workers: 2 })
  member(1).answered = 7
  const shrunk = supervisor.scale('api', 1)
  await finish(thread(1))
  await shrunk
  const grown = supervisor.scale('api', 2)
  thread(2).becomeReady()
  await grown
  member(2).answered = 5
  assert.equal(supervisor.status()[0]?.workers[1]?.answered, 12)
})

test('stopApplication() forgets the hostname, startApplication() starts what it needs first', async () => {
  const { stage, supervisor, thread } = await setUp({ id: 'db' }, { id: 'api', dependencies: ['db'] })
  assert.deepEqual([...stage.expected.keys()], ['db', 'api'])
  await assert.rejects(supervisor.stopApplication('db'), failure => {
    assert.ok(isFailure(failure, 'HEDDLE_APPLICATION_NEEDED'))
    assert.deepEqual(failure.detail, { application: 'db', dependents: ['api'] })
    return true
  })
  const stopped = supervisor.stopApplication('db', 'api')
  await settle()
  assert.deepEqual(thread(0).posted, [])
  await finish(thread(1))
  await finish(thread(0))
  await stopped
  assert.deepEqual([...stage.expected.keys()], [])
  assert.deepEqual(
    supervisor.status().map(({ phase, ready }) => [phase, ready]),
    [
      ['stopped', 0],
      ['stopped', 0]
    ]
  )
  const started = supervisor.startApplication('api')
  await settle()
  assert.equal(thread(2).plan.name, 'db:0')
  thread(2).becomeReady()
  await settle()
  thread(3).becomeReady()
  assert.deepEqual(await started, { id: 'api', workers: 1, kind: 'fake' })
})

test('An application that does not start again is stopped as before', async () => {
  const { stage, supervisor, thread } = await setUp()
  const stopped = supervisor.stopApplication('api')
  await finish(thread(0))
  await stopped
  const failed = assert.rejects(supervisor.startApplication('api'), { code: 'HEDDLE_APPLICATION_FAILED' })
  thread(1).end(1)
  await failed
  assert.equal(supervisor.status()[0]?.phase, 'stopped')
  assert.deepEqual([...stage.expected.keys()], [])
  await stage.clock.advance(60_000)
  assert.equal(stage.threads.length, 2)
})

test('restart() of an application that does not run fails, and of all leaves it alone', async () => {
  const { stage, supervisor, thread } = await setUp()
  const stopped = supervisor.stopApplication('api')
  await finish(thread(0))
  await stopped
  await assert.rejects(supervisor.restart(['api']), { code: 'HEDDLE_APPLICATION_STOPPED' })
  await supervisor.restart()
  assert.equal(stage.threads.length, 1)
})

test('A thread that is stuck is known for as long as it lives, also when its application is not any more', async () => {
  const { stage, supervisor, thread } = await setUp({ id: 'api' }, { id: 'other' })
  thread(1).obeys = false
  const removed = supervisor.removeApplication('other')
  await stage.clock.advance(10_000)
  await removed
  assert.deepEqual([supervisor.zombies(), supervisor.remaining()], [['other:0'], ['api:0', 'other:0']])
  thread(1).end(1)
  await settle()
  assert.deepEqual([supervisor.zombies(), supervisor.remaining()], [[], ['api:0']])
})

test('addApplication() of a server that stops starts nothing', async () => {
  const { stage, supervisor } = await setUp()
  supervisor.retire()
  const added = supervisor.addApplication(exampleApplication({ id: 'late' }))
  await assert.rejects(added, { code: 'HEDDLE_NOT_RUNNING' })
  assert.equal(stage.threads.length, 1)
})

test('addApplication() adds one that starts, removeApplication() takes one away that nobody needs', async () => {
  const { stage, supervisor, thread } = await setUp()
  const worker = exampleApplication({ id: 'worker', dependencies: ['api'] })
  const added = supervisor.addApplication(worker)
  await settle()
  thread(1).becomeReady()
  await added
  await assert.rejects(supervisor.addApplication(worker), { code: 'HEDDLE_APPLICATION_EXISTS' })
  await assert.rejects(supervisor.removeApplication('api'), { code: 'HEDDLE_APPLICATION_NEEDED' })

  const bad = supervisor.addApplication(exampleApplication({ id: 'bad' }))
  await settle()
  thread(2).end(1)
  await assert.rejects(bad, { code: 'HEDDLE_APPLICATION_FAILED' })
  assert.deepEqual(
    supervisor.applications().map(({ id }) => id),
    ['api', 'worker']
  )

  const removed = supervisor.removeApplication('worker')
  await finish(thread(1))
  await removed
  assert.deepEqual([...stage.expected.keys()], ['api'])
  assert.throws(() => supervisor.application('worker'), { code: 'HEDDLE_UNKNOWN_APPLICATION' })
})

test('A stop of the server ends what is being replaced, what comes and what leaves, within its deadline', async () => {
  const { stage, supervisor, thread, member, worker } = await setUp()
  member(0).drained = () => new Promise(() => {})
  const replaced = worker(0).replace('age', '')
  await settle()
  thread(1).becomeReady()
  await replaced
  supervisor.retire()
  const stopped = supervisor.shutDown('api', new Deadline(stage.clock, 1000), 500)
  await finish(thread(1))
  assert.equal(thread(0).hasEnded, false)
  await stage.clock.advance(1000)
  assert.equal(thread(0).hasEnded, true)
  await stage.clock.advance(5000)
  await stopped
  assert.deepEqual(supervisor.remaining(), [])
  assert.equal(await worker0(supervisor), undefined)
})

async function worker0(supervisor: Supervisor): Promise<WatchedWorker | undefined> {
  await settle()
  return supervisor.workers()[0]
}
