/**
 * All routes of a thread interceptor from its start, or restart, to its close. Any thread, usually the main
 * one: it has the registry, and is a member that only calls.
 */
import { isMainThread, threadId, type MessagePort, type Worker } from 'node:worker_threads'

import type { BalanceFunction } from '../client/balancing.ts'
import type { Intercept } from '../client/client-options.ts'
import { MeshError } from '../errors.ts'
import type { Member } from '../registry/membership.ts'
import { Registry } from '../registry/registry.ts'
import { joinMesh, type Mesh } from '../thread.ts'
import type { BalancePolicy, Upstream } from '../wire/control.ts'
import type { ChannelPolicy } from './channel-policy.ts'
import type { AcceptContext } from './hooks.ts'
import { RoutedThread, cloneable, type RoutablePort, type Route, type Router } from './routed-thread.ts'
import { normalizeAddress } from './target.ts'
import { atMost } from './waiting.ts'

/** What can be routed: a `Worker`, a `MessagePort` whose other end is given to `wire()`, or an address. */
export type Routable = Worker | MessagePort | string

/** What routes are made with; times in milliseconds. */
export interface RoutesOptions {
  readonly domain: string
  readonly capacity: number
  readonly timeoutMs: number
  readonly connectionTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly meshTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly upgradeDrainMs: number
  readonly slowStartMs: number
  readonly balance: BalancePolicy | BalanceFunction
  readonly policy: ChannelPolicy
  readonly intercept: Intercept | undefined
}

/** A network address under one hostname. */
interface AddressRoute {
  readonly member: Member
  readonly address: string
  readonly hostname: string
  meta: unknown
}

/** The routes of one life of an interceptor. */
export class Routes implements Router {
  readonly registry: Registry
  readonly mesh: Mesh
  readonly connectionTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly meshTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly upgradeDrainMs: number
  readonly #policy: ChannelPolicy
  readonly #threads = new Map<unknown, RoutedThread>()
  readonly #addresses = new Map<string, AddressRoute>()
  #nextOrder = 0

  constructor(options: RoutesOptions) {
    const { domain, balance, capacity, timeoutMs, slowStartMs, policy, intercept } = options
    const own = typeof balance === 'function'
    this.connectionTimeoutMs = options.connectionTimeoutMs
    this.readyTimeoutMs = options.readyTimeoutMs
    this.meshTimeoutMs = options.meshTimeoutMs
    this.drainTimeoutMs = options.drainTimeoutMs
    this.upgradeDrainMs = options.upgradeDrainMs
    this.#policy = policy
    this.registry = new Registry({
      domain,
      capacity,
      slowStartMs,
      timeout: timeoutMs,
      allow: policy.allow,
      balance: own ? 'least-inflight' : balance
    })
    const name = isMainThread ? 'main' : `thread-${threadId}`
    const { ticket } = this.registry.admit({ name, hostname: null })
    this.mesh = joinMesh(ticket, { balance: own ? balance : undefined, intercept })
  }

