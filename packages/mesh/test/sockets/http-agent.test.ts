/** What is the mesh's own about its agent and its in-memory sockets: pools, names, failures, states of a socket. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect, createServer as createTcpServer, Socket, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'

import { MeshAgent } from '../../src/client/http-agent.ts'
import { MeshError } from '../../src/errors.ts'
import { Fleet } from '../fixtures/fleet.ts'
import { everybodyTurns } from '../fixtures/turning.ts'
import { agentOf, openWays, type Ways } from './ways.ts'

let ways: Ways

before(async () => {
  ways = await openWays()
})
after(() => ways.close())

const url = 'http://api.heddle.local'

interface Answer {
  readonly body: string
  readonly socket: Socket
  readonly reused: boolean
}

function get(target: string, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(target, options, res => {
      const { socket } = res
      text(res).then(body => resolve({ body, socket, reused: req.reusedSocket }), reject)
    })
    req.on('error', reject)
    req.end()
  })
}

/** Resolves with the error a request fails with. */
function failure(target: string, options: RequestOptions): Promise<NodeJS.ErrnoException> {
  return get(target, options).then(
    () => assert.fail('answered'),
    (error: NodeJS.ErrnoException) => error
  )
}

test('MeshAgent keeps connections, hands them on, and ends them when it is destroyed', async t => {
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const agent = agentOf(ways.mesh)
  const sockets = new Set<Socket>()
  for (let i = 0; i < 50; i++) {
    const { body, socket, reused } = await get(`${url}/`, { agent })
    assert.deepEqual([body, reused], ['ok', i > 0])
    sockets.add(socket)
  }
  assert.equal(sockets.size, 1)
  assert.deepEqual(warnings, [])
  const [socket] = sockets
  assert.ok(socket)
  const closed = once(socket, 'close')
  agent.destroy()
  await closed
})

test('MeshAgent opens no more connections than it may, and queues', async () => {
  const agent = agentOf(ways.mesh, { maxSockets: 2 })
  const sockets = new Set<Socket>()
  await Promise.all(
    Array.from({ length: 20 }, async () => sockets.add((await get(`${url}/chunks`, { agent })).socket))
  )
  assert.equal(sockets.size, 2)
  agent.destroy()
})

test('MeshAgent keeps no connection with keepAlive off', async () => {
  const agent = agentOf(ways.mesh, { keepAlive: false })
  const sockets = new Set<Socket>()
  for (let i = 0; i < 3; i++) sockets.add((await get(`${url}/`, { agent })).socket)
  assert.equal(sockets.size, 3)
})

test('MeshAgent closes idle connections after its timeout', async () => {
  const agent = agentOf(ways.mesh, { timeout: 30 })
  const { socket } = await get(`${url}/`, { agent })
  await once(socket, 'close')
  assert.equal((await get(`${url}/`, { agent })).reused, false)
  agent.destroy()
})

test('MeshAgent balances each request of a connection anew', async t => {
  const fleet = new Fleet(t)
  for (let i = 0; i < 2; i++) await fleet.start('pair', './plain.ts')
  const { mesh } = fleet.join()
  const agent = agentOf(mesh, { maxSockets: 1 })
  const who = new Set<string>()
  everybodyTurns(t)
  for (let i = 0; i < 2; i++) who.add((await get('http://pair.heddle.local/who', { agent })).body)
  assert.equal(who.size, 2)
  agent.destroy()
})

test('MeshAgent reaches other hosts over the network, and mesh names in any case', async t => {
  const server = createServer((_req, res) => res.end('network')).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const agent = agentOf(ways.mesh)
  const { port } = server.address() as AddressInfo
  assert.equal((await get(`http://127.0.0.1:${port}/`, { agent })).body, 'network')
  assert.equal((await get('http://API.Heddle.Local/', { agent })).body, 'ok')
  agent.destroy()
})

