/**
 * A header section that has come, in the shapes undici hands out. Any thread, client side; pure.
 *
 * These run for every response: they read the block in place, and go through it once.
 */
import { parseBlock } from '../wire/headers.ts'

/** Headers by lower-case name; an array where a name repeats. */
export type HeadersObject = Record<string, string | string[]>

/** Names and values in turn, as undici's parser gives them. */
export function rawOf(block: string): Buffer[] {
  return block === '' ? [] : parseBlock(block).map(part => Buffer.from(part, 'latin1'))
}

/** Headers by name. */
export function objectOf(block: string): HeadersObject {
  const headers: HeadersObject = {}
  for (let at = 0; at < block.length;) {
    const colon = block.indexOf(': ', at)
    if (colon === -1) break
    let end = block.indexOf('\r\n', colon)
    if (end === -1) end = block.length
    add(headers, block.slice(at, colon).toLowerCase(), block.slice(colon + 2, end))
    at = end + 2
  }
  return headers
}

function add(headers: HeadersObject, name: string, value: string): void {
  const present = headers[name]
  if (present === undefined) headers[name] = value
  // Names every object has: `constructor`, `__proto__`.
  else if (!Object.hasOwn(headers, name)) define(headers, name, value)
  else if (typeof present === 'string') define(headers, name, [present, value])
  else present.push(value)
}

/** `headers[name] = value`, for a name as hostile as `__proto__`. */
function define(headers: HeadersObject, name: string, value: string | string[]): void {
  Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
}

/** `content-length: `, whose case may be any. */
const LENGTH = /(?:^|\r\n)content-length: (\d+)(?:\r\n|$)/i

/** The length the response declares, -1 when it does not. */
export function lengthOf(block: string): number {
  const match = LENGTH.exec(block)
  return match === null ? -1 : Number(match[1])
}
