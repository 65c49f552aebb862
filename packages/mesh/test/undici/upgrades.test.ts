/** Upgrades through the dispatcher: `undici.upgrade()`, `undici.connect()`, and what applications answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { before, test } from 'node:test'

import { connect, request, upgrade, type Dispatcher } from 'undici'
import { upgrade as upgrade7 } from 'undici7'

import { stopClock } from '../fixtures/clock.ts'
import { outcome, same, start, type Both, type Side } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
const undo = undoing()

before(async () => {
  both = await start(undo, '../undici/upgrading.ts')
})

function open(side: Side, path: string, more: object = {}): ReturnType<typeof upgrade> {
  return upgrade(`${side.origin}${path}`, { dispatcher: side.dispatcher, protocol: 'test', ...more })
}

for (const [name, call, dispatcherOf] of [
  ['undici.upgrade', upgrade, (side: Side) => side.dispatcher],
  ['undici.upgrade of undici 7', upgrade7 as unknown as typeof upgrade, (side: Side) => side.dispatcher7]
] as const) {
  same(
    `${name} opens a byte stream`,
    () => both,
    async side => {
      const url = `${side.origin}/echo`
      const { headers, socket } = await call(url, { dispatcher: dispatcherOf(side), protocol: 'test' })
      socket.on('error', () => undefined)
      socket.write('one ')
      socket.end('two')
      return { headers, heard: await text(socket) }
    }
  )
}

same(
  'an upgrade shows raw headers',
  () => both,
  async side => {
    const options = { responseHeaders: 'raw' as const }
    const { headers, socket } = await open(side, '/echo', options)
    socket.destroy()
    return headers
  }
)

same(
  'a head that comes in pieces is put together',
  () => both,
  async side => {
    const { socket } = await open(side, '/split')
    return text(socket)
  }
)

same(
  'an application that destroys the socket of an upgrade ends it',
  () => both,
  async side => {
    const { socket } = await open(side, '/granted-then-destroyed')
    const closed = once(socket, 'close')
    const heard = await text(socket)
    return { heard, closed: await closed }
  }
)

for (const path of ['/destroy', '/refuse', '/refuse-chunked']) {
  same(
    `undici.upgrade of ${path} fails`,
    () => both,
    side => outcome(open(side, path))
  )
}

/** What a handler is told of an upgrade that is refused. */
function told(side: Side, path: string): Promise<unknown> {
  return new Promise(resolve => {
    const seen: unknown[] = []
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onRequestUpgrade: (_controller, status, _headers, socket) => {
        seen.push('upgrade', status)
        socket.destroy()
        resolve(seen)
      },
      onResponseStart: (_controller, status, headers, message) => {
        const { date: _date, ...others } = headers
        seen.push(status, message, others)
      },
      onResponseData: (_controller, chunk) => {
        seen.push(chunk.toString())
      },
      onResponseEnd: (_controller, trailers) => {
        seen.push('end', trailers)
        resolve(joined(seen))
      },
      onResponseError: (_controller, error) => {
        seen.push((error as Error & { code?: string }).code)
        resolve(joined(seen))
      }
    }
    const options = { origin: side.origin, path, method: 'GET' as const, upgrade: 'test' }
    side.dispatcher.dispatch(options, handler)
  })
}

/** The pieces of a body as one: where they were cut is nobody's business. */
function joined(seen: readonly unknown[]): unknown[] {
  const [status, message, headers, ...rest] = seen
  const body = rest.filter(item => typeof item === 'string' && item !== 'end').join('')
  return [status, message, headers, body, ...rest.filter(item => typeof item !== 'string' || item === 'end')]
}

for (const path of ['/refuse', '/refuse-chunked', '/refuse-until-close']) {
  same(
    `a handler is told the response of ${path}`,
    () => both,
    side => told(side, path)
  )
}

test('an upgrade the application has no listener for is answered as any request', async t => {
  const plain = await start(t, './plain.ts')
  const options = { method: 'GET', headers: { connection: 'upgrade' } } as const
  for (const side of [plain.mesh, plain.socket]) {
    assert.deepEqual(await outcome(upgrade(`${side.origin}/`, { dispatcher: side.dispatcher })), {
      name: 'SocketError',
      code: 'UND_ERR_SOCKET'
    })
    const { statusCode, body } = await request(`${side.origin}/`, { dispatcher: side.dispatcher, ...options })
    assert.deepEqual([statusCode, await body.text()], [200, 'ok'])
  }
})

same(
  'undici.request with an upgrade fails: there is nobody to take the socket',
  () => both,
  side => outcome(request(`${side.origin}/echo`, { dispatcher: side.dispatcher, upgrade: 'test' }))
)

