/** Connections that do not open, and such that were closed while they rested. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { AddressLink } from '../../src/client/address-link.ts'
import { Directory } from '../../src/client/directory.ts'
import { Exchange, type LinkOwner } from '../../src/client/exchange.ts'
import { Tally } from '../../src/client/tally.ts'
import { Scoreboard } from '../../src/scoreboard.ts'
import { Traffic } from '../../src/traffic.ts'
import { LATIN1, MORE, WINDOW } from '../../src/wire/frames.ts'
import { stopClock } from '../fixtures/clock.ts'
import { Answer, ask, clientSockets, listen, listenRaw, networkOf, refusedAddress, send } from './network.ts'

test('a request goes elsewhere when its address refuses it, whatever its method', async t => {
  const echo = await listen(t, (request, response) => request.pipe(response))
  const { client, inflight } = networkOf(t, [await refusedAddress(t), echo], 'round-robin')
  for (const method of ['POST', 'GET', 'PATCH', 'POST']) {
    const answer = await ask(client, { method, flags: LATIN1, body: 'once' })
    assert.deepEqual([answer.error, answer.body], [null, 'once'])
  }
  assert.equal(inflight(), 0)
})

test('a body that was being streamed to an address that refuses it is sent elsewhere from its beginning', async t => {
  const echo = await listen(t, (request, response) => request.pipe(response))
  const { client } = networkOf(t, [await refusedAddress(t), echo])
  const answer = send(client, { method: 'POST', flags: MORE | LATIN1, body: 'a' })
  answer.exchange?.write(LATIN1, 'b')
  await answer.next('head')
  answer.exchange?.write(LATIN1, 'c')
  answer.exchange?.end()
  await answer.over
  assert.equal(answer.body, 'abc')
})

test('a request every address refuses fails with the reason', async t => {
  const { client, inflight } = networkOf(t, [await refusedAddress(t), await refusedAddress(t)])
  const answer = await ask(client, { method: 'POST' })
  assert.deepEqual([answer.error?.code, answer.begun], ['MESH_UPSTREAM_LOST', false])
  assert.match(answer.cause, /ECONNREFUSED/)
  assert.equal(inflight(), 0)
})

const unreachable: readonly [string, RegExp][] = [
  ['unix:/nowhere/api.sock', /ENOENT/],
  ['http://127.0.0.1:1/path', /An address is/]
]

test('an address that leads nowhere is a reason too', async t => {
  for (const [address, reason] of unreachable) {
    const { client, inflight } = networkOf(t, [address])
    const answer = await ask(client)
    assert.equal(answer.error?.code, 'MESH_UPSTREAM_LOST')
    assert.match(answer.cause, reason)
    assert.equal(inflight(), 0)
  }
})

/** A link without a client, which notes what it says. */
function linkOf(t: TestContext, address: string, connectMs?: number) {
  const avoided: number[] = []
  let reportLost: ((cause: Error) => void) | null = null
  const scoreboard = Scoreboard.create(1)
  const traffic = Traffic.create()
  const directory = new Directory({ name: 'test', scoreboard, traffic, breaker: null, onCircuit: () => {} })
  const owner: LinkOwner = {
    scoreboard,
    flushMoment: 'tick',
    onLinkLost: () => {},
    tally: new Tally(scoreboard, directory, true),
    onExchangeLost: (link, exchange, cause) => {
      assert.equal(link.revoke(exchange), true)
      link.detach(exchange)
      reportLost?.(cause)
    },
    avoid: (_upstream, forMs) => avoided.push(forMs)
  }
  const upstream = { id: 1, name: 'api:0', record: 0, generation: 0, meta: null, address, readyAt: 0 }
  const link = new AddressLink({ upstream, hostname: 'api', address }, owner, connectMs)
  t.after(() => link.close())
  const request = { hostname: 'api', method: 'GET', path: '/', headers: 'host: a\r\n', flags: 0, body: null }
  /** Sends a request; resolves with why it was lost, or null when it was answered. */
  const attempt = async (): Promise<Error | null> => {
    const answer = new Answer()
    const whole = { ...request, peer: null, timeoutMs: 0, idempotent: true, accept: null }
    const exchange = new Exchange(whole, answer, 0, WINDOW)
    const { promise, resolve } = Promise.withResolvers<Error>()
    reportLost = resolve
    link.send(exchange, 0)
    return Promise.race([promise, answer.over.then(() => null)])
  }
  return { attempt, avoided, link }
}

test('an address that refuses is avoided for longer each time, until it answers', async t => {
  const server = createServer((_request, response) => {
    response.setHeader('connection', 'close').end()
  })
  // A path, which nobody else takes while nobody listens there.
  const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'api.sock')
  const address = `unix:${path}`
  let now = 1_000_000
  t.mock.method(performance, 'now', () => now)
  const { attempt, avoided } = linkOf(t, address)
  const expected = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
  for (const forMs of expected) {
    // Several at once are one failure.
    const causes = [await attempt(), await attempt()]
    assert.ok(causes.every(cause => (cause as NodeJS.ErrnoException).code === 'ENOENT'))
    now += forMs
  }
  assert.deepEqual(avoided, expected)
  server.listen(path)
  await once(server, 'listening')
  assert.equal(await attempt(), null)
  server.close()
  await once(server, 'close')
  await attempt()
  assert.deepEqual(avoided.slice(expected.length), [0, 1000])
})

test('a connection that does not open in time counts as refused', async t => {
  const silent = await listenRaw(t, () => {})
  const { attempt, avoided, link } = linkOf(t, silent.replace('http:', 'https:'), 50)
  const cause = await attempt()
  assert.equal((cause as NodeJS.ErrnoException).code, 'ETIMEDOUT')
  assert.deepEqual([avoided, link.size], [[1000], 0])
})

