/** Who gets a request while workers come, go, die and get stuck. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'

import { request, type Dispatcher } from 'undici'

import { MeshError } from '../../src/index.ts'
import { stopClock } from '../fixtures/clock.ts'
import { Fleet, type Hand } from '../fixtures/fleet.ts'
import { everybodyTurns } from '../fixtures/turning.ts'

const url = 'http://api.heddle.local'

/** How this thread sends; made new for each test. */
let dispatcher: Dispatcher

/** This thread as a sender, and `count` workers of `api`, which count their answers in `closed` once they have left. */
async function staff(
  t: TestContext,
  count: number,
  closed?: Int32Array
): Promise<{ fleet: Fleet; workers: Hand[] }> {
  const fleet = new Fleet(t)
  dispatcher = fleet.dispatcher()
  const start = (): Promise<Hand> => fleet.start('api', './plain.ts', { data: closed })
  const workers = await Promise.all(Array.from({ length: count }, start))
  return { fleet, workers }
}

async function bodyOf(path: string, method = 'GET'): Promise<string> {
  const { body } = await request(`${url}${path}`, { method, dispatcher })
  return body.text()
}

function codeOf(promise: Promise<unknown>): Promise<{ code: string; begun: unknown }> {
  return promise.then(
    value => ({ code: `answered ${String(value)}`, begun: null }),
    (error: MeshError | { cause: MeshError }) => {
      // undici's callers get undici's codes, with the mesh's own as their cause.
      const { code, detail } = error instanceof MeshError ? error : error.cause
      return { code, begun: 'begun' in detail ? detail.begun : undefined }
    }
  )
}

function only<Item>(list: readonly Item[], at = 0): Item {
  const item = list[at]
  assert.ok(item !== undefined)
  return item
}

async function inflightIsZero(workers: readonly Hand[]): Promise<void> {
  for (const { member } of workers) {
    assert.equal(await member.drained(60_000), true)
    assert.equal(member.inflight(), 0)
  }
}

test('publish() resolves when every sender reaches the new worker', async t => {
  const { fleet } = await staff(t, 1)
  const callers = await Promise.all([1, 2, 3].map(() => fleet.start(null, './plain.ts')))
  const late = await fleet.start('late', './plain.ts', { published: false })
  const before = await Promise.all(
    callers.map(caller => caller.call('fetchText', 'http://late.heddle.local/').catch(String))
  )
  for (const answer of before) assert.match(String(answer), /fetch failed/)
  await late.member.publish()
  const answers = await Promise.all(
    callers.map(caller => caller.call('fetchText', 'http://late.heddle.local/'))
  )
  assert.deepEqual(answers, ['ok', 'ok', 'ok'])
})

test('withdraw() resolves when no sender chooses the worker any more', async t => {
  const { fleet, workers } = await staff(t, 2)
  const callers = await Promise.all([1, 2, 3].map(() => fleet.start(null, './plain.ts')))
  const leaving = only(workers)
  await leaving.member.withdraw()
  const before = await leaving.call('executions')
  await Promise.all(
    Array.from({ length: 30 }, (_, i) => only(callers, i % 3).call('fetchText', `${url}/`)).concat(
      bodyOf('/')
    )
  )
  assert.equal(await leaving.call('executions'), before)
})

test('a sender that never joined holds no barrier up', async t => {
  const { fleet, workers } = await staff(t, 1)
  fleet.registry.admit({ name: 'never', hostname: null })
  await only(workers).member.withdraw()
  await only(workers).member.publish()
  assert.equal(await bodyOf('/'), 'ok')
})

test('a sender that died holds no barrier up', async t => {
  const { fleet, workers } = await staff(t, 1)
  const caller = await fleet.start(null, './plain.ts')
  await caller.kill()
  await only(workers).member.withdraw()
  await only(workers).member.publish()
  assert.equal(await bodyOf('/'), 'ok')
})

test('drained() says whether requests are left, and waits for them', async t => {
  const { workers } = await staff(t, 1)
  const worker = only(workers)
  assert.equal(await worker.member.drained(0), true)
  const held = bodyOf('/hold')
  await worker.call('holding', 1)
  assert.equal(worker.member.inflight(), 1)
  await worker.member.withdraw()
  assert.equal(await worker.member.drained(20), false)
  const drained = worker.member.drained(10_000)
  await worker.call('release')
  assert.equal(await held, 'released')
  assert.equal(await drained, true)
})

