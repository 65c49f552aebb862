/** Tests of workers that are kept ready, and of numbers that change while old workers finish, over fake threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { settle } from '../../shared/held-clock.ts'
import { exampleApplication } from '../example-config.ts'
import { crash, finish, setUp, setUpWith } from './play.ts'
import type { Play } from './play.ts'

const scaling = { min: 1, max: 4, spare: 1, enabled: true }

/** An application with one worker and a spare that is ready. */
async function withSpare(workers = 1): Promise<Play> {
  const play = await setUp({ workers, scaling: { ...scaling, min: workers } })
  play.thread(workers).becomeReady()
  await settle()
  return play
}

function sparesOf({ supervisor }: Play): readonly string[] {
  return supervisor
    .status()
    .flatMap(({ spares }) => spares.map(spare => [spare.name, spare.state, spare.waitsFor]))
    .map(words => words.filter(word => word !== null).join(' '))
}

function namesOf({ stage }: Play): readonly string[] {
  return stage.threads.map(({ plan }) => plan.name)
}

test('A spare is started once the application is ready, gets no requests, and ends with it', async () => {
  const play = await setUp({ scaling })
  const { stage, supervisor, thread, member, states } = play
  assert.deepEqual([namesOf(play), sparesOf(play)], [['api:0', 'api:1'], ['api:1 starting']])
  thread(1).becomeReady()
  await settle()
  assert.deepEqual([sparesOf(play), states(), member(1).history], [['api:1 spare'], ['ready'], []])
  assert.deepEqual(supervisor.remaining(), ['api:0', 'api:1'])
  const stopped = supervisor.stopApplication('api')
  await finish(thread(0))
  await stopped
  assert.deepEqual([thread(1).hasEnded, sparesOf(play), supervisor.remaining()], [true, [], []])
  const started = supervisor.startApplication('api')
  thread(2).becomeReady()
  await started
  assert.deepEqual([stage.threads.length, sparesOf(play)], [4, ['api:1 starting']])
})

test('A spare is started only when there is room for it, which is told when there is none', async () => {
  const { room, play } = await withRoom(null)
  const { stage, thread } = play
  // Nobody knows yet how much it would take.
  assert.deepEqual([sparesOf(play), stage.heard('worker:spare-waits')], [['api:1 waiting size'], []])
  room.is = false
  await stage.clock.advance(30_000)
  assert.deepEqual([stage.threads.length, sparesOf(play)], [1, ['api:1 waiting memory']])
  assert.deepEqual(
    stage.heard('worker:spare-waits').map(({ worker }) => worker),
    ['api:1']
  )
  room.is = true
  await stage.clock.advance(2000)
  thread(1).becomeReady()
  await settle()
  assert.deepEqual(sparesOf(play), ['api:1 spare'])
})

test('Spares that make room end, and come back when there is enough again', async () => {
  const { room, play } = await withRoom(true)
  const { stage, supervisor, thread, states } = play
  thread(1).becomeReady()
  await settle()
  const [pool] = supervisor.pools()
  room.is = false
  assert.deepEqual([pool?.spares.ready(1), pool?.spares.letGo(), pool?.spares.letGo()], [1, true, false])
  await finish(thread(1))
  assert.deepEqual(
    [thread(1).hasEnded, states(), sparesOf(play)],
    [true, ['ready'], ['api:1 waiting memory']]
  )
  assert.equal(stage.heard('worker:spare-waits').length, 1)
  room.is = true
  await stage.clock.advance(59_000)
  assert.equal(stage.threads.length, 2)
  await stage.clock.advance(1000)
  assert.deepEqual([stage.threads.length, sparesOf(play)], [3, ['api:1 starting']])
})

/** An application with a spare, for which there is room or not. */
async function withRoom(is: boolean | null): Promise<{ room: { is: boolean | null }; play: Play }> {
  const room = { is }
  return { room, play: await setUpWith({ hasSpareRoom: () => room.is }, { scaling }) }
}

test('One more worker is the spare, at once, and another spare is started', async () => {
  const play = await withSpare()
  const { stage, supervisor, member, states } = play
  await supervisor.scale('api', 2)
  assert.deepEqual([states(), member(1).takesRequests()], [['ready', 'ready'], true])
  assert.deepEqual(namesOf(play), ['api:0', 'api:1', 'api:2'])
  assert.deepEqual(sparesOf(play), ['api:2 starting'])
  assert.deepEqual(
    stage.heard('worker:stepped-in').map(({ worker }) => worker),
    ['api:1']
  )
})