test('a connection has ten seconds to open', async t => {
  const { attempt, link } = linkOf(t, (await listenRaw(t, () => {})).replace('http:', 'https:'))
  const sockets = clientSockets(t)
  const lost = attempt()
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(
    sockets.map(({ timeout }) => timeout),
    [10_000]
  )
  sockets[0]?.destroy(new Error('enough'))
  assert.equal((await lost)?.message, 'enough')
  assert.equal(link.size, 0)
})

test('a request whose connection takes long to open is answered elsewhere', async t => {
  const clock = stopClock(t)
  const silent = await listenRaw(t, () => {})
  const prompt = await listen(t, (_request, response) => response.end('prompt'))
  const { client, inflight, scoreboard } = networkOf(t, [silent.replace('http:', 'https:'), prompt])
  const asked = [ask(client, { method: 'POST' }), ask(client, { method: 'POST' })]
  clock.pass(400)
  const answers = await Promise.all(asked)
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['prompt', 'prompt']
  )
  assert.equal(inflight(), 0)
  const later = [send(client), send(client), send(client)]
  assert.equal(scoreboard.inflight(0), 0, 'It is avoided.')
  await Promise.all(later.map(({ over }) => over))
})

/** A server that answers the first request of its first connection, and treats all others as `then` says. */
async function listenOnce(t: TestContext, then: 'close' | 'answer new connections') {
  const seen: string[] = []
  const idle = Promise.withResolvers<void>()
  let connections = 0
  const address = await listenRaw(t, socket => {
    const number = ++connections
    let requests = 0
    socket.on('data', chunk => {
      const text = chunk.toString('latin1')
      if (/^[A-Z]+ \//.test(text)) seen.push(`${number} ${text.slice(0, text.indexOf(' '))}`)
      const answers = requests++ === 0 && (number === 1 || then === 'answer new connections')
      if (!answers) socket.destroy()
      else if (!/transfer-encoding/i.test(text) || text.includes('\r\n0\r\n')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
      } else requests = 0
    })
    socket.once('close', () => idle.resolve())
  })
  return { address, seen, closed: idle.promise }
}

test('an idempotent request on a connection that was closed meanwhile is sent again on a new one', async t => {
  const { address, seen } = await listenOnce(t, 'answer new connections')
  const { client, inflight } = networkOf(t, [address])
  await ask(client)
  const { error, body } = await ask(client)
  assert.deepEqual([error, body], [null, 'hi'])
  assert.deepEqual(seen, ['1 GET', '1 GET', '2 GET'])
  assert.equal(inflight(), 0)
})

test('so is one whose body is being streamed', async t => {
  const { address, seen } = await listenOnce(t, 'answer new connections')
  const { client } = networkOf(t, [address])
  await ask(client)
  const answer = send(client, { method: 'PUT', flags: MORE | LATIN1, body: 'a' })
  answer.exchange?.write(LATIN1, 'b')
  answer.exchange?.end()
  await answer.over
  assert.deepEqual([answer.error, answer.body], [null, 'hi'])
  assert.deepEqual(seen, ['1 GET', '1 PUT', '2 PUT'])
})

test('a request is sent again on a new connection once', async t => {
  const { address, seen } = await listenOnce(t, 'close')
  const { client } = networkOf(t, [address])
  await ask(client)
  const { error } = await ask(client)
  assert.equal(error?.code, 'MESH_UPSTREAM_LOST')
  assert.deepEqual(seen, ['1 GET', '1 GET', '2 GET'])
})

test('it is not sent on another connection that was used before: that one may be closed as well', async t => {
  let requests = 0
  let connections = 0
  const address = await listenRaw(t, socket => {
    const stale = ++connections <= 2
    let first = true
    socket.on('data', () => {
      requests++
      if (stale && !first) socket.destroy()
      // The first two wait for each other, so that there are two connections.
      else if (!stale || requests === 2) for (const peer of [...waiting, socket]) peer.write(whole)
      else waiting.push(socket)
      first = false
    })
  })
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
  const waiting: Socket[] = []
  const { client } = networkOf(t, [address])
  await Promise.all([ask(client), ask(client)])
  waiting.length = 0
  const answer = await ask(client)
  assert.deepEqual([answer.error, answer.body, connections], [null, 'hi', 3])
})

test('a request that is not idempotent is not sent again when it may have been begun', async t => {
  // A connection that has rested for long would not be taken.
  stopClock(t)
  const { address, seen } = await listenOnce(t, 'answer new connections')
  const spare = await listen(t, (_request, response) => response.end('spare'))
  const { client, scoreboard, upstreams } = networkOf(t, [address, spare])
  // Only the first takes requests, until the one in question has been sent to it.
  scoreboard.setState(1, 0)
  await ask(client)
  const answer = send(client, { method: 'POST', flags: LATIN1, body: 'a' })
  scoreboard.setState(1, 1)
  await answer.over
  assert.equal(upstreams.length, 2)
  assert.deepEqual([answer.error?.code, answer.begun], ['MESH_UPSTREAM_LOST', true])
  assert.deepEqual(seen, ['1 GET', '1 POST'])
})

test('a request that is not idempotent does not go out on a connection that has rested', async t => {
  const clock = stopClock(t)
  const { address, seen } = await listenOnce(t, 'answer new connections')
  const { client } = networkOf(t, [address])
  await ask(client)
  clock.pass(1500)
  const { error, body } = await ask(client, { method: 'POST' })
  assert.deepEqual([error, body], [null, 'hi'])
  assert.deepEqual(seen, ['1 GET', '2 POST'])
})
