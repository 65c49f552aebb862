/**
 * Finds autocannon where the user has installed it, and names what of it is used.
 *
 * Main thread of a command (finding) and the threads that send (loading). Its timing, its counting and its threads are
 * not used: docs/decisions/0047 says what is wrong with them. What is used and not documented is listed in
 * {@link Client}; {@link isKnown} checks that it is there.
 */
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { join } from 'node:path'

import { HeddleError } from '../../errors.ts'

/** One connection of autocannon, connected anew whenever it has ended. */
export interface Client extends EventEmitter {
  /** The socket in use. Not documented. */
  conn: Socket | undefined
  /** Connects, and calls `_doRequest` for each request that fits. Not documented. */
  _connect(): void
  /** Sends the next request. Not documented. */
  _doRequest(): void
  /** Reads the answers. Not documented; it is http-parser-js. */
  readonly parser: Parser
  /** What was sent and is not answered. Not documented. */
  readonly pipelinedRequests: { clear(): void; insertRequest(request: unknown): void }
  /** Whether it has been given up. */
  readonly destroyed: boolean
}

/** The part of http-parser-js in use. */
export interface Parser {
  /** The end of the connection, which ends an answer without a length. */
  finish(): unknown
  reinitialize(type: 'RESPONSE'): void
  /** Called with the head of each answer; what it returns says whether there is no body. */
  2: (head: Head) => unknown
}

/** The head of an answer. */
export interface Head {
  readonly statusCode: number
  readonly shouldKeepAlive: boolean
}

/** What is asked of autocannon. */
export interface AutocannonOptions {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly connections: number
  readonly pipelining: number
  /** Seconds. */
  readonly duration: number
  /** Seconds. */
  readonly timeout: number
  /** Milliseconds between two looks at whether it is to end. */
  readonly sampleInt: number
  readonly setupClient: (client: Client) => void
}

/** A run of autocannon. */
export interface Tracker extends EventEmitter, PromiseLike<unknown> {
  stop(): void
}

/** The function autocannon exports. */
export type Autocannon = (options: AutocannonOptions) => Tracker

/** Where autocannon is looked for: beside the project of this directory, then beside Heddle. */
export function placesOf(directory: string): readonly string[] {
  return [join(directory, 'package.json'), import.meta.url]
}

/**
 * Absolute path of autocannon.
 *
 * @param places Files beside which it may be installed.
 * @throws HEDDLE_PACKAGE_MISSING
 */
export function findAutocannon(places: readonly string[]): string {
  for (const from of places) {
    try {
      return createRequire(from).resolve('autocannon')
    } catch {
      // Not there: the next place.
    }
  }
  throw new HeddleError('HEDDLE_PACKAGE_MISSING', { name: 'autocannon', command: 'bench' })
}

/** Loads it. */
export function loadAutocannon(path: string): Autocannon {
  const load = createRequire(path)
  return load(path) as Autocannon
}

/** Whether a connection has what is used of it: another version may not. */
export function isKnown(client: Partial<Client>): boolean {
  const { _connect, _doRequest, parser, pipelinedRequests } = client
  return (
    typeof _connect === 'function' &&
    typeof _doRequest === 'function' &&
    typeof parser?.finish === 'function' &&
    typeof parser.reinitialize === 'function' &&
    typeof pipelinedRequests?.clear === 'function' &&
    typeof pipelinedRequests.insertRequest === 'function'
  )
}
