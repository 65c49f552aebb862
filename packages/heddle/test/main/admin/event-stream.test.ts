/** Events and log lines as server-sent events, read by a client of the standard and by some that behave badly. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Agent, EventSource } from 'undici'
import type { MessageEvent } from 'undici'

import { HeldClock } from '../../shared/held-clock.ts'
import { introduction, setUp } from './api-stage.ts'

interface Message {
  readonly name: string
  readonly id: string
  readonly data: Record<string, unknown>
}

/** A client that notes what it hears, and says so. */
class Listener {
  readonly heard: Message[] = []
  readonly source: EventSource
  #wake = Promise.withResolvers<void>()

  constructor(t: TestContext, socketPath: string, path: string, names: readonly string[]) {
    const dispatcher = new Agent({ connect: { socketPath } })
    this.source = new EventSource(`http://localhost/api/v1${path}`, {
      node: { dispatcher, reconnectionTime: 1 }
    })
    for (const name of names) {
      this.source.addEventListener(name, event => this.#hear(event as unknown as MessageEvent<string>))
    }
    t.after(async () => {
      this.source.close()
      await dispatcher.destroy()
    })
  }

  async opened(): Promise<this> {
    if (this.source.readyState !== EventSource.OPEN) {
      await new Promise(resolve => this.source.addEventListener('open', resolve, { once: true }))
    }
    return this
  }

  /** Waits for so many messages in all. */
  async messages(count: number): Promise<readonly Message[]> {
    while (this.heard.length < count) await this.#wake.promise
    return this.heard
  }

  #hear({ type, lastEventId, data }: MessageEvent<string>): void {
    this.heard.push({ name: type, id: lastEventId, data: JSON.parse(data) })
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

/** A client that asks and then reads when it likes to. */
async function rawReader(t: TestContext, socketPath: string, path: string, method = 'GET'): Promise<Socket> {
  const socket = connect(socketPath)
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(`${method} /api/v1${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await once(socket, 'readable')
  return socket
}

const names = ['a:done', 'b:done', 'lost']

test('Events reach every client that listens, with their numbers and times', async t => {
  const { control, announce } = setUp(t)
  const socket = await control.open(introduction)
  const all = await new Listener(t, socket, '/events', names).opened()
  const some = await new Listener(t, socket, '/events?application=api&name=b:done', names).opened()
  const before = Date.now()
  announce('a:done', { application: 'api' })
  announce('b:done', { application: 'web' })
  announce('b:done', { application: 'api', error: new RangeError('no') })
  const heard = await all.messages(3)
  assert.deepEqual(
    heard.map(({ name, id }) => [name, id]),
    [
      ['a:done', '1'],
      ['b:done', '2'],
      ['b:done', '3']
    ]
  )
  const { time, fact } = heard[2]?.data ?? {}
  assert.ok(Number(time) >= before && Number(time) <= Date.now())
  assert.partialDeepStrictEqual(fact, { application: 'api', error: { name: 'RangeError', message: 'no' } })
  assert.deepEqual(
    (await some.messages(1)).map(({ id }) => id),
    ['3']
  )
})

test('A client that has lost the connection goes on where it was', async t => {
  const { control, api, announce } = setUp(t)
  const listener = new Listener(t, await control.open(introduction), '/events', names)
  await listener.opened()
  announce('a:done', { n: 1 })
  await listener.messages(1)
  const back = new Promise(resolve => listener.source.addEventListener('open', resolve, { once: true }))
  api.endStreams()
  announce('a:done', { n: 2 })
  await back
  announce('a:done', { n: 3 })
  const heard = await listener.messages(3)
  assert.deepEqual(
    heard.map(({ data }) => data['fact']),
    [{ n: 1 }, { n: 2 }, { n: 3 }]
  )
})

test('A client can say itself where it wants to go on', async t => {
  const { control, announce } = setUp(t)
  const socket = await control.open(introduction)
  for (let n = 1; n <= 1003; n++) announce('a:done', { n })
  const listener = new Listener(t, socket, '/events?since=1001', names)
  assert.deepEqual(
    (await listener.messages(2)).map(({ id }) => id),
    ['1002', '1003']
  )
  const late = new Listener(t, socket, '/events?since=1', names)
  const heard = await late.messages(1001)
  assert.deepEqual([heard[0]?.name, heard[0]?.data], ['lost', { events: 2 }])
  assert.deepEqual([heard[1]?.id, heard.at(-1)?.id], ['4', '1003'])
})

test('A client that does not read costs no memory, keeps nobody waiting, and is told what it has missed', async t => {
  const { control, announce } = setUp(t)
  const path = await control.open(introduction)
  const slow = await rawReader(t, path, '/events')
  const quick = await new Listener(t, path, '/events', names).opened()
  const filling = 'x'.repeat(5000)
  for (let n = 1; n <= 3000; n++) {
    announce('a:done', { n, filling })
    if (n % 500 === 0) await quick.messages(n)
  }
  const seen = await readUntil(slow, /"n":3000,/)
  const lost = [...seen.matchAll(/event: lost\ndata: {"events":(\d+)}/g)]
  assert.ok(lost.length > 0)
  const told = [...seen.matchAll(/^id: /gm)].length
  assert.equal(told + lost.reduce((sum, [, count]) => sum + Number(count), 0), 3000)
  // The last thousand are remembered anyway; beside them there is what the system's buffers hold.
  assert.ok(told < 1200, `${told} were kept`)
})

/** Reads on until that has come; returns everything without what came in chunks' heads. */
async function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  let seen = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    seen += chunk.toString('latin1')
    if (pattern.test(seen.slice(-20_000))) break
  }
  // Chunks begin with their length in lines of their own, wherever that is.
  return seen.replaceAll(/\r\n[1-9a-f][\da-f]*\r\n/g, '')
}

test('The last lines of the log come first, then those that are written', async t => {
  const { control, logs } = setUp(t)
  const socket = await control.open(introduction)
  for (let n = 1; n <= 150; n++) logs.lines.push({ time: n, level: 'info', message: `line ${n}` })
  const listener = new Listener(t, socket, '/logs?level=info&worker=api:0&application=api', [
    'message',
    'lost'
  ])
  const first = await listener.messages(100)
  assert.deepEqual([first[0]?.id, first[0]?.data['message'], first.at(-1)?.id], ['51', 'line 51', '150'])
  assert.deepEqual(logs.opened, [[{ level: 'info', worker: 'api:0', application: 'api' }, { tail: 100 }]])
  logs.lost = 7
  logs.lines.push({ time: 151, level: 'warn', message: 'more' })
  const [lost, more] = (await listener.messages(102)).slice(100)
  assert.deepEqual([lost?.name, lost?.data], ['lost', { lines: 7 }])
  assert.deepEqual([more?.id, more?.data['message']], ['151', 'more'])
})

test('Log lines end after the tail when nobody wants to follow, and go on behind the last one that was seen', async t => {
  const { control, logs } = setUp(t)
  const path = await control.open(introduction)
  for (let n = 1; n <= 3; n++) logs.lines.push({ n })
  const socket = connect(path)
  t.after(() => socket.destroy())
  const ask = 'GET /api/v1/logs?follow=false&tail=2 HTTP/1.1\r\nhost: localhost\r\nlast-event-id: 1\r\n\r\n'
  socket.write(ask)
  const seen = await readUntil(socket, /\r\n0\r\n\r\n/)
  assert.deepEqual(
    [...seen.matchAll(/^id: (\d)$/gm)].map(([, id]) => id),
    ['2', '3']
  )
  assert.deepEqual(logs.opened, [[{}, { tail: 2, after: '1' }]])
  assert.equal(logs.readers, 0)
})

test('A stream says that it lives while there is nothing to say', async t => {
  const clock = new HeldClock()
  const { control } = setUp(t, undefined, clock)
  const socket = await rawReader(t, await control.open(introduction), '/events')
  for (let beats = 0; beats < 2; beats++) await clock.advance(15_000)
  assert.match(await readUntil(socket, /:\n\n[^:]*:\n\n/), /retry: 1000\n\n:\n\n:\n\n/)
})

test('A client that takes nothing for a minute is given up', async t => {
  const clock = new HeldClock()
  const { control, announce } = setUp(t, undefined, clock)
  const socket = await rawReader(t, await control.open(introduction), '/events')
  const filling = 'x'.repeat(10_000)
  for (let n = 1; n <= 500; n++) announce('a:done', { n, filling })
  // Until no more fits into the buffers on the way.
  while (clock.pending < 2) await new Promise(resolve => setImmediate(resolve))
  await clock.advance(60_000)
  const seen = await readUntil(socket, /"n":500,/)
  assert.doesNotMatch(seen, /"n":500,/)
  assert.equal(clock.pending, 0)
})

test('A stream is let go when its client goes', async t => {
  const { control, logs } = setUp(t)
  const socket = await rawReader(t, await control.open(introduction), '/logs')
  assert.equal(logs.readers, 1)
  const closed = logs.oneClosed()
  socket.destroy()
  await closed
})

test('A stream ends when the server stops', async t => {
  const { control } = setUp(t)
  const socket = await rawReader(t, await control.open(introduction), '/events')
  const ended = readUntil(socket, /\r\n0\r\n\r\n/)
  await control.close()
  assert.match(await ended, /0\r\n\r\n$/)
})

test('Streams are so many at a time', async t => {
  const { control } = setUp(t)
  const path = await control.open(introduction)
  await Promise.all(Array.from({ length: 64 }, () => rawReader(t, path, '/events')))
  const refused = await readUntil(await rawReader(t, path, '/events'), /"code"/)
  assert.match(refused, /^HTTP\/1\.1 503 .*retry-after: 10/s)
})

test('Whoever wants the head of a stream alone gets it', async t => {
  const { control } = setUp(t)
  const socket = await rawReader(t, await control.open(introduction), '/events', 'HEAD')
  assert.match(await readUntil(socket, /\r\n\r\n$/), /^HTTP\/1\.1 200 OK.*content-type: text\/event-stream/s)
})
