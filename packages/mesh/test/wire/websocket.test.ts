/**
 * Where a WebSocket's frames end, and how it is ended between two of them. Pure.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { BYTES, LATIN1, UTF8 } from '../../src/wire/frames.ts'
import { GOING_AWAY, SERVICE_RESTART, WebSocketBytes } from '../../src/wire/websocket.ts'

const accepted = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')

/** A server's frame. */
function frame(opcode: number, payload: Buffer, final = true): Buffer {
  const first = (final ? 0x80 : 0) | opcode
  const size = payload.byteLength
  if (size < 126) return Buffer.concat([Buffer.from([first, size]), payload])
  if (size < 65_536) return Buffer.concat([Buffer.from([first, 126, size >> 8, size & 255]), payload])
  const head = Buffer.alloc(10)
  head.writeUInt8(first)
  head.writeUInt8(127, 1)
  head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, payload])
}

/** What a client would be sent of pieces, when it is to leave before the piece of that number. */
function passed(pieces: readonly Buffer[], leaveBefore: number): Buffer {
  const bytes = new WebSocketBytes()
  return Buffer.concat(
    pieces.flatMap((piece, index) => {
      const now = index === leaveBefore ? bytes.leave(SERVICE_RESTART, 'bye') : null
      const instead = bytes.follow(BYTES, piece)
      return [now ?? Buffer.alloc(0), instead ?? piece]
    })
  )
}

const goodbye = Buffer.concat([Buffer.from([0x88, 5, 0x03, 0xf4]), Buffer.from('bye')])
const messages = [
  frame(1, Buffer.from('first')),
  frame(2, Buffer.alloc(0)),
  frame(1, Buffer.alloc(125, 'x'), false),
  frame(9, Buffer.from('ping')),
  frame(0, Buffer.alloc(126, 'y')),
  frame(2, Buffer.alloc(70_000, 0x88)),
  frame(1, Buffer.from('last'))
]
const stream = Buffer.concat([accepted, ...messages])
/** Where a Close frame may stand: behind the head, and behind each frame. */
const boundaries = messages.reduce<number[]>(
  (ends, { byteLength }) => [...ends, (ends.at(-1) ?? 0) + byteLength],
  [accepted.byteLength]
)

describe('WebSocketBytes puts a Close frame behind the frame under way, wherever the stream is cut', () => {
  for (const at of [
    0,
    1,
    11,
    accepted.byteLength - 1,
    ...boundaries.flatMap(end => [end - 1, end, end + 1, end + 2, end + 5])
  ]) {
    if (at > stream.byteLength) continue
    test(`byte ${at}`, () => {
      const end = boundaries.find(boundary => boundary >= at)
      assert.ok(end !== undefined)
      const got = passed([stream.subarray(0, at), stream.subarray(at)], 1)
      assert.deepEqual(got, Buffer.concat([stream.subarray(0, end), goodbye]))
    })
  }
})

test('WebSocketBytes finds the same ends when bytes come one by one, and as strings', () => {
  const bytes = new WebSocketBytes()
  const short = Buffer.concat([accepted, frame(1, Buffer.alloc(200, 0xff)), frame(1, Buffer.from('more'))])
  const end = short.byteLength - 6
  for (let at = 0; at < end - 10; at++) {
    assert.equal(bytes.follow(LATIN1, short.toString('latin1', at, at + 1)), null)
  }
  assert.equal(bytes.leave(GOING_AWAY, ''), null, 'a frame is under way')
  const rest = bytes.follow(LATIN1, short.toString('latin1', end - 10))
  assert.deepEqual(rest, Buffer.concat([short.subarray(end - 10, end), Buffer.from([0x88, 2, 0x03, 0xe9])]))
  assert.equal(bytes.left, true)
  assert.deepEqual(bytes.follow(LATIN1, 'more'), Buffer.alloc(0))
})

test('WebSocketBytes counts bytes of text, not characters', () => {
  const bytes = new WebSocketBytes()
  bytes.follow(BYTES, accepted)
  const text = '€'.repeat(10)
  // Its head is ASCII, its payload is not.
  assert.equal(bytes.follow(UTF8, `\u0001\u001e${text}`), null)
  assert.notEqual(bytes.leave(GOING_AWAY, ''), null)
})

test('WebSocketBytes gives the Close frame out at once between two frames, and once only', () => {
  const bytes = new WebSocketBytes()
  bytes.follow(BYTES, Buffer.concat([accepted, frame(1, Buffer.from('x'))]))
  assert.deepEqual(bytes.leave(SERVICE_RESTART, 'bye'), goodbye)
  assert.equal(bytes.leave(GOING_AWAY, ''), null)
  assert.equal(bytes.left, true)
})

test('WebSocketBytes leaves it to the server when it closes by itself', () => {
  const bytes = new WebSocketBytes()
  const close = frame(8, Buffer.from([0x03, 0xe8]))
  bytes.follow(BYTES, Buffer.concat([accepted, close.subarray(0, 3)]))
  assert.equal(bytes.leave(SERVICE_RESTART, 'bye'), null)
  assert.equal(bytes.follow(BYTES, close.subarray(3)), null)
  assert.equal(bytes.left, false)
})

test('WebSocketBytes never ends what was refused, and waits behind informational heads', () => {
  const refused = new WebSocketBytes()
  assert.equal(refused.follow(BYTES, Buffer.from('HTTP/1.1 401 Unauthorized\r\n\r\nnope')), null)
  assert.equal(refused.leave(SERVICE_RESTART, 'bye'), null)
  assert.equal(refused.follow(BYTES, Buffer.from('more')), null)
  const hinted = new WebSocketBytes()
  hinted.follow(BYTES, Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'))
  assert.equal(hinted.leave(SERVICE_RESTART, 'bye'), null)
  assert.deepEqual(hinted.follow(BYTES, accepted), Buffer.concat([accepted, goodbye]))
})

test('WebSocketBytes skips the keys of a server that masks', () => {
  const bytes = new WebSocketBytes()
  bytes.follow(BYTES, accepted)
  bytes.follow(BYTES, Buffer.from([0x81, 0x81, 1, 2, 3, 4]))
  assert.equal(bytes.leave(SERVICE_RESTART, 'bye'), null)
  assert.deepEqual(bytes.follow(BYTES, Buffer.from('x!')), Buffer.concat([Buffer.from('x'), goodbye]))
})