  /** See `ThreadInterceptor.route()`. */
  async add(
    hostname: string,
    targets: readonly Routable[],
    how: Pick<Route, 'meta' | 'balance'>
  ): Promise<void> {
    const label = this.#label(hostname)
    for (const target of targets) checkRoutable(target)
    this.#policy.add(label)
    await Promise.all(targets.map(target => this.#addOne(label, target, how)))
  }

  /** See `ThreadInterceptor.unroute()`. */
  async remove(hostname: string, targets: readonly Routable[]): Promise<void> {
    const label = this.#label(hostname)
    const removals = targets.map(async target =>
      typeof target === 'string'
        ? this.#removeAddress(label, target)
        : this.#threads.get(target)?.remove(label)
    )
    this.#forget(label)
    await Promise.all(removals)
  }

  /** See `ThreadInterceptor.pause()`. */
  async pause(hostname: string, targets: readonly Routable[], out: boolean): Promise<void> {
    const label = this.#label(hostname)
    await Promise.all(
      targets.map(async target =>
        typeof target === 'string'
          ? atMost(this.#address(label, target)?.member.pause(label, out), this.meshTimeoutMs)
          : this.#threads.get(target)?.pause(label, out)
      )
    )
  }

  /** See `ThreadInterceptor.updateMeta()`. */
  async updateMeta(hostname: string, targets: readonly Routable[], meta: unknown): Promise<void> {
    const label = this.#label(hostname)
    await Promise.all(
      targets.map(async target =>
        typeof target === 'string'
          ? this.#updateAddress(this.#address(label, target), meta)
          : this.#threads.get(target)?.updateMeta(label, meta)
      )
    )
  }

  /** Has every thread close, all at the same time, and leaves the mesh. */
  async close(): Promise<void> {
    const addresses = [...this.#addresses.values()]
    await Promise.all([
      ...[...this.#threads.values()].map(thread => thread.close()),
      ...addresses.map(({ hostname, address }) =>
        atMost(this.#removeAddress(hostname, address), this.meshTimeoutMs)
      )
    ])
    this.mesh.leave()
    this.registry.close()
  }

  /** What `canAccept` is told of an upstream. */
  describe({ name, address, meta }: Upstream, hostname: string): Pick<AcceptContext, 'port' | 'meta'> {
    for (const thread of this.#threads.values()) {
      if (thread.name === name) return { port: thread.port, meta: thread.routes.get(hostname)?.meta }
    }
    const route = address === null ? undefined : this.#addresses.get(`${hostname} ${address}`)
    return { port: address ?? name, meta: route === undefined ? meta : route.meta }
  }

  nameFor(hostname: string): string {
    const taken = new Set([...this.#threads.values()].map(({ name }) => name))
    for (let number = 0; ; number++) if (!taken.has(`${hostname}:${number}`)) return `${hostname}:${number}`
  }

  onGone(thread: RoutedThread): void {
    this.#threads.delete(thread.port)
    for (const hostname of thread.routes.keys()) this.#forget(hostname)
  }

  #addOne(hostname: string, target: Routable, how: Pick<Route, 'meta' | 'balance'>): Promise<void> {
    if (typeof target === 'string') return this.#addAddress(hostname, normalizeAddress(target), how)
    let thread = this.#threads.get(target)
    if (thread === undefined)
      this.#threads.set(target, (thread = new RoutedThread(target as unknown as RoutablePort, this)))
    return thread.add(hostname, { ...how, paused: false, order: this.#nextOrder++ })
  }

  #addAddress(hostname: string, address: string, how: Pick<Route, 'meta' | 'balance'>): Promise<void> {
    const key = `${hostname} ${address}`
    let route = this.#addresses.get(key)
    if (route === undefined) {
      const { meta, balance } = how
      const member = this.registry.admitAddress({ name: address, hostname: null, address })
      const place = { meta: cloneable(meta), order: this.#nextOrder++ }
      void member.addHostname(hostname, balance === undefined ? place : { ...place, balance })
      this.#addresses.set(key, (route = { member, address, hostname, meta }))
    }
    return atMost(route.member.publish(), this.meshTimeoutMs)
  }

  async #removeAddress(hostname: string, target: string): Promise<void> {
    const route = this.#address(hostname, target)
    if (route === undefined) return
    this.#addresses.delete(`${hostname} ${route.address}`)
    const gone = [route.member.withdraw(), route.member.removeHostname(hostname)]
    await atMost(Promise.all(gone), this.meshTimeoutMs)
    await route.member.drained(this.drainTimeoutMs)
    route.member.remove()
  }

  #updateAddress(route: AddressRoute | undefined, meta: unknown): Promise<void> {
    if (route === undefined) return Promise.resolve()
    route.meta = meta
    return atMost(route.member.updateMeta(route.hostname, cloneable(meta)), this.meshTimeoutMs)
  }

  #address(hostname: string, target: string): AddressRoute | undefined {
    return this.#addresses.get(`${hostname} ${normalizeAddress(target)}`)
  }

  /** The policy is asked again when a hostname comes back. */
  #forget(hostname: string): void {
    if ([...this.#threads.values()].some(({ routes }) => routes.has(hostname))) return
    if ([...this.#addresses.values()].some(route => route.hostname === hostname)) return
    this.#policy.delete(hostname)
  }

  /** A hostname in lower case, without the domain. */
  #label(hostname: unknown): string {
    const text = typeof hostname === 'string' ? hostname.toLowerCase() : ''
    const { domain } = this.registry
    const label = text.endsWith(domain) ? text.slice(0, -domain.length) : text
    if (/^[^\s/:?#@]+$/.test(label)) return label
    const expected = 'the name of a host'
    throw new MeshError('MESH_INVALID_OPTION', { option: 'hostname', offered: String(hostname), expected })
  }
}

function checkRoutable(target: unknown): asserts target is Routable {
  if (typeof target === 'string') {
    normalizeAddress(target)
    return
  }
  const methods = ['postMessage', 'on', 'off']
  const fits =
    typeof target === 'object' &&
    target !== null &&
    methods.every(method => typeof Reflect.get(target, method) === 'function')
  if (fits) return
  throw new MeshError('MESH_INVALID_OPTION', {
    option: 'worker',
    offered: String(target),
    expected: 'a Worker, a MessagePort or an address'
  })
}
