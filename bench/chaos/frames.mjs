/**
 * As much of WebSocket (RFC 6455) as an echo with close frames needs, for both ends.
 *
 * Runs in the driver and in the workers of the application. Messages are short texts in one frame each, which
 * is all that is ever sent here; anything else ends the connection as a protocol error does.
 */
import { createHash, randomBytes } from 'node:crypto'

const acceptSalt = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const finalBit = 0x80
const maskBit = 0x80
const lengthOf16Bits = 126
const closeHeadLength = 2

/** Kinds of frames used here. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 }

/** The value of `sec-websocket-accept` that answers a key. */
export function acceptOf(key) {
  return createHash('sha1').update(`${key}${acceptSalt}`).digest('base64')
}

/** One whole frame. Clients mask, servers do not. */
export function encodeFrame(opcode, payload, isClient) {
  const isLong = payload.length >= lengthOf16Bits
  const head = Buffer.alloc(isLong ? 4 : 2)
  head[0] = finalBit | opcode
  head[1] = (isClient ? maskBit : 0) | (isLong ? lengthOf16Bits : payload.length)
  if (isLong) head.writeUInt16BE(payload.length, 2)
  if (!isClient) return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, masked(payload, mask)])
}

/** The payload of a close frame. */
export function closePayload(code, reason = '') {
  const payload = Buffer.alloc(closeHeadLength + Buffer.byteLength(reason))
  payload.writeUInt16BE(code, 0)
  payload.write(reason, closeHeadLength)
  return payload
}

/** The code a close frame carries; 1005 when it has none (RFC 6455 section 7.1.5). */
export function closeCode(payload) {
  return payload.length < closeHeadLength ? 1005 : payload.readUInt16BE(0)
}

function masked(payload, mask) {
  const out = Buffer.allocUnsafe(payload.length)
  for (let index = 0; index < payload.length; index++) out[index] = payload[index] ^ mask[index & 3]
  return out
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest = Buffer.alloc(0)

  /**
   * @param {Buffer} chunk
   * @returns {{ opcode: number, payload: Buffer }[]} the frames that are complete now
   * @throws {Error} when the bytes are no frame that either end here sends.
   */
  push(chunk) {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames = []
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next() {
    const rest = this.#rest
    if (rest.length < 2) return null
    if ((rest[0] & finalBit) === 0 || (rest[0] & 0x70) !== 0) throw new Error('not a whole frame')
    const isMasked = (rest[1] & maskBit) !== 0
    const short = rest[1] & 0x7f
    if (short > lengthOf16Bits) throw new Error('a frame that is too long')
    const isLong = short === lengthOf16Bits
    const headLength = (isLong ? 4 : 2) + (isMasked ? 4 : 0)
    if (rest.length < headLength) return null
    const length = isLong ? rest.readUInt16BE(2) : short
    if (rest.length < headLength + length) return null
    const payload = rest.subarray(headLength, headLength + length)
    this.#rest = rest.subarray(headLength + length)
    const mask = rest.subarray(headLength - 4, headLength)
    return { opcode: rest[0] & 0x0f, payload: isMasked ? masked(payload, mask) : payload }
  }
}
