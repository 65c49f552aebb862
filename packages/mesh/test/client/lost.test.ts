/** What becomes of a request whose upstream goes away, seen by its sender. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { Exchange } from '../../src/client/exchange.ts'
import { Registry, joinMesh, type Mesh } from '../../src/index.ts'
import { MORE } from '../../src/wire/frames.ts'

interface Sent {
  readonly exchange: Exchange
  readonly seen: string[]
  /** Resolves with the first thing the handler is told. */
  readonly first: Promise<void>
}

function put(mesh: Mesh, flags: number): Sent {
  const seen: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const note = (what: string): void => {
    seen.push(what)
    resolve()
  }
  const request = { hostname: 'a', method: 'PUT', path: '/', headers: '', flags, body: null, peer: null }
  const exchange = mesh.client.send(
    { ...request, timeoutMs: 0, idempotent: true, accept: null },
    {
      onHead: ({ status }) => note(`head ${status}`),
      onError: error => note(`error ${error.message}`),
      onInformation: () => note('information'),
      onData: () => note('data'),
      onEnd: () => note('end'),
      onWritable: () => note('writable')
    }
  )
  return { exchange, seen, first: promise }
}

/** Two upstreams of `a` and a caller, all in this thread. `runs` counts what the upstreams were given. */
async function start(t: TestContext): Promise<{ caller: Mesh; upstreams: Mesh[]; runs: number[] }> {
  const registry = new Registry({ domain: 'test.local' })
  t.after(() => registry.close())
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  const runs = [0, 0]
  const upstreams: Mesh[] = []
  for (const index of [0, 1]) {
    const { ticket, member } = registry.admit({ name: `a:${index}`, hostname: 'a' })
    const mesh = joinMesh(ticket)
    t.after(() => mesh.leave())
    mesh.serve((_req, res) => {
      runs[index] = (runs[index] ?? 0) + 1
      res.end()
    })
    upstreams.push(mesh)
    await member.publish()
  }
  return { caller, upstreams, runs }
}

test('a request that was answered before its upload was complete is over when its upstream goes', async t => {
  const { caller, upstreams, runs } = await start(t)
  const answered = put(caller, MORE)
  await answered.first
  assert.deepEqual(answered.seen, ['head 200'])
  const used = runs.indexOf(1)
  upstreams[used]?.leave()
  // Whatever the loss sets off has been set off before the other upstream's answer is here.
  const later = put(caller, 0)
  await later.first
  assert.deepEqual(answered.seen, ['head 200'])
  assert.equal(runs[used], 1)
  assert.deepEqual(later.seen, ['head 200'])
  assert.equal(runs[1 - used], 1)
})

test('an upload that waits for an upstream that has answered goes on when that upstream goes', async t => {
  const { caller, upstreams, runs } = await start(t)
  const answered = put(caller, MORE)
  await answered.first
  while (answered.exchange.write(3, new Uint8Array(64 * 1024))) {
    // Until the window is used up.
  }
  upstreams[runs.indexOf(1)]?.leave()
  await put(caller, 0).first
  assert.deepEqual(answered.seen, ['head 200', 'writable'])
})

test('Exchange.abort() of a request no upstream was found for is the last of it', async t => {
  const registry = new Registry({ domain: 'test.local' })
  t.after(() => registry.close())
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  const aborted = put(caller, 0)
  aborted.exchange.abort('not wanted')
  await put(caller, 0).first
  assert.deepEqual(aborted.seen, [])
})
