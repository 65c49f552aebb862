/** Tests of one slot: replacement, crashes and what they have to do with one another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Deadline } from '../../../src/shared/deadline.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication } from '../example-config.ts'
import { crash, finish, setUp } from './play.ts'

const patient = { ...exampleApplication().restart, backoffMin: 1, backoffMax: 1 }

test('replace() has the fresh worker in the table before the old one drains', async () => {
  const { stage, supervisor, thread, member, worker, states } = await setUp()
  const replaced = worker(0).replace('unhealthy', 'it is ill')
  await settle()
  assert.deepEqual(states(), ['ready'])
  assert.deepEqual(member(0).history, ['published'])
  thread(1).becomeReady()
  assert.equal(await replaced, true)
  assert.deepEqual(member(1).history, ['published'])
  assert.deepEqual(member(0).history, ['published', 'withdrawn', 'drained'])
  assert.equal(supervisor.status()[0]?.workers[0]?.leaving, 1)
  await finish(thread(0))
  assert.equal(thread(0).hasEnded, true)
  assert.partialDeepStrictEqual(supervisor.status()[0]?.workers[0], {
    state: 'ready',
    restarts: 1,
    restartReasons: { unhealthy: 1 },
    leaving: 0
  })
  assert.partialDeepStrictEqual(stage.heard('worker:replacing'), [
    { reason: 'unhealthy', detail: 'it is ill' }
  ])
  assert.equal(stage.heard('worker:replaced').length, 1)
  assert.equal(stage.heard('worker:restarting').length, 0)
})

test('replace() leaves the old worker when the fresh one fails, is late or gets no thread, and says why', async () => {
  const { stage, thread, worker, states } = await setUp({ restart: patient })
  const failing = worker(0).replace('restart', '')
  await settle()
  thread(1).say({ type: 'failed', error: crash.error })
  thread(1).end(1)
  assert.equal(await failing, false)

  const late = worker(0).replace('restart', '')
  await stage.clock.advance(10_000)
  assert.equal(await late, false)

  stage.startErrors.push(new Error('no more threads'))
  assert.equal(await worker(0).replace('restart', ''), false)
  assert.deepEqual(states(), ['ready'])
  assert.equal(stage.heard('worker:restarting').length, 0)
  assert.deepEqual(
    stage.heard('worker:replacement-failed').map(({ error }) => error?.message ?? null),
    ['broken', null, 'no more threads']
  )
})

test('replace() that nobody asked for waits after a failure, longer each time', async () => {
  const { stage, worker } = await setUp()
  const tries: number[] = []
  for (let ms = 0; ms < 20_000; ms += 100) {
    stage.startErrors = [new Error('no more threads')]
    // oxlint-disable-next-line no-await-in-loop -- One look after another, as the watches do.
    await worker(0).replace('unhealthy', '')
    if (stage.startErrors.length === 0) tries.push(ms)
    // oxlint-disable-next-line no-await-in-loop
    await stage.clock.advance(100)
  }
  assert.deepEqual(tries.slice(0, 6), [0, 100, 200, 400, 800, 1600])
  assert.ok(tries.length < 30)
})

test('A crash of the old worker while the fresh one boots makes the fresh one its successor', async () => {
  const { stage, thread, worker, states } = await setUp()
  const replaced = worker(0).replace('heap', '')
  await settle()
  thread(0).end(1, new Error('boom'))
  await settle()
  assert.deepEqual(states(), ['starting'])
  thread(1).becomeReady()
  assert.equal(await replaced, true)
  assert.deepEqual(states(), ['ready'])
  assert.equal(stage.threads.length, 2)
  assert.equal(stage.heard('worker:restarting').length, 0)
})

test('A fresh worker that fails after its predecessor has crashed is restarted like any other', async () => {
  const { stage, thread, worker } = await setUp()
  const replaced = worker(0).replace('heap', '')
  await settle()
  thread(0).end(1, new Error('boom'))
  await settle()
  thread(1).end(1, new Error('boom'))
  assert.equal(await replaced, false)
  await settle()
  assert.equal(stage.heard('worker:restarting').length, 1)
  assert.equal(stage.threads.length, 3)
})

test('A replacement that is called off by a stop is not told as one that failed', async () => {
  const { stage, supervisor, worker } = await setUp()
  const replaced = worker(0).replace('heap', '')
  await settle()
  const deadline = new Deadline(stage.clock, 5000)
  const stopped = supervisor.shutDown('api', deadline, 1000)
  assert.equal(await replaced, false)
  assert.deepEqual(stage.heard('worker:replacement-failed'), [])
  await stage.clock.advance(5000)
  await stopped
})

test('A worker whose error nobody caught finishes its other requests while its successor starts beside it', async () => {
  const { stage, supervisor, thread, member, states } = await setUp()
  member(0).drained = () => new Promise(() => {})
  thread(0).say(crash)
  assert.deepEqual(member(0).history, ['published', 'withdrawn'])
  await settle()
  assert.equal(stage.threads.length, 2)
  thread(1).becomeReady()
  await settle()
  assert.deepEqual(states(), ['ready'])
  assert.equal(thread(0).hasEnded, false)
  assert.partialDeepStrictEqual(supervisor.status()[0]?.workers[0]?.lastError, {
    name: 'TypeError',
    message: 'broken',
    stack: 'TypeError: broken\n at x'
  })
  // The request whose handler threw never ends.
  await stage.clock.advance(5000)
  assert.equal(thread(0).hasEnded, true)
  assert.deepEqual(thread(0).posted, [])
  assert.partialDeepStrictEqual(stage.heard('worker:exited'), [{ reason: 'crashed', code: 1 }])
})

test('A worker that fails while senders are still told of it finishes what they have sent already', async () => {
  const { stage, thread, member } = await setUp()
  thread(0).end(1)
  await settle()
  member(1).publish = () => new Promise(() => {})
  member(1).drained = () => new Promise(() => {})
  thread(1).becomeReady()
  thread(1).say({ ...crash, isolated: true })
  await settle()
  assert.equal(thread(1).hasEnded, false)
  assert.deepEqual(
    stage.heard('worker:moved').flatMap(({ from, to }) => (to === 'draining' ? from : [])),
    ['ready']
  )
  await stage.clock.advance(30_000)
  assert.equal(thread(1).hasEnded, true)
})

test('A worker whose failed request is broken off has the whole drain time for the others', async () => {
  const { stage, thread, member } = await setUp({ rollout: { concurrency: 1, drainTimeout: 20_000 } })
  member(0).drained = () => new Promise(() => {})
  thread(0).say({ ...crash, isolated: true })
  await stage.clock.advance(19_999)
  assert.equal(thread(0).hasEnded, false)
  await stage.clock.advance(1)
  assert.equal(thread(0).hasEnded, true)
})

test('There are never more than two threads for one slot: who finishes what it has is cut for a third', async () => {
  const { stage, thread, member } = await setUp()
  member(0).drained = () => new Promise(() => {})
  thread(0).say(crash)
  await settle()
  member(1).drained = () => new Promise(() => {})
  thread(1).becomeReady()
  await settle()
  thread(1).say(crash)
  await stage.clock.advance(100)
  assert.deepEqual([thread(0).hasEnded, thread(1).hasEnded, stage.threads.length], [true, false, 3])
})

test('process.exit() of an application takes its worker out of the table and is told as such', async () => {
  const { stage, thread, member } = await setUp()
  thread(0).say({ ...crash, origin: 'processExit' })
  assert.deepEqual(member(0).history, ['published', 'removed'])
  thread(0).end(7)
  await settle()
  assert.partialDeepStrictEqual(stage.heard('worker:exited'), [{ reason: 'exited', code: 7 }])
})

test('A circuit opens after too many failures, tries one restart at a time, and closes by itself', async () => {
  const restart = { ...exampleApplication().restart, maxFailures: 3, window: 60_000, openFor: 5000 }
  const { stage, supervisor, thread } = await setUp({ restart })
  const circuits = (): readonly string[] => stage.heard('worker:circuit').map(({ state }) => state)
  for (let index = 0; index < 3; index++) {
    thread(index).end(1)
    // oxlint-disable-next-line no-await-in-loop -- One failure after another.
    await stage.clock.advance(100)
  }
  assert.deepEqual(circuits(), ['open'])
  assert.equal(stage.threads.length, 3)
  assert.equal(supervisor.status()[0]?.workers[0]?.circuit, 'open')
  await stage.clock.advance(5000)
  assert.deepEqual([circuits(), stage.threads.length], [['open', 'half-open'], 4])
  thread(3).end(1)
  await stage.clock.advance(4999)
  assert.equal(stage.threads.length, 4)
  await stage.clock.advance(1)
  thread(4).becomeReady()
  await settle()
  assert.deepEqual(circuits(), ['open', 'half-open', 'open', 'half-open', 'closed'])
})

test('Requests wait for no worker when the circuit of every slot is open, and do again when one has closed', async () => {
  const restart = { ...exampleApplication().restart, maxFailures: 1, window: 60_000, openFor: 5000 }
  const { stage, thread } = await setUp({ restart })
  const mayWait = (): boolean => (stage.expected.get('api')?.queue ?? null) !== null
  assert.equal(mayWait(), true)
  thread(0).end(1)
  await settle()
  assert.deepEqual([stage.heard('worker:circuit').length, mayWait()], [1, false])
  await stage.clock.advance(5000)
  assert.equal(mayWait(), false, 'half open')
  thread(1).becomeReady()
  await settle()
  assert.equal(mayWait(), true)
})
