/** What becomes of routes when threads pause, close, die, or take another form; and what is refused. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'

import * as undici from 'undici'
import * as undici7 from 'undici7'

import { createThreadInterceptor, wire } from '../../src/index.ts'
import { ask, call, codeOf, open, start } from '../fixtures/interceptor/crew.ts'
import { everybodyTurns } from '../fixtures/turning.ts'

test('pause() and resume() take a worker out of one hostname and back', async t => {
  const { interceptor, agent } = open(t)
  const [one, two] = ['one', 'two'].map(name => start(t, 'wired.ts', { workerData: { name } })) as [
    ReturnType<typeof start>,
    ReturnType<typeof start>
  ]
  await interceptor.route('api', [one, two])
  await interceptor.route('also', one)
  await interceptor.pause('api', one)
  for (let i = 0; i < 4; i++) assert.equal(await ask(agent, 'http://api.local/'), 'two')
  assert.equal(await ask(agent, 'http://also.local/'), 'one')
  await interceptor.pause('api', two)
  assert.equal(await codeOf(ask(agent, 'http://api.local/')), 'MESH_NO_UPSTREAM')
  await interceptor.resume('api', one)
  for (let i = 0; i < 4; i++) assert.equal(await ask(agent, 'http://api.local/'), 'one')
})

test('close() lets all workers finish, at the same time, and lets them end; restart() takes routes again', async t => {
  everybodyTurns(t)
  const { interceptor, agent } = open(t)
  const workers = ['one', 'two'].map(name => start(t, 'quiet.ts', { workerData: { name } }))
  await interceptor.route('api', workers)
  const answers = [ask(agent, 'http://api.local/slow'), ask(agent, 'http://api.local/slow')]
  const exits = Promise.all(workers.map(worker => once(worker, 'exit')))
  await Promise.all([once(workers[0] as never, 'message'), once(workers[1] as never, 'message')])
  const closing = interceptor.close()
  assert.equal(await codeOf(interceptor.route('api', start(t))), 'MESH_CLOSED')
  for (const worker of workers) worker.postMessage('go on')
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one', 'two']))
  await closing
  await exits
  assert.equal(await codeOf(ask(agent, 'http://api.local/')), 'MESH_CLOSED')
  interceptor.restart()
  const next = start(t, 'wired.ts', { workerData: { name: 'next' } })
  await interceptor.route('api', next)
  assert.equal(await ask(agent, 'http://api.local/'), 'next')
  await interceptor.close()
  interceptor.restart()
  await interceptor.route('api', next)
  assert.equal(await ask(agent, 'http://api.local/'), 'next')
})

test('close() does not wait for a worker that is stuck longer than meshTimeout', async t => {
  const { interceptor, agent } = open(t, { meshTimeout: 50 })
  const worker = start(t)
  await interceptor.route('api', worker)
  const lost = codeOf(ask(agent, 'http://api.local/hold', { method: 'POST' }))
  await call(worker, 'holding', 1)
  await interceptor.close()
  assert.match(String(await lost), /MESH_|UND_ERR_/)
})

test('interceptor.close() in a worker: the last answers are given, others take over, the thread may end', async t => {
  const { interceptor, agent } = open(t)
  const [one, two] = ['one', 'two'].map(name => start(t, 'wired.ts', { workerData: { name } })) as [
    ReturnType<typeof start>,
    ReturnType<typeof start>
  ]
  await interceptor.route('api', one)
  const answer = ask(agent, 'http://api.local/hold')
  await call(one, 'holding', 1)
  await interceptor.route('api', two)
  const closed = call(one, 'close')
  const names = new Set<string>()
  while (!names.has('two')) names.add(await ask(agent, 'http://api.local/'))
  await call(one, 'release')
  assert.equal(await answer, 'one')
  await closed
  for (let i = 0; i < 4; i++) assert.equal(await ask(agent, 'http://api.local/'), 'two')
})

test('a worker that dies is forgotten, and its hostname with it', async t => {
  const { interceptor, agent } = open(t)
  const worker = start(t)
  await interceptor.route('api', worker)
  await worker.terminate()
  assert.match(String(await codeOf(ask(agent, 'http://api.local/'))), /MESH_(NO_UPSTREAM|UNKNOWN_HOST)/)
  await interceptor.unroute('api', worker)
})

test('a MessagePort takes the place of a worker, in the same thread too', async t => {
  const { interceptor, agent } = open(t)
  const { port1, port2 } = new MessageChannel()
  const wired = wire({
    server: (_req: unknown, res: { end(text: string): void }) => res.end('near'),
    port: port2
  })
  t.after(async () => {
    await wired.close()
    port2.close()
  })
  await interceptor.route('near', port1)
  assert.equal(await ask(agent, 'http://near.local/'), 'near')
  assert.equal(await (await fetch('http://near.local/')).text(), 'near')
})

test('the messages of the application are its own', async t => {
  const { interceptor } = open(t)
  const worker = start(t, 'wired.ts', { workerData: { listenFirst: true } })
  const messages: unknown[] = []
  worker.on('message', (message: unknown) => messages.push(message))
  await interceptor.route('api', worker)
  worker.postMessage({ type: 'mine' })
  const foreign = (await call(worker, 'foreign')) as string[]
  assert.ok(foreign.includes('mine'))
  assert.ok(
    foreign.every(type => type === 'mine' || type.startsWith('heddle.mesh.')),
    String(foreign)
  )
  assert.ok(messages.includes('up'))
})

test('the agents of undici 7 and 8 take the interceptor, beside others', async t => {
  const { interceptor } = open(t)
  await interceptor.route('api', start(t, 'wired.ts', { workerData: { name: 'it' } }))
  const seven = new undici7.Agent().compose(
    undici7.interceptors.retry(),
    interceptor,
    undici7.interceptors.dump()
  )
  const eight = new undici.Agent().compose(undici.interceptors.retry(), interceptor)
  const answers = [
    await undici7.request('http://api.local/headers', { dispatcher: seven }),
    await undici.request('http://api.local/headers', { dispatcher: eight })
  ]
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 200]
  )
  await Promise.all([...answers.map(({ body }) => body.dump()), seven.close(), eight.close()])
})

test('createHttpAgent() brings node:http to the threads, whoever makes it', async t => {
  const { interceptor } = open(t)
  await interceptor.route('api', start(t, 'wired.ts', { workerData: { name: 'it' } }))
  const { port1, port2 } = new MessageChannel()
  const wired = wire({ port: port2 })
  t.after(async () => {
    await wired.close()
    port2.close()
  })
  const agents = [interceptor.createHttpAgent(), wired.interceptor.createHttpAgent({ keepAlive: false })]
  void interceptor.route('near', port1)
  wired.replaceServer((_req: unknown, res: { end(): void }) => res.end())
  await interceptor.route('near', port1)
  for (const agent of agents) {
    const [response] = (await once(get('http://api.local/', { agent }), 'response')) as [IncomingMessage]
    assert.equal(await text(response), 'it')
    agent.destroy()
  }
})

test('upgraded connections are cut when their time is up, and unroute() goes on', async t => {
  const { interceptor, agent } = open(t, { upgradeDrainTimeout: 20 })
  const worker = start(t)
  await interceptor.route('api', worker)
  const { socket } = await undici.upgrade('http://api.local/', { dispatcher: agent, protocol: 'raw' })
  socket.on('error', () => {})
  socket.resume()
  const closed = once(socket, 'close')
  await interceptor.unroute('api', worker)
  await closed
})

test('options and targets that are none are refused with what would be', async t => {
  const { interceptor } = open(t)
  const invalid = { code: 'MESH_INVALID_OPTION' }
  const asynchronous = (async () => {}) as unknown as () => void
  assert.throws(() => createThreadInterceptor({ domain: '' }), invalid)
  assert.throws(() => createThreadInterceptor({ domain: '.local', timeout: -1 }), invalid)
  assert.throws(() => createThreadInterceptor({ domain: '.local', onClientRequest: 'no' as never }), invalid)
  assert.throws(() => createThreadInterceptor({ domain: '.local', onClientError: asynchronous }), invalid)
  assert.throws(() => createThreadInterceptor({ domain: '.local', onChannelCreation: [1] as never }), invalid)
  assert.throws(() => wire({ server: () => {}, port: null }), invalid)
  const { port1, port2 } = new MessageChannel()
  t.after(() => port2.close())
  assert.throws(() => wire({ server: {} as never, port: port1 }), invalid)
  assert.throws(() => wire({ server: 'ftp://somewhere', port: port1 }), invalid)
  assert.throws(() => wire({ server: () => {}, port: port1, onServerRequest: asynchronous }), invalid)
  await assert.rejects(interceptor.route('api', {} as never), invalid)
  await assert.rejects(interceptor.route('a/b', port1), invalid)
  await assert.rejects(interceptor.route('api', 'nowhere'), invalid)
})

test('capacity bounds the mesh', async t => {
  const { interceptor } = open(t, { capacity: 2 })
  await interceptor.route('one', start(t))
  await assert.rejects(interceptor.route('two', 'http://127.0.0.1:1'), RangeError)
})