test('an answer that is no HTTP fails an upgrade', async () => {
  const failed = (await outcome(open(both.mesh, '/nonsense'))) as { code: string }
  assert.equal(failed.code, 'UND_ERR_SOCKET')
})

same(
  'undici.connect opens a tunnel where the application takes CONNECT',
  () => both,
  async side => {
    const path = 'example.com:443'
    const options = { origin: side.origin, path, dispatcher: side.dispatcher } as unknown as URL
    const { statusCode, socket } = await connect(options)
    socket.write('through ')
    socket.end('the tunnel')
    return { statusCode, heard: await text(socket) }
  }
)

same(
  'CONNECT to an application that does not take it fails',
  () => both,
  async (_side, t) => {
    const plain = await start(t, './plain.ts')
    const side = _side.name === 'the mesh' ? plain.mesh : plain.socket
    const options = { origin: side.origin, path: 'example.com:443', dispatcher: side.dispatcher }
    return outcome(connect(options as unknown as URL))
  }
)

same(
  'an abort before the answer closes the socket of the application',
  () => both,
  async side => {
    await side.call('forget')
    const control = new AbortController()
    const failed = outcome(open(side, '/silent', { signal: control.signal }))
    await side.call('happened', 'silent')
    control.abort()
    return [await failed, await side.call('happened', 'silently closed')]
  }
)

test('an upgrade that is not answered in time fails, and its socket is closed', async t => {
  const { mesh } = both
  await mesh.call('forget')
  const clock = stopClock(t)
  const failed = outcome(open(mesh, '/silent', { headersTimeout: 60_000 }))
  await mesh.call('happened', 'silent')
  clock.pass(60_000)
  assert.deepEqual(await failed, { name: 'HeadersTimeoutError', code: 'UND_ERR_HEADERS_TIMEOUT' })
  await mesh.call('happened', 'silently closed')
})

test('a caller that does not read stops the application, and one that reads lets it go on', async () => {
  const { mesh } = both
  await mesh.call('forget')
  const { socket } = await open(mesh, '/pour')
  await mesh.call('happened', 'stalled')
  const stalledAt = Number(await mesh.call('written'))
  assert.ok(stalledAt < 2 * 1024 * 1024, `${stalledAt} bytes are under way`)
  let read = 0
  for await (const chunk of socket) {
    read += (chunk as Buffer).length
    if (read > 4 * stalledAt) break
  }
  assert.ok(Number(await mesh.call('written')) >= read)
  await mesh.call('happened', 'socket closed')
})

test('an application that does not read stops its caller, and one that reads lets it go on', async () => {
  const { mesh } = both
  const { socket } = await open(mesh, '/unread')
  const piece = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  do sent += piece.length
  while (socket.write(piece) || (sent < 512 * 1024 && sent > 0))
  assert.equal(socket.writableNeedDrain, true)
  const drained = once(socket, 'drain')
  const read = mesh.call('readOn')
  await drained
  const closed = once(socket.resume(), 'close')
  socket.end('end')
  assert.equal(await read, sent + 3)
  await closed
})

test('a caller that destroys its socket closes the one of the application', async () => {
  const { mesh } = both
  await mesh.call('forget')
  const { socket } = await open(mesh, '/echo')
  socket.destroy()
  await mesh.call('happened', 'socket closed')
})

test('the socket of an upgrade has what a socket has', async () => {
  const { socket } = await open(both.mesh, '/echo')
  const known = socket as Duplex & {
    remoteAddress: string
    address(): object
    setNoDelay(on: boolean): unknown
    setKeepAlive(on: boolean): unknown
    setTimeout(ms: number, then: () => void): unknown
    readyState: string
  }
  assert.deepEqual([known.remoteAddress, known.readyState], ['127.0.0.1', 'open'])
  assert.deepEqual(known.address(), { address: '127.0.0.1', family: 'IPv4', port: 0 })
  known.setNoDelay(true)
  known.setKeepAlive(true)
  await new Promise<void>(resolve => {
    known.setTimeout(30, resolve)
  })
  socket.destroy()
})

test('a worker that dies resets the connections of its upgrades', async t => {
  const { Fleet } = await import('../fixtures/fleet.ts')
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  const hand = await fleet.start('doomed', '../undici/upgrading.ts')
  const { socket } = await upgrade('http://doomed.heddle.local/echo', { dispatcher, protocol: 'test' })
  const failed = once(socket, 'error')
  await hand.kill()
  hand.member.remove()
  const [error] = (await failed) as [Error & { code: string; cause: { code: string } }]
  assert.deepEqual([error.code, error.cause.code], ['ECONNRESET', 'MESH_UPSTREAM_LOST'])
})
