/** Tests of the supervisor over fake threads and a clock that stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure } from '../../../src/errors.ts'
import { Supervisor } from '../../../src/main/supervisor/supervisor.ts'
import { Deadline } from '../../../src/shared/deadline.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import type { ConfigChanges } from '../example-config.ts'
import { Stage } from './fakes.ts'

interface Play {
  readonly stage: Stage
  readonly supervisor: Supervisor
  readonly start: () => Promise<unknown>
}

function setUp(workers = 1, changes: ConfigChanges = {}): Play {
  const application = exampleApplication({ workers })
  const stage = new Stage(exampleConfig({ applications: [application], ...changes }))
  const supervisor = new Supervisor(stage.surroundings)
  return { stage, supervisor, start: () => supervisor.boot(application.id) }
}

async function setUpReady(workers = 1, changes: ConfigChanges = {}): Promise<Play> {
  const play = setUp(workers, changes)
  const started = play.start()
  for (const thread of play.stage.threads) thread.becomeReady()
  await started
  return play
}

test('Supervisor starts all workers of an application at once and waits for the last one', async () => {
  const { stage, supervisor, start } = setUp(3)
  let report: unknown = null
  const started = start().then(value => (report = value))
  assert.deepEqual(
    stage.threads.map(({ plan }) => plan.name),
    ['api:0', 'api:1', 'api:2']
  )
  stage.threads[0]?.becomeReady()
  stage.threads[2]?.becomeReady()
  await settle()
  assert.equal(report, null)
  assert.equal(supervisor.status()[0]?.ready, 2)
  stage.threads[1]?.becomeReady()
  await started
  assert.deepEqual(report, { id: 'api', workers: 3, kind: 'fake' })
  assert.deepEqual(
    stage.members.map(({ history }) => history),
    [['published'], ['published'], ['published']]
  )
})

test('Supervisor starts very many workers a few at a time, and none after one has failed', async () => {
  const { stage, start } = setUp(256)
  const failed = assert.rejects(start(), { code: 'HEDDLE_APPLICATION_FAILED' })
  const most = stage.threads.length
  assert.ok(most < 256, String(most))
  for (const thread of stage.threads.slice(0, 3)) thread.becomeReady()
  await settle()
  assert.equal(stage.threads.length, most + 3)
  stage.threads[3]?.end(1)
  await settle()
  for (const thread of stage.threads.slice(4)) thread.becomeReady()
  await stage.clock.advance(60_000)
  await failed
  assert.equal(stage.threads.length, most + 3)
})

test('Supervisor fails the start with the error of the application', async () => {
  const { stage, start } = setUp(2)
  const started = start()
  const error = {
    name: 'RangeError',
    message: 'no database',
    stack: 'RangeError: no database\n at x',
    code: 'E1'
  }
  stage.threads[1]?.say({ type: 'failed', error })
  stage.threads[1]?.end(1)
  await assert.rejects(started, failure => {
    assert.ok(isFailure(failure, 'HEDDLE_APPLICATION_FAILED'))
    assert.deepEqual(failure.detail, { application: 'api', worker: 'api:1', reason: 'could not be loaded' })
    assert.ok(failure.cause instanceof Error)
    assert.equal(failure.cause.name, 'RangeError')
    assert.ok('code' in failure.cause && failure.cause.code === 'E1')
    assert.equal(failure.cause.stack, error.stack)
    return true
  })
  assert.equal(stage.heard('worker:restarting').length, 0)
})

test('Supervisor fails the start when a worker ends, is not ready in time, or gets no thread', async () => {
  const ended = setUp()
  const first = ended.start()
  ended.stage.thread.end(3)
  await assert.rejects(first, /worker api:0 ended by itself with code 3\./)

  const late = setUp(1, { startTimeout: 500 })
  const second = late.start()
  const rejected = assert.rejects(second, /worker api:0 was not ready within 500 ms\./)
  await late.stage.clock.advance(500)
  await rejected

  const threadless = setUp()
  threadless.stage.startErrors.push(new Error('bad flag'))
  await assert.rejects(threadless.start(), {
    code: 'HEDDLE_APPLICATION_FAILED',
    cause: new Error('bad flag')
  })
  assert.deepEqual(threadless.stage.members[0]?.history, ['removed'])
})

test('Supervisor replaces a worker that is gone at once, in its own slot, after taking it out of the table', async () => {
  const { stage, supervisor } = await setUpReady(2)
  stage.threads[1]?.end(1, new Error('boom'))
  assert.deepEqual(stage.members[1]?.history, ['published', 'removed'])
  await settle()
  assert.deepEqual([stage.threads.length, stage.thread.plan.name], [3, 'api:1'])
  stage.thread.becomeReady()
  await settle()
  const [, slot] = supervisor.status()[0]?.workers ?? []
  assert.deepEqual(
    [slot?.state, slot?.restarts, slot?.lastEnd],
    ['ready', 1, 'threw an error that nobody caught']
  )
  assert.deepEqual(
    stage.heard('worker:restarting').map(({ worker, reason, delayMs }) => [worker, reason, delayMs]),
    [['api:1', 'crashed', 0]]
  )
  assert.equal(stage.heard('worker:restarted').length, 1)
})

test('Supervisor names the reason for which a worker is gone', async () => {
  const oom = Object.assign(new Error('limit'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })
  const { stage } = await setUpReady(4)
  const error = { name: 'E', message: 'm', stack: null, code: null }
  const crash = { type: 'crashed', origin: 'uncaughtException', isolated: false, error }
  stage.threads[0]?.say(crash)
  assert.deepEqual(stage.members[0]?.history, ['published', 'withdrawn'])
  stage.threads[0]?.end(1)
  stage.threads[1]?.end(1, oom)
  stage.threads[2]?.end(1, new Error('raw'))
  stage.threads[3]?.end(0)
  assert.deepEqual(
    stage.heard('worker:exited').map(({ reason, error }) => [reason, error?.message ?? null]),
    [
      ['crashed', 'm'],
      ['out-of-memory', 'limit'],
      ['crashed', 'raw'],
      ['exited', null]
    ]
  )
})

test('Supervisor waits longer after each failure in a row and never gives up', async () => {
  const { stage } = await setUpReady()
  const waits: number[] = []
  for (let round = 0; round < 8; round++) {
    stage.thread.end(1)
    await settle()
    const delayMs = stage.heard('worker:restarting').at(-1)?.delayMs ?? -1
    waits.push(delayMs)
    await stage.clock.advance(delayMs)
    assert.equal(stage.threads.length, round + 2)
  }
  assert.deepEqual(waits, [0, 100, 200, 400, 800, 1000, 1000, 1000])
  stage.thread.becomeReady()
  await stage.clock.advance(10_000)
  stage.thread.end(1)
  await settle()
  assert.equal(stage.heard('worker:restarting').at(-1)?.delayMs, 0)
})

test('Supervisor tries again when a replacement is not ready in time or gets no thread', async () => {
  const { stage } = await setUpReady(1, { startTimeout: 500 })
  stage.startErrors.push(new Error('no more threads'))
  stage.thread.end(1)
  await settle()
  assert.deepEqual(stage.heard('worker:exited').at(-1)?.error?.message, 'no more threads')
  await stage.clock.advance(100)
  assert.equal(stage.threads.length, 2)
  await stage.clock.advance(500)
  assert.equal(stage.heard('worker:exited').at(-1)?.reason, 'timed-out')
  await stage.clock.advance(200)
  assert.equal(stage.threads.length, 3)
})

test('Supervisor gives up a replacement that is stuck, counts it as a zombie and replaces it', async () => {
  const { stage, supervisor } = await setUpReady(1, { startTimeout: 500 })
  stage.thread.end(1)
  await settle()
  const stuck = stage.thread
  stuck.obeys = false
  await stage.clock.advance(500 + 1000)
  assert.deepEqual(stage.heard('worker:exited').at(-1)?.reason, 'stuck')
  assert.deepEqual(supervisor.zombies(), ['api:0'])
  await stage.clock.advance(100)
  assert.notEqual(stage.thread, stuck)
  stuck.becomeReady()
  stuck.end(1)
  await settle()
  assert.deepEqual(supervisor.zombies(), [])
  assert.deepEqual(stage.members[1]?.history, ['removed'])
})

test('Supervisor stops a worker in order: out of the table, drained, close hooks, ended; and replaces nobody', async () => {
  const { stage, supervisor } = await setUpReady()
  const deadline = new Deadline(stage.clock, 5000)
  const stopped = supervisor.shutDown('api', deadline, 1000)
  await settle()
  assert.deepEqual(stage.members[0]?.history, ['published', 'withdrawn', 'drained'])
  assert.deepEqual(stage.thread.posted, [{ type: 'stop', timeoutMs: 4900 }])
  stage.thread.say({ type: 'stopped' })
  await stopped
  assert.deepEqual(
    stage.heard('worker:moved').map(({ to }) => to),
    ['ready', 'draining', 'stopping', 'exited']
  )
  assert.equal(stage.heard('worker:exited')[0]?.reason, 'stopped')
  await stage.clock.advance(60_000)
  assert.equal(stage.threads.length, 1)
  assert.deepEqual(supervisor.remaining(), [])
})

test('Supervisor does not wait long for threads that do not apply a change of the mesh table', async () => {
  const { stage, supervisor } = await setUpReady()
  const [member] = stage.members
  assert.ok(member)
  member.withdraw = () => new Promise(() => {})
  void supervisor.shutDown('api', new Deadline(stage.clock, 20_000), 1000)
  await stage.clock.advance(1000)
  assert.deepEqual(stage.thread.posted, [{ type: 'stop', timeoutMs: 18_900 }])
})

test('Supervisor ends a worker that does not stop by the deadline, and knows one that does not end', async () => {
  const { stage, supervisor } = await setUpReady(2)
  const [obedient, stuck] = stage.threads
  assert.ok(obedient && stuck)
  stuck.obeys = false
  const stopped = supervisor.shutDown('api', new Deadline(stage.clock, 5000), 1000)
  await stage.clock.advance(5000)
  assert.equal(obedient.hasEnded, true)
  await stage.clock.advance(1000)
  await stopped
  assert.deepEqual(supervisor.zombies(), ['api:1'])
  assert.deepEqual(supervisor.remaining(), ['api:1'])
})

test('Supervisor gives a thread the time there is to end, as a busy machine needs it', async () => {
  const { stage, supervisor } = await setUpReady(1)
  const { thread } = stage
  thread.obeys = false
  const stopped = supervisor.shutDown('api', new Deadline(stage.clock, 10_000), 500)
  await settle()
  thread.say({ type: 'stopped' })
  await stage.clock.advance(3000)
  thread.end(1)
  await stopped
  assert.equal(stage.heard('worker:exited').at(-1)?.reason, 'stopped')
  assert.deepEqual(supervisor.remaining(), [])
})

test('Supervisor tells what a worker had not finished when it was ended', async () => {
  const { stage, supervisor } = await setUpReady(3)
  const [member] = stage.members
  assert.ok(member)
  member.requests = 2
  const stopped = supervisor.shutDown('api', new Deadline(stage.clock, 5000), 1000)
  await settle()
  for (const thread of stage.threads.slice(0, 2)) thread.say({ type: 'stopped' })
  await stage.clock.advance(5000)
  await stopped
  assert.deepEqual(
    stage.heard('worker:cut').map(({ worker, requests, hooks }) => ({ worker, requests, hooks })),
    [
      { worker: 'api:0', requests: 2, hooks: false },
      { worker: 'api:2', requests: 0, hooks: true }
    ]
  )
})

test('Supervisor ends a worker that is still starting, and a start that is under way fails', async () => {
  const { stage, supervisor, start } = setUp()
  const started = assert.rejects(start(), { code: 'HEDDLE_APPLICATION_FAILED' })
  supervisor.retire()
  await supervisor.shutDown('api', new Deadline(stage.clock, 5000), 1000)
  await started
  assert.equal(stage.thread.hasEnded, true)
  await assert.rejects(start(), /was not started: the server is stopping/)
})

test('Supervisor cancels a restart that waits when it stops', async () => {
  const { stage, supervisor } = await setUpReady()
  stage.thread.end(1)
  await settle()
  stage.thread.end(1)
  await settle()
  supervisor.retire()
  await stage.clock.advance(60_000)
  assert.equal(stage.threads.length, 2)
})

test('Supervisor lets the first worker in direct mode find the port and gives it to the others', async () => {
  const { stage, start } = setUp(3, { server: { mode: 'direct' } })
  const started = start()
  assert.equal(stage.threads.length, 1)
  stage.thread.say({ type: 'ready', kind: 'fake', hasServer: true, port: 4711 })
  await settle()
  assert.equal(stage.threads.length, 3)
  for (const { plan } of stage.threads.slice(1)) {
    assert.partialDeepStrictEqual(plan.workerData, {
      listen: { port: 4711 },
      publicUrl: 'http://127.0.0.1:4711'
    })
  }
  for (const thread of stage.threads.slice(1)) thread.becomeReady()
  await started
})
