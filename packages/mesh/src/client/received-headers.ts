/**
 * A header section that has come, in the shapes undici hands out. Any thread, client side; pure.
 *
 * These run for every response: they read the block in place, and go through it once.
 */
import { inspect } from 'node:util'

import { parseBlock } from '../wire/headers.ts'

/** Headers by lower-case name; an array where a name repeats. */
export type HeadersObject = Record<string, string | string[]>

/** Names and values in turn, as undici's parser gives them. */
export function rawOf(block: string): Buffer[] {
  return block === '' ? [] : parseBlock(block).map(part => Buffer.from(part, 'latin1'))
}

/**
 * As {@link rawOf}, taken apart when it is first looked into: undici's own calls ask every response for its
 * raw headers and hardly ever read them, and ten small Buffers cost more than all the rest of a response.
 */
export function lazyRawOf(block: string): Buffer[] {
  return new Proxy(new Unread(), new LazyRaw(block))
}

/** An array nobody has looked into. The inspector looks past a proxy: it is shown what would be there. */
class Unread extends Array<Buffer> {
  [inspect.custom](): Buffer[] {
    return Array.from(this)
  }
}

/** An array that is filled by the first look at it. */
class LazyRaw implements ProxyHandler<Buffer[]> {
  #block: string | null

  constructor(block: string) {
    this.#block = block
  }

  get(list: Buffer[], key: PropertyKey): unknown {
    return Reflect.get(this.#filled(list), key)
  }

  set(list: Buffer[], key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.#filled(list), key, value)
  }

  getPrototypeOf(list: Buffer[]): object | null {
    return Reflect.getPrototypeOf(this.#filled(list))
  }

  has(list: Buffer[], key: PropertyKey): boolean {
    return Reflect.has(this.#filled(list), key)
  }

  ownKeys(list: Buffer[]): (string | symbol)[] {
    return Reflect.ownKeys(this.#filled(list))
  }

  getOwnPropertyDescriptor(list: Buffer[], key: PropertyKey): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#filled(list), key)
  }

  defineProperty(list: Buffer[], key: PropertyKey, property: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#filled(list), key, property)
  }

  deleteProperty(list: Buffer[], key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#filled(list), key)
  }

  #filled(list: Buffer[]): Buffer[] {
    if (this.#block === null) return list
    const block = this.#block
    this.#block = null
    Object.setPrototypeOf(list, Array.prototype)
    list.push(...rawOf(block))
    return list
  }
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

/** The length a response with these headers declares, -1 when it does not. */
export function declaredLength(headers: HeadersObject): number {
  const value = headers['content-length']
  if (value === undefined) return -1
  const text = typeof value === 'string' ? value : (value[0] ?? '')
  return /^\d+$/.test(text) ? Number(text) : -1
}

/** The same, of a block nobody has taken apart. */
export function lengthOf(block: string): number {
  const match = LENGTH.exec(block)
  return match === null ? -1 : Number(match[1])
}