test('another port, TLS and a pipe are not taken for the mesh, by the agent or the hook', async () => {
  const asked: unknown[] = []
  // A lookup that fails says that a real connection was tried.
  const lookup = (host: string, _options: unknown, done: (error: Error) => void): void => {
    asked.push(host)
    done(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
  }
  const agent = agentOf(ways.mesh)
  const options = { lookup } as RequestOptions
  assert.equal((await failure(`${url}:3000/`, { ...options, agent })).code, 'ENOTFOUND')
  assert.equal((await failure(`${url}:3000/`, options)).code, 'ENOTFOUND')
  const req = secureRequest('https://api.heddle.local/', options)
  assert.equal(((await once(req, 'error')) as [NodeJS.ErrnoException])[0].code, 'ENOTFOUND')
  const odd = secureRequest('https://api.heddle.local:80/', options)
  assert.equal(((await once(odd, 'error')) as [NodeJS.ErrnoException])[0].code, 'ENOTFOUND')
  assert.deepEqual(
    asked,
    Array.from({ length: 4 }, () => 'api.heddle.local')
  )
  const pipe = connect({ path: '/nowhere/at/all' })
  assert.equal(((await once(pipe, 'error')) as [NodeJS.ErrnoException])[0].code, 'ENOENT')
})

test('a client of node:http is told what the mesh could not do in an error with its code', async t => {
  const fleet = new Fleet(t, { allow: (_from, to) => to !== 'secret' })
  const none = await fleet.start('none', './plain.ts')
  await fleet.start('secret', './plain.ts')
  const slow = await fleet.start('slow', './plain.ts')
  await none.member.withdraw()
  const { mesh } = fleet.join('web')
  const agent = agentOf(mesh)
  const code = async (host: string): Promise<unknown> => {
    const error = await failure(`http://${host}.heddle.local/hold`, { agent })
    assert.ok(error instanceof MeshError)
    return error.code
  }
  assert.equal(await code('nobody'), 'MESH_UNKNOWN_HOST')
  assert.equal(await code('none'), 'MESH_NO_UPSTREAM')
  assert.equal(await code('secret'), 'MESH_DENIED')
  const lost = failure('http://slow.heddle.local/hold', { agent, method: 'POST' })
  await slow.call('holding', 1)
  await slow.kill()
  assert.deepEqual(
    await lost.then(({ code, detail }: NodeJS.ErrnoException & { detail?: object }) => ({ code, detail })),
    {
      code: 'MESH_UPSTREAM_LOST',
      detail: { host: 'slow', worker: slow.member.name, begun: true }
    }
  )
  mesh.leave()
  assert.equal(await code('slow'), 'MESH_CLOSED')
})

test('a client of node:http is told of the time-out of the mesh in an error with its code', async t => {
  const fleet = new Fleet(t)
  const slow = await fleet.start('slow', './plain.ts')
  const { mesh } = fleet.join()
  const agent = new MeshAgent({ client: mesh.client, domain: mesh.domain, timeoutMs: 100 })
  assert.equal((await failure('http://slow.heddle.local/hold', { agent })).code, 'MESH_TIMEOUT')
  assert.equal(await slow.member.drained(60_000), true)
})

test('a handler that breaks off is seen as over TCP, with the reason as the cause', async () => {
  const error = await failure(`${url}/destroy`, { agent: agentOf(ways.mesh) })
  assert.deepEqual([error.code, error.message], ['ECONNRESET', 'socket hang up'])
  assert.equal((error.cause as MeshError).code, 'MESH_RESPONSE_ABORTED')
})

test('what is no request is answered with 400 after the write has returned', async () => {
  const socket = connect(80, 'api.heddle.local')
  const answer = text(socket)
  await once(socket, 'connect')
  let returned = false
  const data = new Promise<boolean>(resolve => {
    socket.once('data', () => resolve(returned))
  })
  socket.write('no request\r\n\r\n')
  returned = true
  assert.equal(await data, true)
  assert.match(await answer, /^HTTP\/1\.1 400 /)
})

/** The events of a connection that asks once and closes, and its states on the way. */
async function life(socket: Socket): Promise<unknown[]> {
  const seen: unknown[] = []
  const state = (): unknown[] => [socket.connecting, socket.pending, socket.readyState, socket.destroyed]
  for (const name of ['connect', 'ready', 'data', 'end', 'finish', 'close', 'error']) {
    socket.on(name, () => seen.push(name, state()))
  }
  seen.push(state(), socket instanceof Socket)
  seen.push(socket.setNoDelay() === socket, socket.setKeepAlive(true, 10) === socket)
  seen.push(socket.ref() === socket, socket.unref() === socket, socket.listenerCount('connect'))
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n', () => seen.push('written', socket.bytesWritten))
  socket.write('Connection: close\r\n\r\n')
  seen.push(socket.bytesWritten)
  await once(socket, 'close')
  seen.push(socket.bytesWritten, socket.bytesRead > 50, state())
  return seen
}

test('an in-memory socket lives as a real one does', async () => {
  const port = Number(new URL(ways.socket.origin).port)
  const real = await life(connect(port, '127.0.0.1').ref())
  const memory = await life(connect(80, 'api.heddle.local'))
  assert.deepEqual(memory, real)
})

test('an in-memory socket has an address, and calls back when it is connected', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect({ host: 'api.heddle.local', port: 80 }, resolve)
  await promise
  const { address, family } = socket.address() as AddressInfo
  assert.deepEqual(
    [address, family, socket.remoteAddress, socket.remotePort, socket.remoteFamily],
    ['127.0.0.1', 'IPv4', '127.0.0.1', 80, 'IPv4']
  )
  socket.destroy()
  await once(socket, 'close')
})

