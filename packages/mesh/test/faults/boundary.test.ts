/**
 * Whatever a thread posts on its link, the other side is told of no more than HTTP knows, refuses the link
 * by name, and goes on with everybody else.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import {
  ABORT,
  BYTES,
  CREDIT,
  GONE,
  DATA,
  END,
  HEAD,
  INFO,
  LATIN1,
  MORE,
  REQUEST,
  UPGRADE
} from '../../src/wire/frames.ts'
import { AttackedClient, AttackedServer, headFrame, requestFrame, type Fields } from './misbehaving.ts'

const shared = new Uint8Array(new SharedArrayBuffer(8))

/** An open request, and something behind it. */
function upload(...frame: unknown[]): unknown[] {
  return [...requestFrame(1, { flags: MORE }), ...frame]
}

function requestWith(fields: Fields): unknown[] {
  return requestFrame(1, fields)
}

/** What a client may post that has to cost it its link. */
const attacksOnServer: Readonly<Record<string, unknown>> = {
  'a number': 5,
  null: null,
  'an object': { frames: [] },
  'an unknown opcode': [99, 1, 1],
  'an opcode that is no number': ['__proto__', 1],
  'a frame cut short': [REQUEST, 1],
  'a response': upload(...headFrame(1)),
  'an id that is a BigInt': requestFrame(1n),
  'a negative id': requestFrame(-1),
  'an id that is no number': requestFrame(Number.NaN),
  'a huge id': requestFrame(2 ** 40),
  'a broken id': requestFrame(1.5),
  'a cell below': requestWith({ cell: -7 }),
  'a cell beyond': requestWith({ cell: 1024 }),
  'a broken cell': requestWith({ cell: 0.5 }),
  'flags beyond': requestWith({ flags: 2 ** 33 }),
  'a method with a space': requestWith({ method: 'GE T' }),
  'a method with a line end': requestWith({ method: 'GET / HTTP/1.1\r\nX: ' }),
  'no method': requestWith({ method: '' }),
  'a path with a line end': requestWith({ path: '/a\r\nfoo: x' }),
  'no path': requestWith({ path: '' }),
  'a header without a value': requestWith({ headers: 'foo\r\n' }),
  'a header over two lines': requestWith({ headers: 'foo\r\nbar: baz\r\n' }),
  'a header with a null character': requestWith({ headers: 'foo: a\u0000b\r\n' }),
  'a header in no Latin-1': requestWith({ headers: 'foo: \u2603\r\n' }),
  'a header section without an end': requestWith({ headers: 'foo: bar' }),
  'headers that are no text': requestWith({ headers: { foo: 'bar' } }),
  'a body that is an object': requestWith({ flags: BYTES, body: {} }),
  'a body that is a number': requestWith({ flags: BYTES, body: 5 }),
  'a body in shared memory': requestWith({ flags: BYTES, body: shared }),
  'a body of floats': requestWith({ flags: BYTES, body: new Float64Array(2) }),
  'a body without its flag': requestWith({ body: 'text' }),
  'a text where bytes were announced': requestWith({ flags: BYTES, body: 'text' }),
  'a peer that is no text': requestWith({ peer: {} }),
  'a deadline that is no number': requestWith({ deadline: Number.NaN }),
  'a piece that is no body': upload(DATA, 1, BYTES, {}),
  'a piece of nothing': upload(DATA, 1, BYTES, undefined),
  'trailers that are no text': upload(END, 1, null),
  'trailers that are none': upload(END, 1, 'bad\r\nline: x'),
  'a reason that is no text': upload(ABORT, 1, {}),
  'the end of a connection of a peer that is no text': [GONE, 0, 7],
  'credit that is no number': upload(CREDIT, 1, Number.NaN),
  'negative credit': upload(CREDIT, 1, -1e9),
  'credit without end': upload(CREDIT, 1, 1e15)
}

function attackedServer(t: TestContext): AttackedServer {
  const alive = setInterval(() => {}, 1000)
  const server = new AttackedServer()
  t.after(() => {
    clearInterval(alive)
    server.close()
  })
  return server
}

for (const [what, batch] of Object.entries(attacksOnServer)) {
  test(`a client that posts ${what} loses its link, and nobody else does`, async t => {
    const server = attackedServer(t)
    const [evil, good] = [server.link(), server.link()]
    good.port.postMessage(requestFrame(7, { flags: MORE }))
    evil.port.postMessage(batch)
    await evil.closed
    good.port.postMessage([END, 7, ''])
    const [, , , status] = await good.frame(frame => frame[0] === HEAD)
    assert.equal(status, 200)
    assert.deepEqual(server.malformed, [])
    good.port.close()
    await good.closed
    assert.equal(server.scoreboard.inflight(0), 0)
  })
}

test('header names of objects reach an application as names', async t => {
  const server = attackedServer(t)
  const link = server.link()
  link.port.postMessage(requestWith({ headers: '__proto__: x\r\nconstructor: y\r\n__proto__: z\r\n' }))
  assert.equal((await link.frame(frame => frame[0] === HEAD))[3], 200)
  link.port.close()
})

test('frames for requests that are not there, or no longer, change nothing', async t => {
  const server = attackedServer(t)
  const link = server.link()
  link.port.postMessage([DATA, 5, LATIN1, 'x', END, 6, '', CREDIT, 7, 5, ABORT, 8, 'why'])
  link.port.postMessage([...upload(END, 1, ''), END, 1, '', DATA, 1, LATIN1, 'x'])
  assert.equal((await link.frame(frame => frame[0] === HEAD))[3], 200)
  link.port.close()
})

