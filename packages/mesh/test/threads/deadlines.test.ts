/** A deadline travels: to a server that comes too late, and to what a handler calls meanwhile. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { test, type TestContext } from 'node:test'

import type { MeshRequest } from '../../src/client/exchange.ts'
import { MeshError, Registry, joinMesh, type Mesh } from '../../src/index.ts'
import { stopClock } from '../fixtures/clock.ts'

const base: MeshRequest = {
  hostname: '',
  method: 'GET',
  path: '/',
  headers: 'host: x\r\n',
  flags: 0,
  body: null,
  peer: null,
  timeoutMs: 0,
  idempotent: true,
  accept: null
}

function call(mesh: Mesh, request: Partial<MeshRequest>): Promise<number> {
  return new Promise((resolve, reject) => {
    mesh.client.send(
      { ...base, ...request },
      {
        onHead: ({ status }) => resolve(status),
        onError: reject,
        onInformation: () => {},
        onData: () => {},
        onEnd: () => {},
        onWritable: () => {}
      }
    )
  })
}

interface House {
  readonly registry: Registry
  open(hostname: string, listener: RequestListener): Promise<Mesh>
}

function build(t: TestContext): House {
  const registry = new Registry({ domain: 'test.local' })
  t.after(() => registry.close())
  return {
    registry,
    open: async (hostname, listener) => {
      const { ticket, member } = registry.admit({ name: hostname, hostname })
      const mesh = joinMesh(ticket)
      t.after(() => mesh.leave())
      mesh.serve(createServer(listener))
      await member.publish()
      return mesh
    }
  }
}

function timeoutOf(error: unknown): number | null {
  const timeout = error instanceof MeshError && error.code === 'MESH_TIMEOUT'
  return timeout ? (error as MeshError<'MESH_TIMEOUT'>).detail.afterMs : null
}

test('a request whose caller has stopped waiting is not begun', async t => {
  const clock = stopClock(t)
  const house = build(t)
  const runs: string[] = []
  const upstream = await house.open('slow', (request, response) => {
    runs.push(String(request.url))
    response.end()
    // This thread does not come to the next request in time.
    if (request.url === '/block') clock.pass(60_000)
  })
  const first = call(upstream, { hostname: 'slow', path: '/block' })
  const late = call(upstream, { hostname: 'slow', path: '/late', timeoutMs: 20_000 })
  const isLate = assert.rejects(late, error => timeoutOf(error) === 20_000)
  const untimed = call(upstream, { hostname: 'slow', path: '/untimed' })
  assert.equal(await first, 200)
  await isLate
  assert.equal(await untimed, 200)
  assert.deepEqual(runs, ['/block', '/untimed'])
  // The slot of the passed-over request is in use again without harm.
  assert.equal(await call(upstream, { hostname: 'slow', path: '/after', timeoutMs: 60_000 }), 200)
})

test('what a handler calls waits no longer than its own caller', async t => {
  const clock = stopClock(t)
  const house = build(t)
  const deep = Promise.withResolvers<unknown>()
  await house.open('deep', () => {
    // Never answers.
  })
  const front = await house.open('front', (_request, response) => {
    clock.pass(10_000)
    const waited = call(front, { hostname: 'deep', timeoutMs: 60_000 })
    // Its own time is not over, but that of its caller is.
    clock.pass(20_001)
    waited.then(deep.resolve, deep.resolve)
    void waited.catch(() => response.end())
  })
  const outer = call(front, { hostname: 'front', timeoutMs: 30_000 }).catch(timeoutOf)
  const allowed = timeoutOf(await deep.promise)
  // The clock all threads share has fractions of a millisecond.
  assert.ok(allowed !== null && Math.abs(allowed - 20_000) <= 1, String(allowed))
  assert.ok([200, 30_000].includes((await outer) ?? 0))
})

test('a request whose handler fails is broken off, and no other', async t => {
  const house = build(t)
  const outcomes: boolean[] = []
  const answers = Promise.withResolvers<void>()
  const mesh = await house.open('house', (request, response) => {
    if (request.url === '/other') void answers.promise.then(() => response.end())
    else if (request.url === '/answered') response.end(() => setImmediate(fail))
    else setImmediate(fail)
  })
  const fail = (): void => {
    outcomes.push(mesh.breakOffCurrent('its handler threw'))
    if (outcomes.length === 3) answers.resolve()
  }
  const other = call(mesh, { hostname: 'house', path: '/other', timeoutMs: 60_000 })
  assert.equal(await call(mesh, { hostname: 'house', path: '/answered', timeoutMs: 60_000 }), 200)
  const failing = call(mesh, { hostname: 'house', path: '/failing', timeoutMs: 60_000 })
  await assert.rejects(failing, error => {
    assert.ok(error instanceof MeshError && error.code === 'MESH_RESPONSE_ABORTED')
    assert.match(error.message, /its handler threw/)
    return true
  })
  fail()
  assert.equal(await other, 200)
  assert.deepEqual(outcomes, [false, true, false])
})

test('a call made after the deadline fails at once', async t => {
  const clock = stopClock(t)
  const house = build(t)
  const result = Promise.withResolvers<unknown>()
  await house.open('deep', (_request, response) => response.end())
  const front = await house.open('front', () => {
    clock.pass(60_000)
    call(front, { hostname: 'deep' }).then(result.resolve, result.resolve)
  })
  const outer = call(front, { hostname: 'front', timeoutMs: 30_000 })
  assert.equal(timeoutOf(await result.promise), 0)
  await assert.rejects(outer, error => timeoutOf(error) === 30_000)
})

test('what a handler left running after its answer is under no deadline any more', async t => {
  const clock = stopClock(t)
  const house = build(t)
  const later = Promise.withResolvers<unknown>()
  const answered = Promise.withResolvers<void>()
  await house.open('deep', (_request, response) => response.end())
  const followUp = async (): Promise<void> => {
    await answered.promise
    clock.pass(60_000)
    call(front, { hostname: 'deep' }).then(later.resolve, later.resolve)
  }
  const front = await house.open('front', (_request, response) => {
    response.end()
    void followUp()
  })
  assert.equal(await call(front, { hostname: 'front', timeoutMs: 30_000 }), 200)
  answered.resolve()
  assert.equal(await later.promise, 200)
})
