/**
 * Says what is wrong with a frame before anything of it is used. Any thread, both ends of a link; pure.
 *
 * The other thread is no stranger, but it runs code of others: whatever it posts, this thread must not
 * stumble over it, and an application must be handed nothing that node's own parser would have refused.
 */
import { types } from 'node:util'

import {
  BODY_MASK,
  BYTES,
  CELLS,
  CREDIT,
  DATA,
  END,
  HEAD,
  INFO,
  NO_BODY,
  REQUEST,
  frameLength
} from './frames.ts'
import { isFieldValue, isToken } from './headers.ts'

/** Ids of `wire/slots.ts` have so many values. */
const ID_END = 2 ** 30

const FLAGS_MAX = 31

// RFC 9112, section 3.2: no spaces and no control characters in a request target.
const target = /^[\x21-\xff]+$/

// Lines of a name, a colon, a space and a value (RFC 9110, section 5).
const block = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*$/

/** Looks frames over, for one end of one link. */
export class FrameCheck {
  /** The last header section found good: those of one caller are often the same, character by character. */
  #goodBlock = ''

  /** What is wrong with the frame at `at`, `null` when nothing is. */
  offence(batch: readonly unknown[], at: number): string | null {
    const opcode = batch[at]
    const length = typeof opcode === 'number' ? frameLength[opcode] : undefined
    if (length === undefined || at + length > batch.length) return 'no whole frame'
    if (!isWhole(batch[at + 1], 0, ID_END)) return 'an id out of range'
    switch (opcode) {
      case REQUEST:
        return this.#request(batch, at)
      case INFO:
        return this.#information(batch, at)
      case HEAD:
        return this.#head(batch, at)
      case DATA:
        return offenceInBody(batch[at + 2], batch[at + 3])
      case END:
        return this.#isBlock(batch[at + 2]) ? null : 'a malformed trailer section'
      case CREDIT:
        return isWhole(batch[at + 2], 1, 2 ** 31) ? null : 'credit that is no number of bytes'
      default:
        // ABORT and GONE: what has no length is no frame.
        return typeof batch[at + 2] === 'string' ? null : 'a reason or a peer that is no text'
    }
  }

  #request(batch: readonly unknown[], at: number): string | null {
    const [method, path, peer, deadline] = [batch[at + 4], batch[at + 5], batch[at + 8], batch[at + 9]]
    if (!isWhole(batch[at + 2], -1, CELLS)) return 'a cell out of range'
    if (typeof method !== 'string' || !isToken(method)) return 'a malformed method'
    if (typeof path !== 'string' || !target.test(path)) return 'a malformed request target'
    if (!this.#isBlock(batch[at + 6])) return 'a malformed header section'
    if (peer !== null && typeof peer !== 'string') return 'a peer that is no text'
    if (typeof deadline !== 'number' || !(deadline >= 0)) return 'a deadline that is no time'
    return offenceInBody(batch[at + 3], batch[at + 7])
  }

  #information(batch: readonly unknown[], at: number): string | null {
    if (!isWhole(batch[at + 2], 100, 200)) return 'a status that is not informational'
    return this.#isBlock(batch[at + 3]) ? null : 'a malformed header section'
  }

  #head(batch: readonly unknown[], at: number): string | null {
    const message = batch[at + 4]
    if (!isWhole(batch[at + 3], 200, 1000)) return 'a status out of range'
    if (typeof message !== 'string' || !isFieldValue(message)) return 'a malformed status message'
    if (!this.#isBlock(batch[at + 5])) return 'a malformed header section'
    return offenceInBody(batch[at + 2], batch[at + 6])
  }

  #isBlock(value: unknown): boolean {
    if (typeof value !== 'string') return false
    if (value === '' || value === this.#goodBlock) return true
    if (!block.test(value)) return false
    this.#goodBlock = value
    return true
  }
}

function isWhole(value: unknown, from: number, end: number): value is number {
  return typeof value === 'number' && value >= from && value < end && Number.isInteger(value)
}

function offenceInBody(flags: unknown, body: unknown): string | null {
  if (!isWhole(flags, 0, FLAGS_MAX + 1)) return 'flags out of range'
  switch (flags & BODY_MASK) {
    case NO_BODY:
      return body === null ? null : 'a body where none was announced'
    case BYTES:
      // Shared memory could change after it has been looked at.
      return (body instanceof Uint8Array && body.buffer instanceof ArrayBuffer) || isForeignBytes(body)
        ? null
        : 'a body that is no bytes'
    default:
      return typeof body === 'string' ? null : 'a body that is no text'
  }
}

/** Bytes of another realm: runners of tests give code a context with classes of its own. */
function isForeignBytes(body: unknown): boolean {
  return types.isUint8Array(body) && types.isArrayBuffer(body.buffer)
}
