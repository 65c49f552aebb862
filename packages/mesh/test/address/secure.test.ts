/** Upstreams behind TLS: who they are is checked before a request leaves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { test, type TestContext } from 'node:test'

import { LATIN1, MORE, UPGRADE } from '../../src/wire/frames.ts'
import { ask, networkOf, portOf, send } from './network.ts'
import { certificate, key } from './certificate.ts'

/** A server that tells which host it was asked for, by TLS and by HTTP. */
async function listenSecure(t: TestContext) {
  const seen = { requests: 0, connections: 0 }
  const server = createServer({ key, cert: certificate }, (request, response) => {
    seen.requests++
    response.setHeader('x-asked', `${(request.socket as TLSSocket).servername} ${request.headers.host}`)
    request.pipe(response)
  })
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Fine\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n')
    socket.pipe(socket)
  })
  server.on('secureConnection', () => seen.connections++)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: portOf(server), seen }
}

test('an upstream nobody vouches for gets no request', async t => {
  const { port, seen } = await listenSecure(t)
  const { client, inflight } = networkOf(t, [`https://localhost:${port}`])
  const answer = await ask(client, { method: 'POST', flags: LATIN1, body: 'secret' })
  assert.deepEqual([answer.error?.code, answer.begun], ['MESH_UPSTREAM_LOST', false])
  assert.match(answer.cause, /DEPTH_ZERO_SELF_SIGNED_CERT/)
  assert.deepEqual([seen.requests, inflight()], [0, 0])
})

test('a certificate among those trusted by default (NODE_EXTRA_CA_CERTS) opens the way', async t => {
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate])
  t.after(() => setDefaultCACertificates(trusted))
  const { port, seen } = await listenSecure(t)
  const { client, inflight } = networkOf(t, [`https://localhost:${port}`])
  for (const body of ['a', 'b', 'c']) {
    const answer = await ask(client, { method: 'POST', flags: LATIN1, body })
    assert.deepEqual([answer.error, answer.body], [null, body])
    assert.match(answer.block, /x-asked: localhost api\.local\r\n/)
  }
  assert.equal(seen.connections, 1)
  const byIp = networkOf(t, [`https://127.0.0.1:${port}`])
  assert.match((await ask(byIp.client)).block, /x-asked: false api\.local\r\n/)
  const wrongName = networkOf(t, [`https://[::ffff:127.0.0.1]:${port}`])
  assert.match((await ask(wrongName.client)).cause, /altnames/)
  const tunnel = send(client, {
    flags: MORE | UPGRADE,
    headers: 'host: api.local\r\nConnection: Upgrade\r\nUpgrade: raw\r\n'
  })
  tunnel.exchange?.write(LATIN1, 'echo')
  while (!tunnel.body.endsWith('echo')) await tunnel.next('data')
  tunnel.exchange?.end()
  await tunnel.over
  assert.deepEqual([tunnel.error, inflight()], [null, 0])
})