test('Growth beyond the spare keeps it also when the others do not become ready', async () => {
  const { stage, supervisor, thread, states } = await withSpare()
  const scaled = supervisor.scale('api', 3)
  await settle()
  assert.deepEqual(states(), ['ready', 'ready', 'starting'])
  thread(2).end(1, new Error('no'))
  await assert.rejects(scaled, { code: 'HEDDLE_APPLICATION_FAILED' })
  assert.deepEqual([states(), supervisor.application('api').workers], [['ready', 'ready'], 2])
  assert.deepEqual(stage.heard('application:scaled'), [{ application: 'api', from: 1, to: 2 }])
})

test('A spare that waits to be started again is not started beside the worker that takes its slot', async () => {
  const { stage, supervisor, thread, states } = await withSpare()
  // It fails until it has to wait for longer than a start takes.
  for (let index = 1; index < 5; index++) {
    thread(index).end(1, new Error('no'))
    // oxlint-disable-next-line no-await-in-loop -- One failure after another.
    await stage.clock.advance(index === 4 ? 1 : 5000)
  }
  const count = stage.threads.length
  const scaled = supervisor.scale('api', 2)
  await stage.clock.advance(9000)
  assert.deepEqual([stage.threads.length, states()], [count + 1, ['ready', 'starting']])
  thread(count).becomeReady()
  await scaled
  assert.deepEqual(states(), ['ready', 'ready'])
})

test('A spare answers at once in the place of a worker that is lost, until that has been back for a while', async () => {
  const play = await withSpare()
  const { stage, thread, member, states } = play
  thread(0).end(1, new Error('boom'))
  await settle()
  assert.deepEqual([states(), member(1).takesRequests()], [['starting', 'ready'], true])
  // What is started in its place will be the one that is kept ready.
  assert.deepEqual([namesOf(play), sparesOf(play)], [['api:0', 'api:1', 'api:0'], []])
  thread(2).becomeReady()
  await settle()
  assert.deepEqual(states(), ['ready', 'ready'])
  await stage.clock.advance(9999)
  assert.deepEqual(states(), ['ready', 'ready'])
  await stage.clock.advance(1)
  await finish(thread(1))
  assert.deepEqual([states(), thread(1).hasEnded], [['ready'], true])
  assert.deepEqual([namesOf(play).at(-1), sparesOf(play)], ['api:1', ['api:1 starting']])
})

test('A spare steps in while a worker finishes its requests after an error nobody caught', async () => {
  const { thread, member, states } = await withSpare(2)
  member(0).requests = 1
  thread(0).say(crash)
  await settle()
  assert.deepEqual([states(), member(2).takesRequests()], [['starting', 'ready', 'ready'], true])
})

test('A spare answers in the place of a worker that is taken out, also of the only one', async () => {
  const play = await withSpare()
  const { stage, worker, member, states } = play
  // It cannot be spared before the spare takes requests.
  assert.equal(worker(0).eject('blocked'), false)
  await settle()
  assert.deepEqual([states(), member(1).takesRequests()], [['ready', 'ready'], true])
  assert.equal(worker(0).eject('blocked'), true)
  await stage.clock.advance(30_000)
  assert.deepEqual([states(), sparesOf(play)], [['ejected', 'ready'], []])
  worker(0).restore('turns again')
  await stage.clock.advance(10_000)
  assert.deepEqual([states(), sparesOf(play)], [['ready'], ['api:1 starting']])
})

test('A spare that was not needed after all goes again, and no second one comes', async () => {
  const play = await setUp({ scaling: { ...scaling, spare: 2 } })
  const { stage, thread, worker, states } = play
  thread(1).becomeReady()
  thread(2).becomeReady()
  await settle()
  for (let look = 0; look < 3; look++) {
    assert.equal(worker(0).eject('blocked'), look > 0)
    // oxlint-disable-next-line no-await-in-loop -- One look after another.
    await settle()
    worker(0).restore('turns again')
  }
  assert.deepEqual([states(), sparesOf(play)], [['ready', 'ready'], ['api:2 spare']])
  await stage.clock.advance(10_000)
  assert.deepEqual([states(), sparesOf(play)], [['ready'], ['api:1 starting', 'api:2 spare']])
})