test('an ejected worker gets nothing until it is back', async t => {
  const { workers } = await staff(t, 2)
  const [one, two] = [only(workers), only(workers, 1)]
  one.member.eject(true)
  for (let i = 0; i < 10; i++) await bodyOf('/')
  assert.equal(await one.call('executions'), 0)
  assert.equal(await two.call('executions'), 10)
  two.member.eject(true)
  assert.equal((await codeOf(bodyOf('/'))).code, 'MESH_NO_UPSTREAM')
  one.member.eject(false)
  for (let i = 0; i < 5; i++) await bodyOf('/')
  assert.equal(await one.call('executions'), 5)
})

test('requests a removed worker had not begun are answered by another, whatever the method', async t => {
  const { workers } = await staff(t, 2)
  const [stuck, free] = [only(workers), only(workers, 1)]
  free.member.eject(true)
  await bodyOf('/')
  const release = await stuck.stick()
  const sent = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map(method => bodyOf('/', method))
  await new Promise(resolve => setImmediate(resolve))
  free.member.eject(false)
  stuck.member.remove()
  assert.deepEqual(await Promise.all(sent), ['ok', 'ok', 'ok', 'ok', 'ok'])
  assert.equal(await free.call('executions'), 5)
  await release()
  assert.equal(await stuck.call('executions'), 1)
})

test('a begun GET of a removed worker is sent again, a begun POST is not', async t => {
  const { workers } = await staff(t, 2)
  const [lost, free] = [only(workers), only(workers, 1)]
  free.member.eject(true)
  const get = bodyOf('/hold')
  const post = codeOf(bodyOf('/hold', 'POST'))
  await lost.call('holding', 2)
  free.member.eject(false)
  lost.member.remove()
  await lost.kill()
  assert.deepEqual(await post, { code: 'MESH_UPSTREAM_LOST', begun: true })
  await free.call('holding', 1)
  await free.call('release')
  assert.equal(await get, 'released')
})

test('a response that was seen is not begun again when its worker dies', async t => {
  const { workers } = await staff(t, 2)
  const [lost, free] = [only(workers), only(workers, 1)]
  free.member.eject(true)
  const { body } = await request(`${url}/begin`, { dispatcher })
  await once(body, 'readable')
  free.member.eject(false)
  await lost.kill()
  assert.equal((await codeOf(body.text())).code, 'MESH_UPSTREAM_LOST')
  assert.equal(await free.call('executions'), 0)
})

test('requests a stuck worker has not begun are answered elsewhere, and run once', async t => {
  const { workers } = await staff(t, 2)
  const [stuck, free] = [only(workers), only(workers, 1)]
  await bodyOf('/')
  await bodyOf('/')
  const before = Number(await stuck.call('executions'))
  const elsewhere = Number(await free.call('executions'))
  const release = await stuck.stick()
  const bodies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => bodyOf('/', i % 2 === 0 ? 'POST' : 'GET'))
  )
  assert.deepEqual(new Set(bodies), new Set(['ok']))
  assert.equal(await free.call('executions'), elsewhere + 20)
  await release()
  await inflightIsZero(workers)
  assert.equal(await stuck.call('executions'), before)
})

test('a caller that was busy past a deadline takes the answer that is there', async t => {
  const clock = stopClock(t)
  const closed = new Int32Array(new SharedArrayBuffer(4))
  const { workers } = await staff(t, 1, closed)
  await bodyOf('/')
  const answers = [1, 2, 3].map(() => request(url, { dispatcher, headersTimeout: 30_000 }))
  // They leave at the end of this tick; the answers come while this thread does something else.
  await new Promise(resolve => setImmediate(resolve))
  for (let seen = 0; seen < 4; seen = Atomics.load(closed, 0)) Atomics.wait(closed, 0, seen)
  clock.pass(60_000)
  const bodies = await Promise.all(answers.map(async answer => (await answer).body.text()))
  assert.deepEqual(bodies, ['ok', 'ok', 'ok'])
  assert.equal(only(workers).member.counts().lost, 0)
})

