/**
 * The door for whoever starts threads: `createThreadInterceptor()`. Any thread, usually the main one. The
 * other half is `wire.ts`.
 */
import type { AgentOptions } from 'node:http'
import { inspect } from 'node:util'

import type { BalanceFunction } from '../client/balancing.ts'
import type { MeshAgent } from '../client/http-agent.ts'
import { MeshError } from '../errors.ts'
import type { BalancePolicy } from '../wire/control.ts'
import { ChannelPolicy, type ChannelHook } from './channel-policy.ts'
import { makeIntercept } from './client-hooks.ts'
import { makeHttpAgent, makeInterceptor, type Access, type Interceptor } from './compose.ts'
import type { ClientHookOptions } from './hooks.ts'
import { milliseconds } from './milliseconds.ts'
import { Routes, type Routable, type RoutesOptions } from './routes.ts'

/** What a thread interceptor is made with. Hooks are those of this thread's own requests. */
export interface ThreadInterceptorOptions extends ClientHookOptions {
  /** Suffix of the host names that are in the mesh, such as `.local`. A missing leading dot is added. */
  readonly domain: string
  /**
   * Milliseconds a request may wait for its response head, `true` for 5000; 0 waits for ever.
   *
   * @default 0
   */
  readonly timeout?: number | boolean
  /**
   * Milliseconds other threads have for what is asked of them: to take a change of routes in, to close.
   *
   * @default 5000
   */
  readonly meshTimeout?: number | boolean
  /**
   * Milliseconds from `route()` until the thread has called `wire()`; 0 waits as long as it lives.
   *
   * @default 30000
   */
  readonly connectionTimeout?: number
  /**
   * Milliseconds from `wire()` until the thread has a server; 0 waits as long as it lives.
   *
   * @default 0
   */
  readonly readyTimeout?: number
  /**
   * Milliseconds `unroute()` waits for requests in flight; they are not cut after that.
   *
   * @default Infinity
   */
  readonly drainTimeout?: number
  /**
   * Milliseconds upgraded connections (WebSockets) have to end by themselves when their thread is unrouted.
   *
   * @default 10000
   */
  readonly upgradeDrainTimeout?: number
  /**
   * How workers are chosen where `route()` has said nothing else. A function is asked for requests of this
   * thread only; for those of others it is `least-inflight`.
   *
   * @default 'least-inflight'
   */
  readonly balance?: BalancePolicy | BalanceFunction
  /**
   * Milliseconds in which the share of a new worker grows to its whole, where there are older ones; 0 for at once.
   *
   * @default 0
   */
  readonly slowStart?: number
  /**
   * Most threads and addresses at one time, this thread among them.
   *
   * @default 256
   */
  readonly capacity?: number
  /** Called once for each two hostnames, in lower case without the domain; false keeps them from calling each other. */
  readonly onChannelCreation?: ChannelHook | readonly ChannelHook[]
}

/** Takes a worker, several, or an address, and what `canAccept` and balancing are to be told of them. */
export type AddRoute = (
  hostname: string,
  target: Routable | readonly Routable[],
  meta?: unknown,
  how?: { readonly balance?: BalancePolicy }
) => Promise<void>

/** Takes what was given to `route()`, or several of it. */
export type ChangeRoute = (hostname: string, target: Routable | readonly Routable[]) => Promise<void>

/** An interceptor for undici's `compose()`, and the routes it knows. */
export interface ThreadInterceptor extends Interceptor {
  /**
   * Lets workers answer for a hostname. Resolves when they are ready, that is have called `wire()` or
   * `replaceServer()` with a server, and every thread of the mesh knows; or when the route is removed before.
   * One that is there already is left as it is, but for its metadata.
   *
   * @throws MESH_WORKER_EXITED, MESH_WORKER_SILENT, MESH_CLOSED (after `close()`), MESH_INVALID_OPTION,
   * RangeError when the mesh is full.
   */
  readonly route: AddRoute
  /** The same as {@link route}. */
  readonly addRoute: AddRoute
  /**
   * Takes workers from a hostname. Resolves when every thread of the mesh knows and what they were answering
   * for it has been answered; upgraded connections are cut after `upgradeDrainTimeout`.
   */
  readonly unroute: ChangeRoute
  /** The same as {@link unroute}. */
  readonly removeRoute: ChangeRoute
  /** Gives workers no new requests for a hostname. Resolves when every thread of the mesh knows. */
  readonly pause: ChangeRoute
  /** Takes {@link pause} back. */
  readonly resume: ChangeRoute
  /** Exchanges the metadata of a route. Resolves when every thread of the mesh knows. */
  readonly updateMeta: (
    hostname: string,
    target: Routable | readonly Routable[],
    meta: unknown
  ) => Promise<void>
  /**
   * Has every routed thread finish what it is answering and leave, all at the same time; those that take
   * longer than `meshTimeout` are cut off. Then there are no routes, and none are taken until {@link restart}.
   */
  readonly close: () => Promise<void>
  /** Takes routes again after {@link close}. */
  readonly restart: () => void
  /** An agent for `node:http`, `ws` and others that take one: mesh hosts go to threads, all others to the network. */
  readonly createHttpAgent: (options?: AgentOptions) => MeshAgent
}

