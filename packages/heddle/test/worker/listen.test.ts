/** What an application sees of its own server, in a worker where that server opens no port. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

import { startInMesh } from './mesh-caller.ts'
import { fixture, readyUrl, startWorker } from './worker-harness.ts'

interface Seen {
  readonly address: AddressInfo | string
}

test('listen() in all its variants behaves as node does, and opens nothing', async t => {
  const running = startInMesh(t, 'listen-variants/app.mjs')
  await running.next('ready')
  const seen = JSON.parse((await running.call('/')).text) as Record<string, unknown>
  const variants: [string, AddressInfo | string][] = [
    ['port', { address: '::', family: 'IPv6', port: 3000 }],
    ['string', { address: '::', family: 'IPv6', port: 3000 }],
    ['host', { address: '127.0.0.1', family: 'IPv4', port: 3000 }],
    ['name', { address: '127.0.0.1', family: 'IPv4', port: 3000 }],
    ['backlog', { address: '::', family: 'IPv6', port: 3000 }],
    ['options', { address: '::1', family: 'IPv6', port: 3000 }],
    ['path', '/nowhere/app.sock'],
    ['pathOption', '/nowhere/app.sock']
  ]
  const common = { chained: true, before: false, early: true, events: ['called', 'listening'] }
  for (const [name, address] of variants) {
    assert.deepEqual(seen[name], { ...common, address, ref: true, after: false }, name)
  }
  for (const name of ['zero', 'nothing']) {
    const { port } = (seen[name] as Seen).address as AddressInfo
    assert.ok(port >= 49_152 && port <= 65_535, name)
  }
  assert.deepEqual(seen.callback, { isServer: true, returned: true })
  assert.equal(seen.aborted, false)
  assert.equal(seen.twice, 'ERR_SERVER_ALREADY_LISTEN')
  assert.equal(seen.closeAgain, 'ERR_SERVER_NOT_RUNNING')
  assert.equal(seen.badPort, 'ERR_SOCKET_BAD_PORT')
  assert.equal(seen.badOptions, 'ERR_INVALID_ARG_VALUE')
})

test('listen() of further servers opens their ports, shared between workers', async t => {
  // Nobody else gets the port before the first worker has it.
  const holder = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true })
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const env = { SECOND: String(port) }
  for (const _worker of ['first', 'second']) {
    const running = startInMesh(t, 'several-servers/app.mjs', { env, boot: { workers: 2 } })
    // oxlint-disable-next-line no-await-in-loop -- One worker after the other.
    await running.next('ready')
    const ports = JSON.parse((await running.call('/')).text) as Record<'second' | 'plain', number>
    assert.equal(ports.second, port)
    holder.close()
    const socket = connect(ports.plain, '127.0.0.1')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'plain')
    socket.destroy()
  }
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'second')
})

test('close() of the application server takes the application out of service, and listen() brings it back', async t => {
  const running = startInMesh(t, 'closing/app.mjs')
  await running.next('ready')
  assert.equal((await running.call('/')).text, 'closing 1')
  assert.equal((await running.call('/reopen')).text, 'closing 1')
  // Between close and listen requests are refused, for a few turns.
  let text = ''
  for (let status = 503; status === 503;) ({ status, text } = await running.call('/'))
  assert.equal(text, 'closing 2')
  await running.call('/close')
  assert.deepEqual(await running.call('/'), { status: 503, text: 'The application has closed its server.' })
})

test('close() waits for requests in flight, and getConnections() counts them', async t => {
  const running = startInMesh(t, 'in-flight/app.mjs')
  await running.next('ready')
  assert.equal((await running.call('/')).text, 'in-flight')
  assert.equal((await running.call('/hold')).text, 'held 1 null')
})

test('listen() in direct mode opens the shared port and keeps its own options out', async t => {
  const start = (port: number): Promise<string> => {
    const listen = { hostname: '127.0.0.1', port, backlog: 511 }
    return readyUrl(startWorker(t, 'script-http/server.mjs', { boot: { listen, workers: 2 } }))
  }
  const url = await start(0)
  assert.equal(await start(Number(new URL(url).port)), url)
  assert.equal(await (await fetch(url)).text(), 'script-http')
})

test('boot fails when the shared port cannot be opened', async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  t.after(() => blocker.close())
  const { port } = blocker.address() as AddressInfo
  const listen = { hostname: '127.0.0.1', port, backlog: 511 }
  for (const entry of ['script-http/server.mjs', 'listener-esm/app.mjs']) {
    // oxlint-disable-next-line no-await-in-loop -- One worker after the other.
    const { error } = await startWorker(t, entry, { boot: { listen } }).next('failed')
    assert.equal(error.code, 'EADDRINUSE')
  }
})

test('servers of preload modules are not the application server', async t => {
  const preload = [fixture('preload/first.mjs'), '#second']
  const running = startInMesh(t, 'preload/app.mjs', { boot: { preload } })
  await running.next('ready')
  const answer = JSON.parse((await running.call('/')).text) as { preloaded: string[]; argv: string }
  assert.deepEqual(answer.preloaded, ['first', 'second'])
  assert.ok(answer.argv.endsWith('preload/app.mjs'))
})
