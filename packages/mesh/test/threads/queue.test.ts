/** What becomes of requests while nobody takes them, and of calls to an application that fails. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'

import { request, type Dispatcher } from 'undici'

import { MeshError, type CircuitState, type QueueRules, type RegistryOptions } from '../../src/index.ts'
import { stopClock } from '../fixtures/clock.ts'
import { Fleet } from '../fixtures/fleet.ts'

const url = 'http://api.heddle.local'

async function expecting(
  t: TestContext,
  queue: QueueRules | null,
  options: Partial<RegistryOptions> = {}
): Promise<{ fleet: Fleet; dispatcher: Dispatcher }> {
  const fleet = new Fleet(t, options)
  const dispatcher = fleet.dispatcher()
  await fleet.registry.expect('api', { queue })
  return { fleet, dispatcher }
}

const roomy: QueueRules = { max: 100, timeoutMs: 30_000 }

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof MeshError ? error.code : String(error))
  )
}

test('a request waits until somebody takes it, whatever its method, with its body', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const bodies = ['', 'short', 'x'.repeat(300_000)]
  const answers = Promise.all(
    bodies.map(async body => {
      function* pieces(): Generator<Buffer> {
        for (let at = 0; at < body.length; at += 10_000) yield Buffer.from(body.slice(at, at + 10_000))
      }
      const response = await request(`${url}/echo`, {
        method: 'POST',
        body: Readable.from(pieces()),
        dispatcher
      })
      return response.body.text()
    })
  )
  const get = request(url, { dispatcher }).then(({ body }) => body.text())
  await fleet.start('api', './plain.ts')
  assert.deepEqual(await answers, bodies)
  assert.equal(await get, 'ok')
})

test('who waits is told at once when there is nothing to wait for any more', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const waiting = request(url, { dispatcher })
  await fleet.registry.expect('api', { queue: null })
  assert.equal(await codeOf(waiting), 'MESH_NO_UPSTREAM')
})

test('requests wait when the only worker is ejected, and go on when it is back', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const { member } = await fleet.start('api', './plain.ts')
  member.eject(true)
  const answer = request(url, { dispatcher }).then(({ body }) => body.text())
  member.eject(false)
  assert.equal(await answer, 'ok')
})

test('requests of a worker that dies wait for its successor: all that may be sent again', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const first = await fleet.start('api', './plain.ts')
  const held = first.call('holding', 3)
  const answers = ['GET', 'PUT', 'POST'].map(method =>
    request(`${url}/hold`, { method, dispatcher }).then(
      ({ body }) => body.text(),
      (error: Error) => (error.cause instanceof MeshError ? error.cause.code : String(error))
    )
  )
  await held
  await first.kill()
  first.member.remove()
  assert.equal(await answers[2], 'MESH_UPSTREAM_LOST', 'a POST that was begun is not sent again')
  const second = await fleet.start('api', './plain.ts')
  await second.call('holding', 2)
  await second.call('release')
  assert.deepEqual(await Promise.all(answers.slice(0, 2)), ['released', 'released'])
})

test('a queue has room for so many, each for so long', async t => {
  const { dispatcher } = await expecting(t, { max: 2, timeoutMs: 150 })
  const codes = await Promise.all(
    [1, 2, 3].map(number => codeOf(request(`${url}/${number}`, { dispatcher })))
  )
  assert.deepEqual(codes.toSorted(), ['MESH_QUEUE_FULL', 'MESH_QUEUE_TIMEOUT', 'MESH_QUEUE_TIMEOUT'])
})

test('a request that waits can be given up, and has the deadline it has', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const aborting = new AbortController()
  const aborted = request(url, { dispatcher, signal: aborting.signal })
  const late = codeOf(
    request(url, { dispatcher, headersTimeout: 50 }).catch((error: Error) => Promise.reject(error.cause))
  )
  aborting.abort(new Error('enough'))
  await assert.rejects(aborted, { message: 'enough' })
  assert.equal(await late, 'MESH_TIMEOUT')
  await fleet.start('api', './plain.ts')
  assert.equal(await (await request(url, { dispatcher })).body.text(), 'ok')
})

test('requests that wait fail when their hostname is forgotten, or without a queue at once', async t => {
  const { fleet, dispatcher } = await expecting(t, roomy)
  const waiting = codeOf(request(url, { dispatcher }))
  await fleet.registry.forget('api')
  assert.equal(await waiting, 'MESH_UNKNOWN_HOST')
  await fleet.registry.expect('api')
  assert.equal(await codeOf(request(url, { dispatcher })), 'MESH_NO_UPSTREAM')
  await fleet.registry.expect('api', { queue: { max: 0, timeoutMs: 1000 } })
  assert.equal(await codeOf(request(url, { dispatcher })), 'MESH_NO_UPSTREAM')
})

test('senders count answers, failures in a row and the time to the head', async t => {
  const { fleet, dispatcher } = await expecting(t, null)
  const { member } = await fleet.start('api', './plain.ts')
  for (const path of ['/', '/status?503', '/status?504', '/status?404']) {
    const { body } = await request(`${url}${path}`, { dispatcher })
    await body.dump()
    if (path.endsWith('504')) assert.equal(member.counts().failuresInRow, 2)
  }
  await codeOf(request(`${url}/hold`, { dispatcher, headersTimeout: 50 }))
  const { answered, lost, failures, failuresInRow, durations } = member.counts()
  assert.deepEqual([answered, lost, failures, failuresInRow], [[0, 1, 0, 1, 2], 1, 3, 1])
  assert.equal(
    durations.reduce((sum, count) => sum + count, 0),
    4
  )
})

test('calls to an application that fails are cut off, are tried again and go on', async t => {
  const clock = stopClock(t)
  const states: CircuitState[] = []
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const { fleet, dispatcher } = await expecting(t, null, {
    breaker: { errorRatio: 0.5, volume: 4, windowMs: 10_000, openMs: 5000, probes: 1 },
    onCircuit: ({ from, to, state }) => {
      states.push(state)
      assert.match(`${from} ${to}`, /^test:\d api$/)
      if (state === 'open') opened.resolve()
      if (state === 'closed') closed.resolve()
    }
  })
  await fleet.start('api', './plain.ts')
  const get = async (path: string): Promise<number> => {
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher })
    await body.dump()
    return statusCode
  }
  for (const path of ['/', '/status?503', '/', '/status?502', '/status?504']) await get(path)
  await assert.rejects(get('/'), { code: 'MESH_CIRCUIT_OPEN' })
  await opened.promise
  assert.deepEqual(
    fleet.registry.circuits().map(({ to, state }) => [to, state]),
    [['api', 'open']]
  )
  clock.pass(4999)
  await assert.rejects(get('/'), { code: 'MESH_CIRCUIT_OPEN' })
  clock.pass(1)
  assert.equal(await get('/'), 200)
  assert.equal(await get('/'), 200)
  await closed.promise
  assert.deepEqual(fleet.registry.circuits(), [])
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
})
