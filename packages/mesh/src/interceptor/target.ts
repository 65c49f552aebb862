/**
 * What may be given as `server`, and what of it answers. Any thread; pure.
 */
import type { RequestListener, Server } from 'node:http'

import { MeshError } from '../errors.ts'
import { http } from '../node-http.ts'

/** A Fastify instance, as far as it matters here. */
export interface FastifyLike {
  readonly server: object
  ready(): PromiseLike<unknown>
  routing(...args: never[]): unknown
}

/** A Koa application, as far as it matters here. */
export interface KoaLike {
  callback(): (...args: never[]) => unknown
}

/**
 * What answers requests: a request listener (an Express application is one), an `http.Server` that need not
 * listen, a Fastify instance, a Koa application or its callback, or where it listens (`http://HOST:PORT`,
 * `https://HOST:PORT`, `unix:/path`): requests then go over the network. `null`: nothing yet.
 */
export type ServerOption = ((...args: never[]) => unknown) | Server | FastifyLike | KoaLike | string | null

/** What is done with it. */
export type ServingPlan =
  | {
      readonly kind: 'thread'
      readonly target: Server | RequestListener
      readonly start: (() => Promise<unknown>) | null
    }
  | { readonly kind: 'address'; readonly address: string }

/**
 * Recognises a server.
 *
 * @throws MESH_INVALID_OPTION for what cannot answer.
 */
export function planFor(server: Exclude<ServerOption, null>): ServingPlan {
  if (typeof server === 'string') return { kind: 'address', address: normalizeAddress(server) }
  if (typeof server === 'function') return { kind: 'thread', target: server as RequestListener, start: null }
  if (server instanceof http.Server) return { kind: 'thread', target: server, start: null }
  if (isFastify(server)) {
    const listener: RequestListener = (...args) => server.routing(...(args as unknown as never[]))
    const target = server.server instanceof http.Server ? server.server : listener
    // Routes may still be added, so it is started by the first request, as by its own inject().
    return { kind: 'thread', target, start: async () => server.ready() }
  }
  if (isKoa(server)) {
    return { kind: 'thread', target: server.callback() as RequestListener, start: null }
  }
  throw new MeshError('MESH_INVALID_OPTION', {
    option: 'server',
    offered: Object.prototype.toString.call(server),
    expected: 'a request listener, an http.Server, a Fastify or Koa application, an address or null'
  })
}

/**
 * An address in the form upstreams have.
 *
 * @throws MESH_INVALID_OPTION for one that is none.
 */
export function normalizeAddress(address: string): string {
  if (/^unix:\/./.test(address)) return address
  const url = URL.canParse(address) ? new URL(address) : null
  const plain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    url.search + url.hash + url.username === ''
  if (plain) return url.origin
  throw new MeshError('MESH_INVALID_OPTION', {
    option: 'server',
    offered: address,
    expected: 'http://HOST:PORT, https://HOST:PORT or unix:/path'
  })
}

function isFastify(server: object): server is FastifyLike {
  return has(server, 'ready') && has(server, 'routing') && 'server' in server
}

function isKoa(server: object): server is KoaLike {
  return has(server, 'callback')
}

function has(server: object, method: string): boolean {
  return typeof Reflect.get(server, method) === 'function'
}
