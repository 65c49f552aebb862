/**
 * Upgraded connections as bytes: from thread to thread and within one, over a real socket, the mesh's agent and
 * the connection hook. What both sides see, and that nothing is left behind.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, test } from 'node:test'

import { LATIN1, MORE, UPGRADE } from '../../src/wire/frames.ts'
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
  readonly res: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
  /** What the application notes about it ends with this. */
  readonly url: string
}

function ask(way: Way, path: string, options: RequestOptions = {}) {
  const url = `${path}?${++visits}`
  const req = request(`${way.origin}${url}`, {
    agent: way.agent,
    headers: { connection: 'Upgrade', upgrade: 'raw' },
    ...options
  })
  return { req, url }
}

function open(way: Way, path: string, options: RequestOptions = {}): Promise<Opened> {
  const { req, url } = ask(way, path, options)
  return new Promise((resolve, reject) => {
    req.on('upgrade', (res, socket: Socket, head) => resolve({ res, socket, head, url }))
    req.on('response', res => reject(new Error(`answered with ${res.statusCode}`)))
    req.on('error', reject)
    req.end()
  })
}

/** A test over every way, the real socket among them: what holds there is what has to hold. */
function everyWay(name: string, run: (way: Way) => Promise<void>): void {
  for (const index of [-1, 0, 1, 2, 3]) {
    test(`${name} (way ${index + 2})`, async () => {
      const way = index === -1 ? ways.socket : ways.meshes[index]
      assert.ok(way)
      await run(way)
    })
  }
}