test('the heartbeat of a stuck worker ages, that of another does not', async t => {
  const { workers } = await staff(t, 2)
  const [stuck, free] = [only(workers), only(workers, 1)]
  const release = await stuck.stick()
  while (stuck.member.heartbeatAge() < 600 || free.member.heartbeatAge() > 300) {
    await new Promise(resolve => setImmediate(resolve))
  }
  await release()
})

test('a handler that throws ends its worker, and its request is lost', async t => {
  const fleet = new Fleet(t)
  dispatcher = fleet.dispatcher()
  const worker = await fleet.start('api', './throwing.ts')
  const gone = new Promise(resolve => worker.worker.once('exit', resolve))
  assert.deepEqual(await codeOf(bodyOf('/', 'POST')), { code: 'MESH_UPSTREAM_LOST', begun: true })
  await gone
  assert.match(String(worker.errors[0]), /thrown by the handler/)
})

test('a request that ends whoever answers it takes two workers with it, not all of them', async t => {
  const fleet = new Fleet(t)
  dispatcher = fleet.dispatcher()
  const workers = await Promise.all([1, 2, 3, 4].map(() => fleet.start('api', './throwing.ts')))
  const gone = workers.map(({ worker }) => new Promise(resolve => worker.once('exit', resolve)))
  assert.deepEqual(await codeOf(bodyOf('/')), { code: 'MESH_UPSTREAM_LOST', begun: true })
  // The other two are there to begin the next one.
  assert.deepEqual(await codeOf(bodyOf('/')), { code: 'MESH_UPSTREAM_LOST', begun: true })
  await Promise.all(gone)
})

test('the requests in flight spread evenly over all workers', async t => {
  const { workers } = await staff(t, 4)
  everybodyTurns(t)
  const held = Array.from({ length: 40 }, () => bodyOf('/hold'))
  await Promise.all(workers.map(worker => worker.call('holding', 10)))
  assert.deepEqual(
    workers.map(({ member }) => member.inflight()),
    [10, 10, 10, 10]
  )
  await Promise.all(workers.map(worker => worker.call('release')))
  await Promise.all(held)
  await inflightIsZero(workers)
})

test('the spread is even over several senders too', async t => {
  const { fleet, workers } = await staff(t, 2)
  const callers = await Promise.all([1, 2].map(() => fleet.start(null, './plain.ts')))
  await Promise.all(callers.map(caller => caller.call('takeNobodyForLate')))
  const held: Promise<unknown>[] = []
  for (let i = 0; i < 12; i++) {
    held.push(only(callers, i % 2).call('fetchText', `${url}/hold`))
    const total = i + 1
    while (workers.reduce((sum, { member }) => sum + member.inflight(), 0) < total) {
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  assert.deepEqual(
    workers.map(({ member }) => member.inflight()),
    [6, 6]
  )
  await Promise.all(workers.map(worker => worker.call('holding', 6)))
  await Promise.all(workers.map(worker => worker.call('release')))
  await Promise.all(held)
})

test('the in-flight count of a sender that dies is taken off', async t => {
  const { fleet, workers } = await staff(t, 1)
  const caller = await fleet.start(null, './plain.ts')
  void caller.call('fetchText', `${url}/hold`).catch(() => undefined)
  await only(workers).call('holding', 1)
  await caller.kill()
  await inflightIsZero(workers)
  assert.equal(await only(workers).call('closed', 1), 1)
})

test('a member that leaves fails what it has in flight, and sends nothing more', async t => {
  const { fleet, workers } = await staff(t, 1)
  const { mesh } = fleet.join()
  const answer = new Promise<Error & { code?: string }>(resolve => {
    mesh.client.send(
      {
        hostname: 'api',
        method: 'POST',
        path: '/hold',
        headers: 'host: api\r\n',
        flags: 0,
        body: null,
        peer: null,
        timeoutMs: 0,
        idempotent: false,
        accept: null
      },
      {
        onInformation: () => undefined,
        onHead: () => resolve(new Error('answered')),
        onData: () => undefined,
        onEnd: () => undefined,
        onError: resolve,
        onWritable: () => undefined
      }
    )
  })
  await only(workers).call('holding', 1)
  mesh.leave()
  mesh.leave()
  assert.equal((await answer).code, 'MESH_UPSTREAM_LOST')
  await inflightIsZero(workers)
})
