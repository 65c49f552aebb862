/**
 * Large bodies through the edge in both directions: whole, unmixed, and never more in memory than a
 * window. Real sockets.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'

import { RawClient, get, post, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

const MiB = 1024 * 1024

let stage: Stage

before(async () => {
  stage = await openStage({ workers: { api: 2 } })
})
after(() => stage.close())

/** Bytes whose order matters. */
function pattern(size: number, salt: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2654435761 + salt) >>> 0, at)
  return bytes
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Uploads pieces with node's client; a length is declared when it is given. */
async function upload(path: string, pieces: readonly Buffer[], length?: number): Promise<Buffer> {
  const headers = length === undefined ? {} : { 'content-length': length }
  const call = httpRequest({ port: stage.port, path, method: 'POST', headers, agent: false })
  const answered = once(call, 'response') as Promise<[IncomingMessage]>
  for (const piece of pieces) if (!call.write(piece)) await once(call, 'drain')
  call.end()
  const [response] = await answered
  return Buffer.concat(await response.toArray())
}

test('EdgeServer passes uploads on whole, with a length and in chunks', async () => {
  const bytes = pattern(20 * MiB, 1)
  const pieces = Array.from({ length: 20 }, (_, i) => bytes.subarray(i * MiB, (i + 1) * MiB))
  const expected = { size: bytes.byteLength, hash: sha256(bytes) }
  for (const length of [bytes.byteLength, undefined]) {
    assert.deepEqual(JSON.parse((await upload('/hash', pieces, length)).toString()), expected)
  }
})

test('EdgeServer passes bodies of every size near its steps on whole', async () => {
  for (const size of [
    1,
    16_383,
    16_384,
    16_385,
    65_535,
    65_537,
    512 * 1024 - 1,
    512 * 1024,
    512 * 1024 + 1
  ]) {
    const bytes = pattern(size, size)
    const answer = JSON.parse((await upload('/hash', [bytes], size)).toString()) as unknown
    assert.deepEqual(answer, { size, hash: sha256(bytes) })
  }
})

test('EdgeServer keeps bodies that pass both ways at once apart', async () => {
  const bodies = Array.from({ length: 8 }, (_, salt) => pattern(3 * MiB + salt * 1000, salt))
  const echoes = await Promise.all(bodies.map((body, i) => upload(`/echo?${i}`, [body])))
  for (const [i, echo] of echoes.entries()) assert.equal(sha256(echo), sha256(bodies[i] ?? Buffer.alloc(0)))
})

test('EdgeServer reads the rest of an upload that was answered early and keeps the connection', async () => {
  const client = await RawClient.open(stage.port)
  client.send(post('/early', 'x'.repeat(5 * MiB)))
  assert.equal((await client.response()).body, 'early')
  assert.equal((await client.send(post('/echo', 'next')).response()).body, 'next')
  client.destroy()
})

test('EdgeServer holds the application back while the client does not read', async () => {
  const size = 64 * MiB
  const path = `/big?size=${size}`
  const socket = connect(stage.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.pause()
  socket.write(get(path, 'Connection: close'))
  await stage.sighting(path, 'written')
  let received = 0
  // The application is stopped by its window: what it has written stands still between two looks.
  const written = (): number => stage.sightings(path, 'written').at(-1)?.bytes ?? 0
  for (let seen = -1; seen !== written();) {
    seen = written()
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  assert.ok(written() < 20 * MiB, `${written()} bytes written for a client that reads nothing`)
  socket.on('data', (chunk: Buffer) => {
    received += chunk.byteLength
  })
  socket.resume()
  await once(socket, 'close')
  assert.ok(received > size, `${received} bytes received`)
})

test('EdgeServer holds the client back while the application does not read', async () => {
  const size = 40 * MiB
  const client = await RawClient.open(stage.port)
  client.send(request('POST', '/unread', [`Content-Length: ${size}`]))
  const { worker } = await stage.sighting('/unread', 'begun')
  const { socket } = client
  const piece = Buffer.alloc(MiB)
  let taken = 0
  while (taken < size) {
    taken += piece.byteLength
    if (socket.write(piece)) continue
    if (!(await Promise.race([once(socket, 'drain').then(() => true), quiet(400)]))) break
  }
  assert.ok(taken < 30 * MiB, `${taken} bytes taken for an application that reads nothing`)
  for (; taken < size; taken += piece.byteLength) socket.write(piece)
  stage.worker(worker).thread.postMessage('read')
  assert.equal((await client.response()).status, 200)
  client.destroy()
})

function quiet(ms: number): Promise<false> {
  return new Promise(resolve => {
    setTimeout(resolve, ms, false)
  })
}

test('EdgeServer leaves nothing in flight behind large bodies', () => stage.settled())