/**
 * Makes an interceptor that sends requests for hosts of a domain to threads.
 *
 * @throws MESH_INVALID_OPTION.
 */
export function createThreadInterceptor(options: ThreadInterceptorOptions): ThreadInterceptor {
  const settings = settingsFrom(options)
  let domain = ''
  const intercept = makeIntercept(
    options,
    () => domain,
    (upstream, hostname) => current.describe(upstream, hostname)
  )
  const start = (): Routes =>
    new Routes({ ...settings, policy: new ChannelPolicy(options.onChannelCreation), intercept })
  let current = start()
  let closing: Promise<void> | null = null
  domain = current.registry.domain

  const open = (): Routes => {
    if (closing !== null) throw new MeshError('MESH_CLOSED', { name: current.mesh.name })
    return current
  }
  const route: AddRoute = (hostname, target, meta, how) => {
    const added = attempt(() => open().add(hostname, [target].flat(), { meta, balance: how?.balance }))
    // route() is often not awaited: its failure is no reason to end the process.
    added.catch(() => {})
    return added
  }
  const unroute: ChangeRoute = async (hostname, target) => {
    await current.remove(hostname, [target].flat())
  }
  const access = (): Access => ({ mesh: current.mesh, domain })
  const interceptor = makeInterceptor(access)
  return Object.assign(interceptor, {
    route,
    addRoute: route,
    unroute,
    removeRoute: unroute,
    pause: (async (hostname, target) => open().pause(hostname, [target].flat(), true)) satisfies ChangeRoute,
    resume: (async (hostname, target) =>
      open().pause(hostname, [target].flat(), false)) satisfies ChangeRoute,
    updateMeta: (async (hostname, target, meta) =>
      open().updateMeta(hostname, [target].flat(), meta)) satisfies ThreadInterceptor['updateMeta'],
    close: () => (closing ??= current.close()),
    restart: () => {
      if (closing === null) return
      closing = null
      current = start()
    },
    createHttpAgent: (agentOptions?: AgentOptions) => makeHttpAgent(access, agentOptions)
  })
}

/** Calls what may throw at once or later, so that it only fails later. */
async function attempt(make: () => Promise<void>): Promise<void> {
  await make()
}

function settingsFrom(options: ThreadInterceptorOptions): Omit<RoutesOptions, 'policy' | 'intercept'> {
  const { domain } = options
  if (typeof domain !== 'string' || domain.replace(/^\./, '') === '') {
    const expected = "the suffix of the mesh's host names"
    throw new MeshError('MESH_INVALID_OPTION', { option: 'domain', offered: inspect(domain), expected })
  }
  return {
    domain,
    capacity: options.capacity ?? 256,
    timeoutMs: milliseconds('timeout', options.timeout, 0),
    connectionTimeoutMs: milliseconds('connectionTimeout', options.connectionTimeout, 30_000),
    readyTimeoutMs: milliseconds('readyTimeout', options.readyTimeout, 0),
    meshTimeoutMs: milliseconds('meshTimeout', options.meshTimeout, 5000),
    drainTimeoutMs: milliseconds('drainTimeout', options.drainTimeout, Number.POSITIVE_INFINITY),
    upgradeDrainMs: milliseconds('upgradeDrainTimeout', options.upgradeDrainTimeout, 10_000),
    slowStartMs: milliseconds('slowStart', options.slowStart, 0),
    balance: options.balance ?? 'least-inflight'
  }
}
