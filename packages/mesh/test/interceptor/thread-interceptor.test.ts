/** Routes of a thread interceptor: who is ready when, who gets what, and what is left when they go. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'

import { ask, call, codeOf, open, said, start } from '../fixtures/interceptor/crew.ts'
import { everybodyTurns } from '../fixtures/turning.ts'

test('requests for one hostname go to its workers in turn', async t => {
  everybodyTurns(t)
  const { interceptor, agent } = open(t)
  for (const name of ['one', 'two', 'three']) {
    await interceptor.route('api', start(t, 'wired.ts', { workerData: { name } }))
  }
  const names: string[] = []
  for (let i = 0; i < 7; i++) names.push(await ask(agent, 'http://api.local/'))
  assert.deepEqual(names, ['one', 'two', 'three', 'one', 'two', 'three', 'one'])
})

test('turns go in the order of route(), whoever is ready first, and a route that comes back is the last', async t => {
  everybodyTurns(t)
  const { interceptor, agent } = open(t)
  const workers = ['one', 'two', 'three'].map((name, i) =>
    start(t, 'wired.ts', { workerData: { name, when: i === 0 ? 'later' : 'now' } })
  ) as [Worker, Worker, Worker]
  const routed = workers.map(worker => interceptor.route('api', worker))
  await Promise.all(routed.slice(1))
  await call(workers[0], 'wire')
  await Promise.all(routed)
  const order = async (count: number): Promise<string> => {
    const names: string[] = []
    for (let i = 0; i < count; i++) names.push(await ask(agent, 'http://api.local/'))
    return names.join(' ')
  }
  assert.equal(await order(3), 'one two three')
  await interceptor.unroute('api', workers[1])
  await interceptor.route('api', workers[1])
  assert.equal(await order(3), 'one three two')
})

test('a wired worker without a server says nothing of its own accord, and is found nevertheless', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { name: 'it', when: 'later', listenFirst: true } })
  const messages: unknown[] = []
  worker.on('message', (message: { type?: unknown }) => messages.push(message.type))
  await said(worker, 'up')
  const routed = interceptor.route('api', worker)
  assert.deepEqual(await call(worker, 'foreign'), ['heddle.mesh.ask'])
  await call(worker, 'wireUnready')
  assert.ok(!messages.includes('heddle.mesh.hello'))
  await said(worker, 'connected')
  await call(worker, 'ready')
  await routed
  assert.equal(await ask(agent, 'http://api.local/'), 'it')
})

test('a hostname is the same in any case, with or without the domain, whatever the port', async t => {
  const { interceptor, agent } = open(t, { domain: 'LOCAL' })
  await interceptor.route('Api.Local', start(t, 'wired.ts', { workerData: { name: 'it' } }))
  for (const url of [
    'http://api.local',
    'http://API.LOCAL/',
    'http://api.local:8080/',
    'https://api.local/'
  ]) {
    assert.equal(await ask(agent, url), 'it', url)
  }
  const { host } = JSON.parse(await ask(agent, 'http://api.local:8080/headers')) as { host: string }
  assert.equal(host, 'api.local:8080')
})

test('hosts outside the domain go to the next dispatcher, unknown ones inside it fail', async t => {
  const { interceptor, agent } = open(t)
  await interceptor.route('api', start(t))
  const server = createServer((_req, res) => res.end('network'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  assert.equal(await ask(agent, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`), 'network')
  assert.equal(await codeOf(ask(agent, 'http://nobody.local/')), 'MESH_UNKNOWN_HOST')
})

for (const listenFirst of [false, true]) {
  for (const when of ['now', 'later']) {
    for (const first of ['route', 'wire']) {
      test(`route() resolves: wire() ${when}, ${first} first, the application listens ${listenFirst ? 'before' : 'after'} it`, async t => {
        const { interceptor, agent } = open(t)
        const worker = start(t, 'wired.ts', { workerData: { name: 'it', when, listenFirst } })
        if (first === 'wire') {
          await said(worker, 'up')
          if (when === 'later') await call(worker, 'wire')
        }
        const routed = interceptor.route('api', worker)
        if (first === 'route' && when === 'later') {
          await said(worker, 'up')
          await call(worker, 'wire')
        }
        await routed
        assert.equal(await ask(agent, 'http://api.local/'), 'it')
      })
    }
  }
}

test('route() waits for a server; a worker without one is passed over', async t => {
  everybodyTurns(t)
  const { interceptor, agent } = open(t)
  const [one, two] = ['one', 'two'].map(name =>
    start(t, 'wired.ts', { workerData: { name, when: name === 'two' ? 'unready' : 'now' } })
  ) as [ReturnType<typeof start>, ReturnType<typeof start>]
  await interceptor.route('api', one)
  let ready = false
  const routed = interceptor.route('api', two).then(() => (ready = true))
  for (let i = 0; i < 4; i++) assert.equal(await ask(agent, 'http://api.local/'), 'one')
  assert.equal(ready, false)
  await call(two, 'ready')
  await routed
  assert.deepEqual(
    new Set([await ask(agent, 'http://api.local/'), await ask(agent, 'http://api.local/')]),
    new Set(['one', 'two'])
  )
  await call(two, 'unready')
  assert.equal(
    await call(two, 'replaceUndefined').catch((error: Error) => error.message),
    'MESH_INVALID_OPTION'
  )
})

test('replaceServer() exchanges what answers', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { name: 'first' } })
  await interceptor.route('api', worker)
  assert.equal(await ask(agent, 'http://api.local/'), 'first')
  await call(worker, 'answerAs', 'second')
  assert.equal(await ask(agent, 'http://api.local/'), 'second')
})

test('a worker that says it listens elsewhere is reached over the network, and balanced with threads', async t => {
  const { interceptor, agent } = open(t)
  const [one, two] = ['one', 'two'].map(name => start(t, 'wired.ts', { workerData: { name } })) as [
    ReturnType<typeof start>,
    ReturnType<typeof start>
  ]
  await interceptor.route('api', [one, two])
  await call(two, 'listen')
  const names = new Set<string>()
  while (names.size < 2) names.add(await ask(agent, 'http://api.local/'))
  for (let i = 0; i < 6; i++) names.add(await ask(agent, 'http://api.local/'))
  assert.deepEqual(names, new Set(['one', 'two']))
  await call(two, 'ready')
  assert.equal((await ask(agent, 'http://api.local/')).length, 3)
})

test('an address is routed without a thread', async t => {
  const { interceptor, agent } = open(t)
  const server = createServer((req, res) => res.end(`network for ${req.headers.host}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await interceptor.route('far', `${address}/`)
  assert.equal(await ask(agent, 'http://far.local/'), 'network for far.local')
  await interceptor.unroute('far', address)
  assert.equal(await codeOf(ask(agent, 'http://far.local/')), 'MESH_UNKNOWN_HOST')
})

test('every wired thread reaches every other, and itself, by any of its clients', async t => {
  const { interceptor } = open(t)
  const [one, two] = ['one', 'two'].map(name => start(t, 'wired.ts', { workerData: { name } })) as [
    ReturnType<typeof start>,
    ReturnType<typeof start>
  ]
  await Promise.all([interceptor.route('one', one), interceptor.route('two', two)])
  for (const how of ['fetch', 'undici', 'http']) {
    assert.equal(await call(one, 'relay', how, 'http://two.local/'), 'two', how)
    assert.equal(await call(two, 'relay', how, 'http://one.local/'), 'one', how)
    assert.equal(await call(one, 'relay', how, 'http://one.local/'), 'one', how)
  }
})

test('onChannelCreation keeps two from calling each other, and is asked once for each pair', async t => {
  const pairs: string[] = []
  const { interceptor, agent } = open(t, {
    onChannelCreation: (first, second) => {
      pairs.push(`${first} ${second}`)
      return [first, second].includes('three')
    }
  })
  const workers = new Map<string, ReturnType<typeof start>>()
  for (const name of ['One', 'Two', 'Three']) {
    const worker = start(t, 'wired.ts', { workerData: { name } })
    workers.set(name, worker)
    await interceptor.route(name, worker)
  }
  assert.deepEqual(pairs, ['one two', 'one three', 'two three'])
  assert.equal(await ask(agent, 'http://one.local/via/fetch/two'), 'failed: MESH_DENIED')
  assert.equal(await ask(agent, 'http://two.local/via/undici/one'), 'failed: MESH_DENIED')
  assert.equal(await ask(agent, 'http://one.local/via/undici/three'), 'Three')
  assert.equal(await ask(agent, 'http://three.local/via/fetch/two'), 'Two')
  assert.equal(await ask(agent, 'http://one.local/via/fetch/one'), 'One')
})

test('one worker answers for several hostnames, until one is taken from it', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { name: 'it' } })
  await interceptor.route('a', worker)
  await interceptor.addRoute('b', worker)
  assert.deepEqual([await ask(agent, 'http://a.local/'), await ask(agent, 'http://b.local/')], ['it', 'it'])
  await interceptor.unroute('a', worker)
  assert.equal(await codeOf(ask(agent, 'http://a.local/')), 'MESH_UNKNOWN_HOST')
  assert.equal(await ask(agent, 'http://b.local/'), 'it')
  assert.equal(await call(worker, 'relay', 'fetch', 'http://b.local/'), 'it')
})

test('unroute() resolves when what was in flight has been answered, and nothing follows; the route can come back', async t => {
  const { interceptor, agent } = open(t)
  const [worker, other] = [start(t, 'wired.ts', { workerData: { name: 'it' } }), start(t)]
  await Promise.all([interceptor.route('api', worker), interceptor.route('other', other)])
  const answer = ask(agent, 'http://api.local/hold')
  await call(worker, 'holding', 1)
  let unrouted = false
  const unroute = interceptor.unroute('api', worker).then(() => (unrouted = true))
  assert.match(String(await codeOf(ask(agent, 'http://api.local/'))), /MESH_(NO_UPSTREAM|UNKNOWN_HOST)/)
  assert.equal(unrouted, false)
  await call(worker, 'release')
  assert.equal(await answer, 'it')
  await unroute
  assert.equal(await call(other, 'relay', 'undici', 'http://api.local/'), 'failed: MESH_UNKNOWN_HOST')
  // It has lost its route, not its place in the mesh.
  assert.notEqual(await call(worker, 'relay', 'fetch', 'http://other.local/'), '')
  await interceptor.removeRoute('api', worker)
  await interceptor.route('api', worker)
  assert.equal(await ask(agent, 'http://api.local/'), 'it')
  assert.equal(await call(other, 'relay', 'undici', 'http://api.local/'), 'it')
})

test('unroute() of one of two hostnames waits for its own requests only', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { name: 'it' } })
  await interceptor.route('a', worker)
  await interceptor.route('b', worker)
  const [a, b] = [ask(agent, 'http://a.local/hold'), ask(agent, 'http://b.local/hold')]
  await call(worker, 'holding', 2)
  await interceptor.unroute('c', worker)
  let unrouted = false
  const unroute = interceptor.unroute('a', worker).then(() => (unrouted = true))
  assert.equal(await codeOf(ask(agent, 'http://nobody.local/')), 'MESH_UNKNOWN_HOST')
  assert.equal(unrouted, false)
  await call(worker, 'release')
  assert.deepEqual([await a, await b], ['it', 'it'])
  await unroute
})

test('a route taken away before it was ready resolves, and stays away', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { when: 'later' } })
  const routed = interceptor.route('api', worker)
  await interceptor.unroute('api', worker)
  await routed
  await call(worker, 'wire')
  assert.equal(await codeOf(ask(agent, 'http://api.local/')), 'MESH_UNKNOWN_HOST')
})

test('route() rejects when the worker ends first, with its exit code and its error', async t => {
  const { interceptor } = open(t)
  const worker = start(t, 'failing.ts')
  const failed = once(worker, 'error')
  const reason: unknown = await interceptor.route('api', worker).catch((error: unknown) => error)
  const { code, detail, cause } = reason as { code: string; detail: object; cause: Error }
  assert.deepEqual([code, detail], ['MESH_WORKER_EXITED', { host: 'api', exitCode: 1 }])
  assert.match(cause.message, /before it was wired/)
  await failed
  assert.equal(await codeOf(interceptor.route('api', worker)), 'MESH_WORKER_EXITED')
})

test('route() rejects when a worker is not wired, or not ready, in time; nobody has to look', async t => {
  const { interceptor } = open(t, { connectionTimeout: 50 })
  const worker = start(t, 'wired.ts', { workerData: { when: 'later' } })
  await said(worker, 'up')
  const late = await interceptor.route('api', worker).catch((error: { detail: object }) => error.detail)
  assert.deepEqual(late, { host: 'api', afterMs: 50, wired: false })
  void interceptor.route('api', worker)
  const other = open(t, { connectionTimeout: 60_000, readyTimeout: 50 })
  const unready = start(t, 'wired.ts', { workerData: { when: 'unready' } })
  await said(unready, 'up')
  const never = await other.interceptor
    .route('api', unready)
    .catch((error: { detail: object }) => error.detail)
  assert.deepEqual(never, { host: 'api', afterMs: 50, wired: true })
})
