/**
 * WebSockets of `ws`, whose server is behind an `http.Server`, over a real socket, the mesh's agent and the
 * connection hook, from thread to thread and within one: messages, control frames, ends of every kind.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, test } from 'node:test'

import { WebSocket, type ClientOptions } from 'ws'

import { Fleet } from '../fixtures/fleet.ts'
import { agentOf, openWays, type Way, type Ways } from './ways.ts'

let ways: Ways
let visits = 0

before(async () => {
  ways = await openWays()
})
after(() => ways.close())
afterEach(async () => {
  for (const { name, member } of ways.meshes) assert.equal(await member.drained(60_000), true, name)
})

interface Opened {
  readonly ws: WebSocket
  readonly url: string
}

function dial(way: Way, path: string, options: ClientOptions = {}, protocols: string[] = []): Opened {
  const url = `${path}?${++visits}`
  const ws = new WebSocket(`${way.origin.replace('http', 'ws')}${url}`, protocols, {
    agent: way.agent,
    ...options
  })
  return { ws, url }
}

async function open(way: Way, path: string, options?: ClientOptions, protocols?: string[]): Promise<Opened> {
  const dialled = dial(way, path, options, protocols)
  await once(dialled.ws, 'open')
  return dialled
}

/** Resolves with the code and the reason a WebSocket is closed with, whether it failed before or not. */
function end(ws: WebSocket): Promise<[number, string]> {
  return new Promise(resolve => {
    ws.once('close', (code, reason) => resolve([code, reason.toString()]))
  })
}

function everyWay(name: string, run: (way: Way) => Promise<void>): void {
  for (const index of [-1, 0, 1, 2, 3]) {
    test(`${name} (way ${index + 2})`, async () => {
      const way = index === -1 ? ways.socket : ways.meshes[index]
      assert.ok(way)
      await run(way)
    })
  }
}

everyWay('messages are echoed, compressed and not, with a subprotocol', async way => {
  const { ws, url } = await open(way, '/ws', {}, ['other', 'chat'])
  assert.equal(ws.protocol, 'chat')
  assert.match(ws.extensions, /permessage-deflate/)
  for (const message of ['short', 'long '.repeat(10_000), '', 'ü'.repeat(1000)]) {
    ws.send(message)
    const [data, binary] = (await once(ws, 'message')) as [Buffer, boolean]
    assert.deepEqual([data.toString(), binary], [message, false])
  }
  ws.close(4000, 'done')
  assert.deepEqual(await end(ws), [4000, 'done'])
  await way.call('noted', `ws closed 4000 done ${url}`)
})

everyWay('a message in fragments and one of 4 MiB arrive whole', async way => {
  const { ws } = await open(way, '/ws', { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 })
  ws.send('one ', { fin: false })
  ws.send('two ', { fin: false })
  ws.send('three', { fin: true })
  assert.equal(String((await once(ws, 'message'))[0]), 'one two three')
  const big = randomBytes(4 * 1024 * 1024)
  ws.send(big)
  const [data] = (await once(ws, 'message')) as [Buffer]
  assert.ok(big.equals(data))
  ws.close()
  assert.deepEqual(await end(ws), [1005, ''])
})

everyWay('pings are answered both ways', async way => {
  const { ws, url } = dial(way, '/ws/ping')
  assert.equal(String((await once(ws, 'ping'))[0]), 'are you there')
  await way.call('noted', `pong are you there ${url}`)
  ws.ping('and you')
  assert.equal(String((await once(ws, 'pong'))[0]), 'and you')
  await way.call('noted', `ping and you ${url}`)
  ws.terminate()
  assert.deepEqual(await end(ws), [1006, ''])
  await way.call('noted', `ws closed 1006  ${url}`)
})

everyWay('a server closes with its code and reason, or without any', async way => {
  const closed = dial(way, '/ws/close')
  assert.deepEqual(await end(closed.ws), [4321, 'because'])
  await way.call('noted', `ws closed 4321 because ${closed.url}`)
  const { ws } = dial(way, '/ws/terminate')
  assert.deepEqual(await end(ws), [1006, ''])
})

everyWay('a refused handshake is an unexpected response with its body', async way => {
  const { ws } = dial(way, '/refuse')
  const [, res] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.deepEqual([res.statusCode, await text(res)], [401, 'nope'])
})