test('A number that grows while a spare stands in keeps it', async () => {
  const play = await withSpare()
  const { stage, supervisor, thread, states } = play
  thread(0).end(1, new Error('boom'))
  await settle()
  thread(2).becomeReady()
  await settle()
  await supervisor.scale('api', 2)
  assert.deepEqual([states(), supervisor.application('api').workers], [['ready', 'ready'], 2])
  await stage.clock.advance(20_000)
  assert.deepEqual(
    [states(), thread(1).hasEnded, sparesOf(play)],
    [['ready', 'ready'], false, ['api:2 starting']]
  )
})

test('A spare that is lost is started again, later with each failure', async () => {
  const play = await setUp({ scaling })
  const { stage, thread } = play
  thread(1).end(1, new Error('no'))
  await settle()
  assert.deepEqual(sparesOf(play), ['api:1 waiting backoff'])
  await stage.clock.advance(1)
  assert.deepEqual(sparesOf(play), ['api:1 starting'])
  thread(2).end(1, new Error('no'))
  await stage.clock.advance(99)
  assert.deepEqual(sparesOf(play), ['api:1 waiting backoff'])
  await stage.clock.advance(1)
  assert.deepEqual(sparesOf(play), ['api:1 starting'])
  assert.deepEqual(
    stage.heard('worker:restarting').map(({ delayMs }) => delayMs),
    [0, 100]
  )
  // One that is not ready in time is ended.
  await stage.clock.advance(10_000)
  assert.deepEqual([thread(3).hasEnded, sparesOf(play)], [true, ['api:1 waiting backoff']])
})

test('A spare that is stuck counts as a zombie, and one that cannot be given a thread is tried again', async () => {
  const play = await setUp({ scaling })
  const { stage, supervisor, thread } = play
  thread(1).obeys = false
  await stage.clock.advance(11_000)
  assert.deepEqual(supervisor.zombies(), ['api:1'])
  stage.startErrors = [new Error('no more threads')]
  await stage.clock.advance(100)
  assert.deepEqual([stage.startErrors.length, sparesOf(play)], [0, ['api:1 waiting backoff']])
  await stage.clock.advance(1000)
  assert.deepEqual(sparesOf(play), ['api:1 starting'])
})

test('A restart and new settings bring a new spare, and new settings keep a number that follows the load', async () => {
  const play = await withSpare()
  const { supervisor, thread, states } = play
  const restarted = supervisor.restart()
  await settle()
  thread(2).becomeReady()
  await finish(thread(0))
  await restarted
  await settle()
  assert.deepEqual([thread(1).hasEnded, sparesOf(play)], [true, ['api:1 starting']])
  thread(3).becomeReady()
  await settle()
  await supervisor.scale('api', 2)
  thread(4).becomeReady()

  const next = exampleApplication({ env: { NEW: '1' }, scaling: { ...scaling, max: 8 } })
  const staging = supervisor.stageApplication(next)
  for (const index of [5, 6]) {
    // oxlint-disable-next-line no-await-in-loop -- They come one after another.
    await settle()
    thread(index).becomeReady()
  }
  const staged = await staging
  const committed = staged.commit()
  await finish(thread(2))
  await finish(thread(3))
  await committed
  await settle()
  assert.deepEqual([states(), supervisor.application('api').workers], [['ready', 'ready'], 2])
  assert.deepEqual([thread(4).hasEnded, sparesOf(play)], [true, ['api:2 starting']])
  assert.equal(thread(7).plan.env.NEW, '1')
})

test('A number can grow again while those that go still finish what they have', async () => {
  const { stage, supervisor, thread, member, states } = await setUp({
    workers: 2,
    scaling: { ...scaling, spare: 0 }
  })
  member(1).requests = 1
  member(1).drained = () => new Promise(() => undefined)
  const fewer = supervisor.scale('api', 1)
  await settle()
  assert.deepEqual([states(), member(1).takesRequests(), thread(1).hasEnded], [['ready'], false, false])
  const more = supervisor.scale('api', 2)
  await settle()
  thread(2).becomeReady()
  await more
  assert.deepEqual([states(), thread(1).hasEnded], [['ready', 'ready'], false])
  // Those that have gone are waited for, for as long as they may take.
  await stage.clock.advance(5000)
  thread(1).say({ type: 'stopped' })
  await stage.clock.advance(2000)
  await fewer
  assert.deepEqual([states(), thread(1).hasEnded, thread(2).hasEnded], [['ready', 'ready'], true, false])
})
