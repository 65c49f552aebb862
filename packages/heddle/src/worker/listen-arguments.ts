/**
 * Reads the many ways in which `server.listen()` may be called.
 *
 * Runs in worker threads. Pure: `listen.ts` carries out what is understood here, and hands everything that
 * is not understood (handles, descriptors, mistakes) to node, which opens it or throws the error it always throws.
 */
import { isIP } from 'node:net'
import type { AddressInfo, ListenOptions } from 'node:net'

/** A call of `listen()` which names a port or a path. */
export interface ListenCall {
  readonly options: ListenOptions
  /** Called once with the `listening` event. */
  readonly callback: (() => void) | null
}

/** Returns `null` for a call that only node itself can carry out or refuse. */
export function readListenCall(args: readonly unknown[]): ListenCall | null {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : null
  const options = readOptions(callback === null ? args : args.slice(0, -1))
  return options !== null && isOpenable(options) ? { options, callback } : null
}

function readOptions(args: readonly unknown[]): ListenOptions | null {
  const [first, second, third] = args
  if (typeof first === 'object' && first !== null) return readObject(first)
  const backlog = toCount(second) ?? toCount(third)
  const queue = backlog === undefined ? {} : { backlog }
  if (typeof first === 'string' && toCount(first) === undefined) return { path: first, ...queue }
  const host = typeof second === 'string' ? { host: second } : {}
  return { port: toPort(first), ...host, ...queue }
}

function readObject(given: object): ListenOptions | null {
  if ('_handle' in given || 'handle' in given || 'fd' in given) return null
  const options: ListenOptions = { ...given }
  if (options.path !== undefined && options.port === undefined) return options
  return 'port' in given ? { ...options, port: toPort(options.port) } : null
}

/** Not given means any free port, as node has it. What is no port becomes NaN, which nothing accepts. */
function toPort(value: unknown): number {
  if (value === undefined || value === null) return 0
  return typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : NaN
}

function toCount(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  return Number(value) >= 0 ? Number(value) : undefined
}

function isOpenable(options: ListenOptions): boolean {
  if (options.port === undefined) return typeof options.path === 'string'
  return Number.isInteger(options.port) && options.port >= 0 && options.port <= 65_535
}

/**
 * What `server.address()` says of a server that opened nothing: the address node would have bound to, as far
 * as it is known without asking a name server. Port 0 becomes `assignedPort`.
 */
export function pretendAddress(options: ListenOptions, assignedPort: number): AddressInfo | string {
  if (options.port === undefined) return options.path ?? ''
  const port = options.port === 0 ? assignedPort : options.port
  const host = options.host ?? '::'
  const address = isIP(host) === 0 ? '127.0.0.1' : host
  return { address, family: isIP(address) === 6 ? 'IPv6' : 'IPv4', port }
}
