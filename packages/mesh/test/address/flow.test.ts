/** A slow reader stops a fast writer over the network, both ways; upstreams of both kinds are balanced together. */
import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { LATIN1, MORE, WINDOW } from '../../src/wire/frames.ts'
import { ask, listen, networkOf, refusedAddress, send } from './network.ts'

const PIECE = 64 * 1024
const TOTAL = 64 * WINDOW

/** What the kernel may hold of a connection between two sockets of one machine, and streams beside it. */
const KERNEL = 32 * WINDOW

test('an answer is read as fast as its receiver makes room', async t => {
  let written = 0
  const address = await listen(t, (_request, response) => {
    const more = (): void => {
      while (written < TOTAL) {
        written += PIECE
        if (!response.write(Buffer.alloc(PIECE))) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  })
  const { client } = networkOf(t, [address])
  const answer = send(client)
  answer.reads = false
  let consumed = 0
  while (answer.received < TOTAL) {
    await new Promise(resolve => setImmediate(resolve))
    assert.ok(answer.received - consumed < WINDOW + PIECE, `${answer.received - consumed} bytes held`)
    assert.ok(written - consumed < KERNEL, `${written - consumed} bytes under way`)
    if (answer.received - consumed < WINDOW && answer.received < TOTAL) continue
    answer.exchange?.consumed(answer.received - consumed)
    consumed = answer.received
  }
  await answer.over
  assert.equal(answer.received, TOTAL)
})

test('a body is sent as fast as its server reads', async t => {
  let received = 0
  let written = 0
  let most = 0
  const address = await listen(t, (request, response) => {
    const read = (): void => {
      most = Math.max(most, written - received)
      const chunk: Buffer | null = request.read()
      received += chunk?.byteLength ?? 0
      if (request.readableEnded) response.end()
      else setImmediate(read)
    }
    read()
  })
  const { client } = networkOf(t, [address])
  const answer = send(client, { method: 'POST', flags: MORE })
  const piece = new Uint8Array(PIECE)
  while (written < TOTAL) {
    written += PIECE
    if (answer.exchange?.write(3, piece) === false) await answer.next('writable')
  }
  answer.exchange?.end()
  await answer.over
  assert.deepEqual([received, answer.status], [TOTAL, 200])
  assert.ok(most < KERNEL, `${most} bytes under way`)
})

/** Answers when the test says so. */
function holding(): { readonly listener: RequestListener; readonly held: ServerResponse[] } {
  const held: ServerResponse[] = []
  return { listener: (_request, response) => held.push(response), held }
}

test('threads and addresses are balanced by what each of them has in flight', async t => {
  const places = [holding(), holding(), holding()] as const
  const [one, two, three] = places
  const addresses = [await listen(t, one.listener), await listen(t, two.listener), three.listener]
  const { client, scoreboard, inflight } = networkOf(t, addresses)
  const answers = Array.from({ length: 9 }, () => send(client))
  const loads = [0, 1, 2].map(record => scoreboard.inflight(record))
  assert.deepEqual(loads, [3, 3, 3])
  while (places.some(({ held }) => held.length < 3)) await new Promise(resolve => setImmediate(resolve))
  for (const response of two.held) response.end()
  await Promise.race(answers.map(({ over }) => over))
  for (const { held } of [one, three]) for (const response of held) response.end()
  await Promise.all(answers.map(({ over }) => over))
  assert.equal(inflight(), 0)
})

const answering: RequestListener = (request, response) => {
  void text(request).then(body => response.end(`${body.length}`))
}

test('a body refused by an address goes to a thread whole, and its sender is not left waiting', async t => {
  // A long head counts for the connection, but not for the window.
  const headers = `host: api.local\r\nx-long: ${'x'.repeat(WINDOW)}\r\n`
  for (const size of [PIECE, 4 * PIECE, WINDOW - PIECE, WINDOW, 2 * WINDOW]) {
    const { client, inflight } = networkOf(t, [await refusedAddress(t), answering])
    const answer = send(client, { method: 'POST', flags: MORE, headers })
    for (let sent = 0; sent < size; sent += PIECE) {
      if (answer.exchange?.write(LATIN1, 'x'.repeat(PIECE)) === false) await answer.next('writable')
    }
    answer.exchange?.end()
    await answer.over
    assert.deepEqual([answer.error, answer.body], [null, `${size}`])
    assert.equal(inflight(), 0)
  }
})

test('requests reach threads and addresses in turn', async t => {
  const address = await listen(t, (_request, response) => response.end('address'))
  const { client } = networkOf(t, [address, (_request, response) => response.end('thread')], 'round-robin')
  const bodies: string[] = []
  for (let i = 0; i < 4; i++) bodies.push((await ask(client)).body)
  assert.deepEqual(bodies.toSorted(), ['address', 'address', 'thread', 'thread'])
})

test('what was sent of a body is kept for another try no longer than it is of use', async t => {
  const dying = await listen(t, request => {
    let read = 0
    request.on('data', (chunk: Buffer) => {
      read += chunk.byteLength
      if (read > 2 * WINDOW) request.destroy()
    })
  })
  const { client, inflight } = networkOf(t, [dying, (_request, response) => response.end('spare')])
  const upload = send(client, { method: 'PUT', flags: MORE })
  while (upload.error === null) {
    const room = upload.exchange?.write(LATIN1, 'x'.repeat(PIECE))
    await (room === true
      ? new Promise(resolve => setImmediate(resolve))
      : Promise.race([upload.next('writable'), upload.over]))
  }
  assert.deepEqual(
    [upload.error.code, upload.begun, upload.exchange?.replay],
    ['MESH_UPSTREAM_LOST', true, null]
  )
  assert.equal(inflight(), 0)
  const arrives = Promise.withResolvers<void>()
  const reading = await listen(t, request => void request.once('data', () => arrives.resolve()))
  const post = send(networkOf(t, [reading]).client, { method: 'POST', flags: MORE | LATIN1, body: 'a' })
  post.exchange?.write(LATIN1, 'b')
  assert.equal(post.exchange?.replay?.length, 1)
  await arrives.promise
  assert.equal(post.exchange?.replay, null)
})