test('a number used twice ends the first request, whose response is closed', async t => {
  const server = attackedServer(t)
  const link = server.link()
  link.port.postMessage([...upload(), ...upload(END, 1, '')])
  assert.equal((await link.frame(frame => frame[0] === HEAD))[3], 200)
  assert.equal(server.open, 0)
  link.port.close()
})

test('a link with cells of another size is refused', async t => {
  const server = attackedServer(t)
  await server.link(new SharedArrayBuffer(4)).closed
})

test('a count of open requests that is not true does not make a server look idle', async t => {
  const server = attackedServer(t)
  server.scoreboard.addInflight(0, 1, 3)
  const link = server.link()
  new Int32Array(link.cells).fill(1_000_000)
  link.port.postMessage(['?'])
  await link.closed
  assert.equal(server.scoreboard.inflight(0), 0)
})

type Attack = (id: number) => unknown

function head(fields: Fields): Attack {
  return id => headFrame(id, fields)
}

function answering(...frame: readonly unknown[]): Attack {
  return id => [...headFrame(id, { flags: MORE }), frame[0], id, ...frame.slice(1)]
}

/** What a server may post that has to cost it its link. */
const attacksOnClient: Readonly<Record<string, Attack>> = {
  'a number': () => 5,
  'an unknown opcode': id => [99, id, 1],
  'a frame cut short': id => [HEAD, id],
  'a request': id => requestFrame(id),
  'an id that is a BigInt': id => headFrame(BigInt(id)),
  'a status that is no number': head({ status: Number.NaN }),
  'a status that is text': head({ status: '200' }),
  'a status of one digit': head({ status: 9 }),
  'a head that is informational': head({ status: 101 }),
  'a message with a line end': head({ message: 'OK\r\nx: y' }),
  'a message that is no text': head({ message: {} }),
  'headers that are no text': head({ headers: null }),
  'a second response in the headers': head({ headers: 'a: b\r\n\r\nHTTP/1.1 200 OK\r\n' }),
  'a header over two lines': head({ headers: 'junk\r\nfoo: b\r\n' }),
  'a body that is an object': head({ flags: BYTES, body: {} }),
  'a body in shared memory': head({ flags: BYTES, body: shared }),
  'a second head': answering(HEAD, 0, 200, '', '', null),
  'a head after an informational one too late': answering(INFO, 103, ''),
  'a body before its head': id => [DATA, id, LATIN1, 'x'],
  'an end before its head': id => [END, id, ''],
  'an informational 200': id => [INFO, id, 200, ''],
  'an informational response without headers': id => [INFO, id, 103, {}],
  'a piece that is no body': answering(DATA, BYTES, {}),
  'a piece of nothing': answering(DATA, BYTES, undefined),
  'trailers that are no text': answering(END, null),
  'the end of a connection, which only a client has': id => [GONE, id, '::1 4711 0 1'],
  'credit that is no number': id => [CREDIT, id, Number.NaN],
  'negative credit': id => [CREDIT, id, -1e9],
  'a reason that is no text': id => [ABORT, id, { a: 1 }]
}

function attackedClient(t: TestContext): AttackedClient {
  const alive = setInterval(() => {}, 1000)
  const client = new AttackedClient(2)
  t.after(() => {
    clearInterval(alive)
    client.close()
  })
  return client
}

for (const [what, attack] of Object.entries(attacksOnClient)) {
  test(`a server that posts ${what} loses its link by name, and nobody else does`, async t => {
    const attacked = attackedClient(t)
    const [victim, bystander, other] = [
      await attacked.send(0),
      await attacked.send(0, MORE),
      await attacked.send(1)
    ]
    victim.link.port.postMessage(attack(victim.id))
    await Promise.all([victim.link.closed, victim.record.over, bystander.record.over])
    for (const { record } of [victim, bystander]) {
      assert.equal(record.told.at(-1), 'error MESH_UPSTREAM_LOST')
      assert.equal(Reflect.get(record.error?.cause ?? {}, 'code'), 'MESH_PROTOCOL')
      assert.ok(record.told.length <= 2, record.told.join())
    }
    other.link.port.postMessage(headFrame(other.id))
    await other.record.over
    assert.deepEqual(other.record.told, ['head 200'])
    for (const upstream of [0, 1]) assert.equal(attacked.scoreboard.inflight(upstream), 0)
  })
}

test('frames for exchanges that are over are passed over', async t => {
  const attacked = attackedClient(t)
  const { record, id, link } = await attacked.send(0)
  const late = [HEAD, id, 0, 200, '', '', null, DATA, id, LATIN1, 'x', END, id, '', ABORT, id, 'why']
  link.port.postMessage([...headFrame(id), ...late, CREDIT, 123_456, 1])
  await record.over
  const next = await attacked.send(0)
  link.port.postMessage(headFrame(next.id))
  await next.record.over
  assert.deepEqual([record.told, next.record.told], [['head 200'], ['head 200']])
  assert.equal(attacked.scoreboard.inflight(0), 0)
})

test('raw bytes before a head are for upgrades only', async t => {
  const attacked = attackedClient(t)
  const { record, id, link } = await attacked.send(0, MORE | UPGRADE)
  link.port.postMessage([DATA, id, LATIN1, 'HTTP/1.1 101 Switching Protocols\r\n\r\n', END, id, ''])
  await record.over
  assert.deepEqual(record.told, ['data', 'end'])
})
