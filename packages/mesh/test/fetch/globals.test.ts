/** What installing the mesh's globals changes in a thread, what it does not load, and that it can be undone. */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Agent } from 'node:http'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Agent as UndiciAgent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'

import { Fleet } from '../fixtures/fleet.ts'

const slots = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map(name => Symbol.for(name))

/** All that is installed into. */
function globals(): unknown[] {
  return [
    Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    ...slots.map(slot => Object.getOwnPropertyDescriptor(globalThis, slot)),
    net.connect,
    net.createConnection,
    Object.getOwnPropertyDescriptor(Agent.prototype, 'createConnection')?.value
  ]
}

async function open(t: TestContext): Promise<{ fleet: Fleet; url: string }> {
  const fleet = new Fleet(t)
  await fleet.start('api', '../fetch/origin.ts')
  return { fleet, url: 'http://api.heddle.local/' }
}

test('a thread that leaves has the globals it had before', async t => {
  const { fleet, url } = await open(t)
  await fetch('data:,')
  const before = globals()
  const { mesh } = fleet.join()
  mesh.installGlobals()
  mesh.installGlobals()
  const ours = fetch
  assert.notDeepEqual(globals(), before)
  assert.equal(await (await fetch(url)).text(), 'ok')
  mesh.leave()
  mesh.leave()
  assert.deepEqual(globals(), before)
  // Whoever kept ours reaches what was there before.
  assert.equal(await (await ours('data:,kept')).text(), 'kept')
})

test('what was put over ours stays when the thread leaves, and still works', async t => {
  const { fleet, url } = await open(t)
  const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch') ?? {}
  t.after(() => Object.defineProperty(globalThis, 'fetch', before))
  const { mesh } = fleet.join()
  mesh.installGlobals()
  const ours = fetch
  const over: typeof fetch = (...args) => ours(...args)
  globalThis.fetch = over
  assert.equal(await (await fetch(url)).text(), 'ok')
  mesh.leave()
  assert.equal(globalThis.fetch, over)
  assert.equal(await (await fetch('data:,over')).text(), 'over')
})

test('fetch looks as it did, and can be replaced and deleted', async t => {
  const { fleet } = await open(t)
  const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch') ?? {}
  t.after(() => Object.defineProperty(globalThis, 'fetch', before))
  fleet.join().mesh.installGlobals()
  const { value, ...flags } = Object.getOwnPropertyDescriptor(globalThis, 'fetch') ?? {}
  const { value: own, ...ownFlags } = before
  assert.deepEqual(flags, ownFlags)
  assert.deepEqual(
    [(value as typeof fetch).name, (value as typeof fetch).length],
    ['fetch', (own as typeof fetch).length]
  )
  assert.equal(Reflect.deleteProperty(globalThis, 'fetch'), true)
  assert.equal('fetch' in globalThis, false)
})

test('a dispatcher the application sets is asked, also for hosts of the mesh', async t => {
  const { fleet, url } = await open(t)
  const before = getGlobalDispatcher()
  t.after(() => setGlobalDispatcher(before))
  fleet.join().mesh.installGlobals()
  const asked: string[] = []
  setGlobalDispatcher(
    new UndiciAgent().compose(dispatch => (options, handler) => {
      asked.push(String(options.origin))
      return dispatch(options, handler)
    })
  )
  assert.equal(await (await fetch(url)).text(), 'ok')
  assert.deepEqual(asked, ['http://api.heddle.local'])
})

test('the short path does not load undici until somebody looks at the class of a response', async t => {
  const worker = new Worker(new URL('./unloaded.ts', import.meta.url))
  t.after(() => worker.terminate())
  const [seen] = (await once(worker, 'message')) as [unknown]
  assert.deepEqual(seen, {
    type: 'text/plain',
    text: '{"a":1}',
    body: { a: 1 },
    before: false,
    classes: [true, true, true],
    after: true
  })
})

/** Names of what undici's channels told, in their order, while `act` ran. */
async function told(act: () => Promise<unknown>, onCreate?: (request: never) => void): Promise<string[]> {
  const names: string[] = []
  const listeners = ['create', 'bodySent', 'headers', 'trailers', 'error'].map(name => {
    const listener = (message: unknown): void => {
      names.push(name)
      if (name === 'create') onCreate?.((message as { request: never }).request)
    }
    subscribe(`undici:request:${name}`, listener)
    return () => unsubscribe(`undici:request:${name}`, listener)
  })
  try {
    await act()
  } finally {
    for (const stop of listeners) stop()
  }
  return names
}

test('subscribers of undici\u2019s channels are told, and the headers they add are sent', async t => {
  const { fleet, url } = await open(t)
  fleet.join().mesh.installGlobals()
  let seen = ''
  const names = await told(
    async () => {
      const init = { method: 'POST', body: 'text', headers: { 'x-own': '1' } }
      seen = await (await fetch(`${url}echo`, init)).text()
    },
    (request: { addHeader(name: string, value: string): void }) => request.addHeader('traceparent', 'added')
  )
  assert.deepEqual(names, ['create', 'bodySent', 'headers', 'trailers'])
  assert.match(seen, /"traceparent","added"/)
  assert.match(seen, /"x-own","1"/)
  assert.match(seen, /"body":"text"/)
})

test('subscribers are told once of a call that fails, is aborted or is given up', async t => {
  const { fleet, url } = await open(t)
  fleet.join().mesh.installGlobals()
  const ends: { readonly [name: string]: () => Promise<unknown> } = {
    fails: () => assert.rejects(fetch('http://nobody.heddle.local/')),
    'is aborted': async () => {
      const control = new AbortController()
      const { body } = await fetch(`${url}begin`, { signal: control.signal })
      control.abort()
      await assert.rejects(body?.getReader().read() ?? Promise.resolve())
    },
    'is given up': async () => (await fetch(`${url}begin`)).body?.cancel()
  }
  for (const [name, act] of Object.entries(ends)) {
    const names = await told(act)
    assert.deepEqual(
      names.filter(each => each === 'error' || each === 'trailers'),
      ['error'],
      name
    )
  }
})
