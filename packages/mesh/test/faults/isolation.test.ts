/** What goes wrong with one request is that request's affair, and nobody else's on its link. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Registry, joinMesh, type Mesh } from '../../src/index.ts'
import { fieldOf, kindOf } from '../../src/wire/body.ts'
import { BYTES, LATIN1, MORE } from '../../src/wire/frames.ts'
import { AttackedServer, Record, requestFrame } from './misbehaving.ts'

for (const side of ['upstream', 'caller']) {
  test(`an exception in code of the ${side} does not keep the rest of its batch waiting`, async () => {
    const worker = new Worker(new URL('throwing-thread.ts', import.meta.url), { workerData: side })
    const [report] = (await once(worker, 'message')) as unknown[]
    assert.deepEqual(report, { uncaught: 1, told: ['head 200'] })
  })
}

async function pair(t: TestContext, listener: RequestListener): Promise<Mesh> {
  // Both ends are in this thread, and no end of a link keeps it alive once its exchange is over.
  const awake = setInterval(() => {}, 1000)
  t.after(() => clearInterval(awake))
  const registry = new Registry({ domain: 'test.local' })
  const { ticket, member } = registry.admit({ name: 'a', hostname: 'a' })
  const upstream = joinMesh(ticket)
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => {
    caller.leave()
    upstream.leave()
    registry.close()
  })
  upstream.serve(listener)
  await member.publish()
  return caller
}

const base = { hostname: 'a', method: 'POST', headers: 'host: a\r\n', peer: null, timeoutMs: 0 }
const sure = { idempotent: false, accept: null }

/** Bytes whose memory is given away before they could be sent. */
function lostBytes(): { readonly bytes: Uint8Array; readonly lose: () => void } {
  const bytes = new Uint8Array(32 * 1024)
  return { bytes, lose: () => void structuredClone(bytes, { transfer: [bytes.buffer] }) }
}

test('a request whose body cannot be sent any more fails by itself', async t => {
  const caller = await pair(t, (req, res) => req.resume().on('end', () => res.end()))
  const [lost, other] = [new Record(), new Record()]
  const { bytes, lose } = lostBytes()
  caller.client.send({ ...base, ...sure, path: '/', flags: BYTES, body: bytes }, lost)
  caller.client.send({ ...base, ...sure, path: '/', flags: LATIN1, body: 'x' }, other)
  lose()
  await Promise.all([lost.over, other.over])
  assert.deepEqual([lost.told, other.told], [['error MESH_INVALID_REQUEST'], ['head 200']])
})

test('a response whose body cannot be sent any more fails by itself', async t => {
  const caller = await pair(t, (req, res) => {
    const { bytes, lose } = lostBytes()
    res.end(req.url === '/lost' ? bytes : 'x')
    lose()
  })
  const [lost, other] = [new Record(), new Record()]
  for (const [record, path] of [
    [lost, '/lost'],
    [other, '/']
  ] as const) {
    caller.client.send({ ...base, ...sure, path, flags: 0, body: null }, record)
  }
  await Promise.all([lost.over, other.over])
  assert.deepEqual([lost.told, other.told], [['error MESH_RESPONSE_ABORTED'], ['head 200']])
})

test('a body in shared memory is copied: what its owner does later is not seen', async t => {
  const received: Buffer[] = []
  const caller = await pair(t, (req, res) => {
    req.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => res.end())
  })
  const bytes = new Uint8Array(new SharedArrayBuffer(32 * 1024))
  const record = new Record()
  const flags = kindOf(bytes)
  caller.client.send({ ...base, ...sure, path: '/', flags, body: fieldOf(bytes) }, record)
  await record.over
  bytes.fill(1)
  assert.equal(Buffer.concat(received)[0], 0)
})

test('a status message that is no text is sent as text', async t => {
  const caller = await pair(t, (_req, res) => {
    Reflect.set(res, 'statusMessage', () => 'text')
    res.end()
  })
  const record = new Record()
  caller.client.send({ ...base, ...sure, path: '/', flags: 0, body: null }, record)
  await record.over
  assert.deepEqual(record.told, ['head 200'])
})

test('a link that is closed in the middle of a burst begins no more of its requests', async t => {
  const server = new AttackedServer()
  t.after(() => server.close())
  const [evil, good] = [server.link(), server.link()]
  // Each handler of the burst takes longer than the server works without a pause.
  const burst = Array.from({ length: 50 }, (_, id) => requestFrame(id, { path: '/slow', flags: MORE })).flat()
  evil.port.postMessage(burst)
  while (server.slow === 0) await turn()
  evil.port.close()
  await evil.closed
  for (const id of [1, 2, 3]) {
    good.port.postMessage(requestFrame(id))
    await good.frame(frame => frame[1] === id)
  }
  assert.ok(server.slow < 50, `${server.slow} were begun`)
  assert.equal(server.open, 0)
  good.port.close()
})

function turn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

test('a response of which a piece cannot be sent any more is not told as complete', async t => {
  const caller = await pair(t, (_req, res) => {
    const { bytes, lose } = lostBytes()
    res.write('start')
    res.end(bytes)
    lose()
  })
  const record = new Record()
  caller.client.send({ ...base, ...sure, path: '/', flags: 0, body: null }, record)
  await record.over
  assert.deepEqual(record.told, ['head 200', 'error MESH_RESPONSE_ABORTED'])
})

test('an upload of which a piece cannot be sent any more is not told as complete', async t => {
  const seen: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const caller = await pair(t, (req, res) => {
    res.flushHeaders()
    req.on('data', () => {}).on('end', () => seen.push('end'))
    req.on('error', ({ message }) => seen.push(message)).on('close', resolve)
  })
  const record = new Record()
  const exchange = caller.client.send({ ...base, ...sure, path: '/', flags: MORE, body: null }, record)
  while (record.told.length === 0) await turn()
  const { bytes, lose } = lostBytes()
  exchange.write(LATIN1, 'start')
  exchange.write(BYTES, bytes)
  lose()
  exchange.end()
  await Promise.all([record.over, promise])
  assert.deepEqual(seen, ['aborted'])
  assert.deepEqual(record.told, ['head 200', 'error MESH_INVALID_REQUEST'])
})

test('a final head with an informational status is an error of that request', async t => {
  const caller = await pair(t, (_req, res) => res.writeHead(101).end())
  const record = new Record()
  caller.client.send({ ...base, ...sure, path: '/', flags: 0, body: null }, record)
  await record.over
  assert.deepEqual(record.told, ['error MESH_RESPONSE_ABORTED'])
})