everyWay('a handshake whose connection is destroyed fails', async way => {
  const { ws, url } = dial(way, '/destroy')
  const closed = end(ws)
  const [error] = (await once(ws, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  assert.deepEqual(await closed, [1006, ''])
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a handshake that takes too long is given up', async way => {
  for (let handshakeTimeout = 50; ; handshakeTimeout *= 2) {
    const { ws, url } = dial(way, '/silent', { handshakeTimeout })
    const [error] = (await once(ws, 'error')) as [Error]
    assert.match(error.message, /handshake has timed out/)
    // On a busy machine the time may be over before the request has arrived: then there is nothing to close.
    if ((await way.call('lastNote', `upgrade ${url}`)) === undefined) continue
    await way.call('noted', `tunnel closed ${url}`)
    return
  }
})

everyWay('a reader that pauses loses nothing', async way => {
  const { ws } = await open(way, '/ws', { perMessageDeflate: false })
  const count = 80
  let got = 0
  const all = new Promise<void>(resolve => {
    ws.on('message', (data: Buffer) => {
      assert.equal(data[0], got % 256)
      if (++got === count) resolve()
      else if (got === 10) {
        ws.pause()
        setImmediate(() => ws.resume())
      }
    })
  })
  for (let i = 0; i < count; i++) ws.send(Buffer.alloc(64 * 1024, i))
  await all
  ws.close()
  await end(ws)
})

test('the connection hook serves ws without an agent', async () => {
  const ws = new WebSocket('ws://api.heddle.local/ws')
  await once(ws, 'open')
  ws.send('hello')
  assert.equal(String((await once(ws, 'message'))[0]), 'hello')
  ws.close()
  await end(ws)
})

test('a WebSocket is closed with 1006 when the thread at its other end ends', async t => {
  const fleet = new Fleet(t)
  const hand = await fleet.start('mortal', '../sockets/application.ts')
  const way = { ...ways.socket, origin: 'http://mortal.heddle.local', agent: agentOf(fleet.join().mesh) }
  const { ws } = await open(way, '/ws')
  const closed = end(ws)
  await hand.kill()
  assert.deepEqual(await closed, [1006, ''])
})

test('a server that goes away closes its WebSockets in good order, and is drained then', async t => {
  const fleet = new Fleet(t)
  const hand = await fleet.start('leaving', '../sockets/application.ts')
  const way = { ...ways.socket, origin: 'http://leaving.heddle.local', agent: agentOf(fleet.join().mesh) }
  const all = await Promise.all(Array.from({ length: 20 }, () => open(way, '/ws')))
  const closed = Promise.all(all.map(({ ws }) => end(ws)))
  await hand.member.withdraw()
  assert.equal(hand.member.inflight(), 20)
  await hand.call('goAway')
  assert.deepEqual(
    await closed,
    all.map(() => [1001, 'going away'])
  )
  assert.equal(await hand.member.drained(60_000), true)
})

test('a thread that may drain for so long asks the WebSockets of other threads to come back', async () => {
  const hand = await ways.fleet.start('replaced', '../sockets/application.ts')
  const origin = 'http://replaced.heddle.local'
  const way = { ...ways.socket, origin, agent: agentOf(ways.mesh) }
  const all = await Promise.all(Array.from({ length: 6 }, () => open(way, '/ws')))
  const native = new globalThis.WebSocket(`${origin.replace('http', 'ws')}/ws?native`)
  await once(native, 'open')
  const closed = all.map(({ ws }) => end(ws))
  const closedToo = once(native, 'close')
  await hand.member.withdraw(60_000)
  for (const each of await Promise.all(closed)) assert.deepEqual(each, [1012, 'service restart'])
  const [{ code }] = (await closedToo) as [CloseEvent]
  assert.equal(code, 1012)
  assert.equal(await hand.member.drained(60_000), true)
})

test('hundreds of WebSockets at once talk, close and leave nothing behind', async () => {
  const [way] = ways.meshes
  assert.ok(way)
  await way.call('tunnelsAre', 0)
  const all = await Promise.all(
    Array.from({ length: 400 }, () => open(way, '/ws', { perMessageDeflate: false }))
  )
  assert.equal(way.member.inflight(), 400)
  await Promise.all(
    all.map(async ({ ws }, index) => {
      ws.send(`message ${index}`)
      assert.equal(String((await once(ws, 'message'))[0]), `message ${index}`)
      const closed = end(ws)
      if (index % 2 === 0) ws.close(1000)
      else ws.terminate()
      await closed
    })
  )
  await way.call('tunnelsAre', 0)
  assert.equal(await way.member.drained(60_000), true)
  assert.deepEqual({ ...way.agent.sockets }, {})
})

for (const [framework, fixture] of [
  ['express', '../sockets/express-chat.mjs'],
  ['fastify', '../sockets/fastify-chat.ts']
] as const) {
  test(`a WebSocket server beside ${framework} talks, refuses other paths and lets requests through`, async t => {
    const fleet = new Fleet(t)
    await fleet.start(framework, fixture)
    const agent = agentOf(fleet.join().mesh)
    const origin = `http://${framework}.heddle.local`
    const way = { ...ways.socket, origin, agent }
    const { ws } = await open(way, '/chat')
    ws.send('hello')
    assert.equal(String((await once(ws, 'message'))[0]), 'hello')
    ws.close(1000)
    assert.deepEqual(await end(ws), [1000, ''])
    const [, res] = (await once(dial(way, '/other').ws, 'unexpected-response')) as [unknown, IncomingMessage]
    assert.equal(res.statusCode, 400)
    res.resume()
    const [answer] = (await once(get(`${origin}/`, { agent }), 'response')) as [IncomingMessage]
    assert.equal(await text(answer), framework)
    agent.destroy()
  })
}
