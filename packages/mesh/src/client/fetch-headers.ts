/**
 * The headers of a response that came through the mesh: a kind of the platform's `Headers` that cannot be
 * changed. Any thread.
 *
 * The block is taken apart at the first look at it. Whatever needs the platform's own judgement (names
 * that are none, arguments that are missing) gets it from a copy of the platform's class.
 */
import { inspect } from 'node:util'

import { isToken, parseBlock } from '../wire/headers.ts'
import { inheritLate } from './fetch-platform.ts'

type Visit = (value: string, name: string, headers: unknown) => void

/** Immutable response headers. */
export class FetchedHeaders {
  readonly #block: string
  /** Lower-case names and values in turn. */
  #pairs: string[] | null = null
  #sorted: [string, string][] | null = null

  constructor(block: string) {
    this.#block = block
  }

  get(...args: unknown[]): string | null {
    const [name] = args
    if (typeof name !== 'string' || !isToken(name)) return this.#own().get(...(args as [string]))
    return this.#value(name.toLowerCase())
  }

  has(...args: unknown[]): boolean {
    const [name] = args
    if (typeof name !== 'string' || !isToken(name)) return this.#own().has(...(args as [string]))
    const pairs = this.#parsed()
    const key = name.toLowerCase()
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === key) return true
    return false
  }

  getSetCookie(): string[] {
    const pairs = this.#parsed()
    return pairs.filter((_value, i) => i % 2 === 1 && pairs[i - 1] === 'set-cookie')
  }

  append(...args: unknown[]): never {
    this.#own().append(...(args as [string, string]))
    throw new TypeError('immutable')
  }

  set(...args: unknown[]): never {
    this.#own().set(...(args as [string, string]))
    throw new TypeError('immutable')
  }

  delete(...args: unknown[]): never {
    this.#own().delete(...(args as [string]))
    throw new TypeError('immutable')
  }

  forEach(...args: unknown[]): void {
    const [visit, self] = args
    if (typeof visit !== 'function') return this.#own().forEach(...(args as [Visit]))
    for (const [name, value] of this.#list()) {
      ;(visit as Visit).call(self, value, name, this)
    }
  }

  *entries(): Generator<[string, string]> {
    for (const [name, value] of this.#list()) yield [name, value]
  }

  *keys(): Generator<string> {
    for (const [name] of this.#list()) yield name
  }

  *values(): Generator<string> {
    for (const [, value] of this.#list()) yield value
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries()
  }

  /** The platform's own class with the same content. */
  static own(headers: FetchedHeaders): Headers {
    return headers.#own()
  }

  #own(): Headers {
    return new Headers([...this.#list()])
  }

  #parsed(): string[] {
    if (this.#pairs !== null) return this.#pairs
    const pairs = parseBlock(this.#block)
    for (let i = 0; i < pairs.length; i += 2) pairs[i] = (pairs[i] ?? '').toLowerCase()
    this.#pairs = pairs
    return pairs
  }

  #value(key: string): string | null {
    const pairs = this.#parsed()
    let found: string | null = null
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === key) found = found === null ? (pairs[i + 1] ?? '') : `${found}, ${pairs[i + 1] ?? ''}`
    }
    return found
  }

  /** Sorted by name and combined, cookies apart (Fetch standard, "sort and combine"). */
  #list(): [string, string][] {
    if (this.#sorted !== null) return this.#sorted
    const pairs = this.#parsed()
    const names = [...new Set(pairs.filter((_value, i) => i % 2 === 0))].toSorted()
    this.#sorted = names.flatMap(name =>
      name === 'set-cookie'
        ? this.getSetCookie().map((value): [string, string] => [name, value])
        : [[name, this.#value(name) ?? ''] as [string, string]]
    )
    return this.#sorted
  }
}

inheritLate(
  FetchedHeaders.prototype,
  'Headers',
  (self: FetchedHeaders) => FetchedHeaders.own(self) as unknown as Record<string, unknown>
)

Object.defineProperty(FetchedHeaders.prototype, inspect.custom, {
  value(this: FetchedHeaders, _depth: number, options: object): string {
    return inspect(FetchedHeaders.own(this), options)
  },
  configurable: true,
  writable: true
})