everyWay('a client gets the head, and bytes go both ways', async way => {
  const { res, socket, head, url } = await open(way, '/raw')
  assert.deepEqual([res.statusCode, res.headers.upgrade], [101, 'raw'])
  socket.unshift(head)
  socket.end('and back')
  assert.equal(await text(socket), 'hello and back')
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('bytes sent right after the request are not lost', async way => {
  const { hostname, port } = new URL(way.origin)
  const socket = connect(Number(port === '' ? 80 : port), hostname)
  socket.end('GET /raw HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nearly')
  assert.match(await text(socket), /^HTTP\/1\.1 101 [\s\S]*hello early$/)
})

everyWay('a refused upgrade is a response with its body', async way => {
  const { req } = ask(way, '/refuse')
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  assert.deepEqual([res.statusCode, await text(res)], [401, 'nope'])
})

for (const path of ['/destroy', '/end']) {
  everyWay(`an upgrade answered by ${path.slice(1)}() fails with ECONNRESET`, async way => {
    const { req, url } = ask(way, path)
    req.end()
    const [error] = (await once(req, 'error')) as [NodeJS.ErrnoException]
    assert.deepEqual([error.code, error.message], ['ECONNRESET', 'socket hang up'])
    await way.call('noted', `tunnel closed ${url}`)
  })
}

everyWay('an application that ends its side still reads', async way => {
  const { hostname, port } = new URL(way.origin)
  const url = `/half?${++visits}`
  const socket = connect({ host: hostname, port: Number(port === '' ? 80 : port), allowHalfOpen: true })
  socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n`)
  let got = ''
  socket.on('data', chunk => (got += chunk.toString()))
  await once(socket, 'end')
  assert.match(got, /all I have$/)
  for (let i = 0; i < 32; i++) {
    if (!socket.write(Buffer.alloc(64 * 1024))) await once(socket, 'drain')
  }
  socket.end()
  await once(socket, 'close')
  await way.call('noted', `read ${2 * 1024 * 1024} ${url}`)
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a client that goes on is told when the application goes', async way => {
  const { hostname, port } = new URL(way.origin)
  const url = `/deaf?${++visits}`
  const socket = connect({ host: hostname, port: Number(port === '' ? 80 : port), allowHalfOpen: true })
  socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n`)
  await once(socket.resume(), 'end')
  const failed = new Promise<NodeJS.ErrnoException>(resolve => socket.once('error', resolve))
  const speak = setInterval(() => socket.write('hello?'), 1)
  const { code } = await failed
  clearInterval(speak)
  assert.match(String(code), /^(EPIPE|ECONNRESET)$/)
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('an application that does not read learns that its client has ended', async way => {
  const { hostname, port } = new URL(way.origin)
  const url = `/end?${++visits}`
  const socket = connect(Number(port === '' ? 80 : port), hostname)
  socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n`)
  await once(socket.resume(), 'close')
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a client that ends its side still reads', async way => {
  const { socket, head, url } = await open(way, '/sum')
  socket.unshift(head)
  socket.end(Buffer.alloc(300_000))
  assert.equal(await text(socket), '300000')
  await way.call('noted', `read 300000 ${url}`)
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('what a client wrote before it went in good order is read', async way => {
  const { socket, url } = await open(way, '/sum')
  socket.write(Buffer.alloc(300_000))
  socket.destroySoon()
  await way.call('noted', `read 300000 ${url}`)
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('an application that leaves takes the tunnel with it', async way => {
  const { socket, head, url } = await open(way, '/leave')
  socket.unshift(head)
  assert.equal(await text(socket), 'bye')
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a client that is gone at once is known to be', async way => {
  const { socket, url } = await open(way, '/raw')
  socket.resetAndDestroy()
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a tunnel destroyed by its client is known to be', async way => {
  const { socket, url } = await open(way, '/raw')
  socket.destroy()
  await way.call('noted', `tunnel closed ${url}`)
})

everyWay('a request given up before its upgrade is known to be', async way => {
  const { req, url } = ask(way, '/silent')
  req.on('error', () => undefined)
  req.end()
  await way.call('noted', `upgrade ${url}`)
  req.destroy()
  await way.call('noted', `tunnel closed ${url}`)
})

test('a tunnel holds a fast writer back on both sides', async () => {
  const [way] = ways.meshes
  assert.ok(way)
  // The application writes: 8 MiB to a client that does not read.
  const { socket, url } = await open(way, '/firehose')
  socket.pause()
  await way.call('noted', `full ${url}`)
  const written = Number(String(await way.call('lastNote', 'written')).slice(8))
  assert.ok(written <= 2 * 1024 * 1024, `${written} bytes were taken from the application`)
  let got = 0
  socket.on('data', (chunk: Buffer) => (got += chunk.byteLength))
  await once(socket.resume(), 'end')
  assert.ok(got + 65_536 >= 8 * 1024 * 1024)
  // The client writes, to an application that does not read.
  const up = await open(way, '/slow')
  const piece = Buffer.alloc(64 * 1024)
  let sent = 0
  const total = 8 * 1024 * 1024
  const go = (): void => {
    while (sent < total) {
      sent += piece.byteLength
      if (!up.socket.write(piece)) return void up.socket.once('drain', go)
    }
    up.socket.end()
  }
  go()
  // The application is full when nothing it has answered later asks for more.
  for (let i = 0; i < 50; i++) await way.call('openTunnels')
  assert.ok(sent <= 2 * 1024 * 1024, `${sent} bytes were taken from the client`)
  const closed = once(up.socket.resume(), 'close')
  assert.equal(await way.call('readSlow'), total)
  await closed
})

test('a tunnel keeps nothing of what has gone through it', async () => {
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>()
  const exchange = ways.mesh.client.send(
    {
      hostname: 'api',
      method: 'GET',
      path: '/raw',
      headers: 'host: api\r\nconnection: upgrade\r\nupgrade: raw\r\n',
      flags: MORE | UPGRADE,
      body: null,
      peer: null,
      timeoutMs: 0,
      idempotent: false,
      accept: null
    },
    {
      onInformation: () => undefined,
      onHead: () => reject(new Error('answered')),
      onData: () => resolve(),
      onEnd: () => undefined,
      onError: reject,
      onWritable: () => undefined
    }
  )
  exchange.write(LATIN1, 'early')
  assert.equal(exchange.replay?.length, 1)
  await answered
  exchange.write(LATIN1, 'late')
  assert.equal(exchange.replay, null)
  exchange.abort('enough')
})

test('a tunnel fails when the thread at its other end does', async t => {
  const fleet = new Fleet(t)
  const hand = await fleet.start('mortal', '../sockets/application.ts')
  const { mesh } = fleet.join()
  const agent = agentOf(mesh)
  const way = { ...ways.socket, origin: 'http://mortal.heddle.local', agent }
  const { socket } = await open(way, '/raw')
  const closed = once(socket.resume(), 'close')
  await hand.kill()
  await closed
  const waiting = ask(way, '/raw')
  waiting.req.end()
  const [error] = (await once(waiting.req, 'error')) as [NodeJS.ErrnoException]
  assert.match(String(error.code), /^MESH_(UPSTREAM_LOST|NO_UPSTREAM|UNKNOWN_HOST)$/)
})

test('an upstream that is withdrawn keeps its tunnels, and is drained when the last has closed', async t => {
  const fleet = new Fleet(t)
  const hand = await fleet.start('leaving', '../sockets/application.ts')
  const { mesh } = fleet.join()
  const way = { ...ways.socket, origin: 'http://leaving.heddle.local', agent: agentOf(mesh) }
  const { socket, head } = await open(way, '/raw')
  await hand.member.withdraw()
  assert.equal(await hand.member.drained(20), false)
  assert.equal(hand.member.inflight(), 1)
  const late = ask(way, '/raw')
  late.req.end()
  const [error] = (await once(late.req, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'MESH_NO_UPSTREAM')
  socket.unshift(head)
  socket.end('still open')
  assert.equal(await text(socket), 'hello still open')
  assert.equal(await hand.member.drained(60_000), true)
})

test('a server without a listener for upgrades answers them as requests', async t => {
  const fleet = new Fleet(t)
  await fleet.start('plain', './plain.ts')
  const { mesh } = fleet.join()
  const way = { ...ways.socket, origin: 'http://plain.heddle.local', agent: agentOf(mesh) }
  const { req } = ask(way, '/')
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  assert.deepEqual([res.statusCode, await text(res)], [200, 'ok'])
})

test('a thousand tunnels at once open, close and leave nothing behind', async () => {
  const [way] = ways.meshes
  assert.ok(way)
  // What the tests before have left behind would show.
  await way.call('tunnelsAre', 0)
  const opened = await Promise.all(Array.from({ length: 1000 }, () => open(way, '/raw')))
  await way.call('tunnelsAre', 1000)
  assert.equal(way.member.inflight(), 1000)
  await Promise.all(
    opened.map(async ({ socket }, index) => {
      // Each in one of three ways.
      const closed = once(socket, 'close')
      socket.resume()
      if (index % 3 === 0) socket.end('bye')
      else if (index % 3 === 1) socket.destroy()
      else socket.resetAndDestroy()
      await closed
    })
  )
  await way.call('tunnelsAre', 0)
  assert.equal(await way.member.drained(60_000), true)
  assert.deepEqual({ ...way.agent.sockets }, {})
})