test('an in-memory socket heeds timeout, signal and allowHalfOpen of net.connect', async () => {
  const idle = connect({ host: 'api.heddle.local', port: 80, timeout: 20 })
  await once(idle, 'timeout')
  idle.destroy()
  const control = new AbortController()
  const aborted = connect({ host: 'api.heddle.local', port: 80, signal: control.signal })
  const failed = once(aborted, 'error')
  control.abort()
  assert.equal(((await failed) as [Error])[0].name, 'AbortError')
  const open = connect({ host: 'api.heddle.local', port: 80, allowHalfOpen: true })
  open.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  open.resume()
  await once(open, 'end')
  assert.equal(open.writable, true)
  open.end()
  await once(open, 'close')
})

test('a client that said it would close and has ended its side still gets its answer', async () => {
  const socket = connect(80, 'api.heddle.local')
  socket.end('GET /chunks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(await text(socket), /^HTTP\/1\.1 200 [\s\S]*one [\s\S]*two [\s\S]*three/)
})

test('a slow reader and a slow upload hold the other side back', async () => {
  const agent = agentOf(ways.mesh)
  const req = request(`${url}/count`, { agent, method: 'POST' })
  const answer = once(req, 'response') as Promise<[IncomingMessage]>
  const piece = Buffer.alloc(256 * 1024, 'x')
  let full = 0
  for (let i = 0; i < 64; i++) {
    if (req.write(piece)) continue
    full++
    await once(req, 'drain')
  }
  req.end()
  const [res] = await answer
  assert.equal(await text(res), String(64 * piece.byteLength))
  assert.ok(full > 0)
  agent.destroy()
})

test('a write that waits is told when its socket is destroyed', async () => {
  for (const [port, host] of [
    [80, 'api.heddle.local'],
    [Number(new URL(ways.socket.origin).port), '127.0.0.1']
  ] as const) {
    const socket = connect(port, host)
    socket.write('POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 67108864\r\n\r\n')
    const told = new Promise<unknown>(resolve => socket.write(Buffer.alloc(67_108_864), resolve))
    await once(socket, 'connect')
    setImmediate(() => socket.destroy())
    assert.ok((await told) instanceof Error, host)
  }
})

test('what a client does with its buffer after the write has no bearing on what is sent', async () => {
  const agent = agentOf(ways.mesh)
  const req = request(`${url}/echo`, { agent, method: 'POST' })
  const answer = once(req, 'response') as Promise<[IncomingMessage]>
  const piece = Buffer.alloc(64 * 1024)
  const letters = ['a', 'b', 'c']
  for (const letter of letters) {
    piece.fill(letter)
    await new Promise<void>(resolve => req.write(piece, () => resolve()))
  }
  piece.fill('z')
  req.end()
  const [res] = await answer
  assert.equal(await text(res), letters.map(letter => letter.repeat(piece.byteLength)).join(''))
  agent.destroy()
})

test('a real server that takes no HTTP on a mesh name is nobody to the mesh', async t => {
  const server = createTcpServer(socket => socket.end('not HTTP')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({
    host: 'db.heddle.local',
    port,
    lookup: (_host, options, done) => {
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    }
  })
  assert.equal(await text(socket), 'not HTTP')
})
