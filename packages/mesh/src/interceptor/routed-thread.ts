/**
 * One thread that has been routed, or one network address: the side of `route()`. Its other half is
 * `wire.ts`. Any thread, usually the main one.
 *
 * A thread is greeted until it answers, is given a seat in the mesh, and says when it can serve. It keeps its
 * seat until it ends or closes, also when all its routes are taken from it: it may still call others.
 */
import { errorMonitor } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { MeshError } from '../errors.ts'
import type { Member } from '../registry/membership.ts'
import type { Registry } from '../registry/registry.ts'
import type { BalancePolicy } from '../wire/control.ts'
import { ASK, TICKET, ownMessage, type FromWired, type PortMessage, type ToWired } from './protocol.ts'
import { Waiting, atMost } from './waiting.ts'

/** What a `Worker` and a `MessagePort` have in common, as far as it matters here. */
export interface RoutablePort {
  postMessage(message: unknown, transfer?: readonly MessagePort[]): void
  on(event: string | symbol, listener: (...args: never[]) => void): unknown
  off(event: string | symbol, listener: (...args: never[]) => void): unknown
  /** Of a `Worker`: -1 once it has ended. */
  readonly threadId?: number
  hasRef?(): boolean
  unref?(): void
}

/** How a thread answers for one hostname. */
export interface Route {
  meta: unknown
  /** Routes are taken in turn in the order of their `route()` calls, whoever is ready first. */
  readonly order: number
  readonly balance: BalancePolicy | undefined
  paused: boolean
}

/** What a routed thread needs of whoever routes it. */
export interface Router {
  readonly registry: Registry
  readonly connectionTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly meshTimeoutMs: number
  /** Infinity waits as long as the thread lives. */
  readonly drainTimeoutMs: number
  readonly upgradeDrainMs: number
  /** A name no other member has. */
  nameFor(hostname: string): string
  onGone(thread: RoutedThread): void
}

/** Milliseconds between two questions to a thread that has not answered. */
const ASK_MS = 250

/** One thread and its routes. */
export class RoutedThread {
  readonly port: RoutablePort
  /** Of its seat; empty while it has none. */
  name = ''
  readonly routes: Map<string, Route> = new Map()
  readonly #router: Router
  readonly #waiting: Waiting
  #member: Member | null = null
  #door: MessagePort | null = null
  #asking: NodeJS.Timeout | null = null
  #serving = false
  #gone = false
  #lastError: unknown = undefined
  readonly #drains = new Map<number, () => void>()
  #lastDrain = 0
  readonly #left = Promise.withResolvers<void>()
  readonly #listeners: readonly (readonly [string | symbol, (...args: never[]) => void])[]

  constructor(port: RoutablePort, router: Router) {
    this.port = port
    this.#router = router
    this.#waiting = new Waiting(router)
    const isWorker = port.threadId !== undefined
    this.#listeners = [
      ['message', (message: unknown) => this.#greeted(ownMessage(message))],
      isWorker ? ['exit', (code: number) => this.#end(code)] : ['close', () => this.#end(null)],
      // What a worker ended with. Who listens for `error` is not to be changed by us.
      ...(isWorker ? [[errorMonitor, (error: unknown) => (this.#lastError = error)] as const] : [])
    ]
    const held = port.hasRef?.() ?? true
    for (const [event, listener] of this.#listeners) port.on(event, listener)
    // Listening must not keep the process alive where the port did not before.
    if (!held) port.unref?.()
  }

  /** Adds a route. Resolves when the thread serves and every sender knows, or the route is taken away again. */
  add(hostname: string, route: Route): Promise<void> {
    const known = this.routes.get(hostname)
    if (known !== undefined) {
      if (route.meta !== undefined) void this.updateMeta(hostname, route.meta)
      return this.#ready(hostname)
    }
    this.routes.set(hostname, route)
    const added = this.#ready(hostname)
    if (this.port.threadId === -1) this.#end(null)
    else if (this.#member === null) this.#ask()
    else void this.#list(hostname, route)
    return added
  }

  /** Takes a route away. Resolves when no sender uses it any more and what was in flight has been answered. */
  async remove(hostname: string): Promise<void> {
    if (!this.routes.delete(hostname)) return
    this.#waiting.resolve(hostname)
    const member = this.#member
    if (member === null) {
      if (this.routes.size === 0) this.#end(null)
      return
    }
    const last = this.routes.size === 0
    const withdrawn = last ? member.withdraw() : undefined
    await this.#bounded(Promise.all([withdrawn, member.removeHostname(hostname)]))
    const drained = this.#drain(last ? null : hostname)
    await (last
      ? member.drained(this.#router.drainTimeoutMs)
      : this.#bounded(drained, this.#router.drainTimeoutMs))
  }

  /** Leaves the thread out of balancing for a hostname, or takes it in again. */
  async pause(hostname: string, out: boolean): Promise<void> {
    const route = this.routes.get(hostname)
    if (route === undefined) return
    route.paused = out
    await this.#bounded(this.#member?.pause(hostname, out))
  }

  /** Changes what `canAccept` and balancing are told. */
  async updateMeta(hostname: string, meta: unknown): Promise<void> {
    const route = this.routes.get(hostname)
    if (route === undefined) return
    route.meta = meta
    await this.#bounded(this.#member?.updateMeta(hostname, cloneable(meta)))
  }

  /** Has the thread close; gives it up when that takes longer than the mesh's timeout. */
  async close(): Promise<void> {
    for (const hostname of this.routes.keys()) this.#waiting.resolve(hostname)
    if (this.#door !== null) {
      this.#tell({ type: 'close' })
      await this.#bounded(this.#left.promise)
    }
    this.#end(null)
  }

  #ready(hostname: string): Promise<void> {
    const ready = this.#waiting.for(hostname, {
      wired: () => this.#member !== null,
      onLate: () => void this.remove(hostname)
    })
    if (this.#serving) void this.#publish()
    return ready
  }

  /** Again and again: somebody else may have been listening when it was not wired yet. */
  #ask(): void {
    if (this.#asking !== null) clearTimeout(this.#asking)
    this.#asking = null
    if (this.#gone || this.#member !== null) return
    this.port.postMessage({ type: ASK } satisfies PortMessage)
    this.#asking = setTimeout(() => this.#ask(), ASK_MS)
    this.#asking.unref()
  }

  #greeted(message: PortMessage | null): void {
    if (message?.type !== 'heddle.mesh.hello' || this.#gone) return
    const [first] = this.routes.keys()
    if (this.#member !== null || first === undefined) return
    this.name = this.#router.nameFor(first)
    const { ticket, transferList, member } = this.#router.registry.admit({
      name: this.name,
      hostname: [...this.routes.keys()]
    })
    const { port1, port2 } = new MessageChannel()
    this.#member = member
    this.#door = port1
    for (const [hostname, route] of this.routes) void this.#list(hostname, route)
    port1.on('message', (said: FromWired) => this.#hear(said, member))
    port1.on('close', () => this.#unseat())
    port1.unref()
    const answer: PortMessage = { type: TICKET, ticket, door: port2 }
    this.port.postMessage(answer, [...transferList, port2])
    this.#waiting.connected()
  }

  #hear(said: FromWired, member: Member): void {
    switch (said.type) {
      case 'serve': {
        this.#serving = said.ready
        const moved = said.ready ? member.moveTo(said.address) : Promise.resolve()
        const changed = said.ready ? member.publish() : member.withdraw()
        void this.#serve(said, [moved, changed])
        break
      }
      case 'leave':
        this.#serving = false
        for (const hostname of this.routes.keys()) this.#waiting.resolve(hostname)
        this.routes.clear()
        void this.#letGo(member)
        break
      default:
        this.#drains.get(said.id)?.()
        this.#drains.delete(said.id)
    }
  }

  /** Seats one hostname. */
  #list(hostname: string, { meta, balance, paused, order }: Route): Promise<unknown> {
    const member = this.#member
    const place = { meta: cloneable(meta), order }
    const how = balance === undefined ? place : { ...place, balance }
    return Promise.all([
      member?.addHostname(hostname, how),
      paused ? member?.pause(hostname, true) : undefined
    ])
  }

  /** It serves already: those who wait for its routes wait for the senders only. */
  async #publish(): Promise<void> {
    await this.#bounded(this.#member?.publish())
    if (this.#serving) this.#settleReady()
  }

  async #serve(
    { id, ready }: Extract<FromWired, { type: 'serve' }>,
    changes: readonly Promise<void>[]
  ): Promise<void> {
    await this.#bounded(Promise.all(changes))
    this.#tell({ type: 'served', id })
    // It may have become ready meanwhile: that not every sender knows yet.
    if (ready && this.#serving) this.#settleReady()
  }

  async #letGo(member: Member): Promise<void> {
    await this.#bounded(member.withdraw())
    for (const hostname of member.hostnames) void member.removeHostname(hostname)
    this.#tell({ type: 'withdrawn' })
  }

  #settleReady(): void {
    for (const hostname of this.routes.keys()) this.#waiting.resolve(hostname)
  }

  /** Resolves when what the thread is answering now, for that hostname or for all, has been answered. */
  #drain(hostname: string | null): Promise<void> {
    if (this.#door === null) return Promise.resolve()
    const id = ++this.#lastDrain
    this.#tell({ type: 'drain', id, hostname, upgradeMs: this.#router.upgradeDrainMs })
    return new Promise(resolve => this.#drains.set(id, resolve))
  }

  #tell(message: ToWired): void {
    this.#door?.postMessage(message)
  }

  /** No wait for other threads is without an end: one of them may be stuck. */
  #bounded(
    promise: Promise<unknown> | undefined,
    afterMs: number = this.#router.meshTimeoutMs
  ): Promise<void> {
    return atMost(promise, afterMs)
  }

  /** It has left, or its thread has ended. */
  #unseat(): void {
    this.#serving = false
    this.#member?.remove()
    this.#member = null
    this.#door?.close()
    this.#door = null
    this.#left.resolve()
    for (const done of this.#drains.values()) done()
    this.#drains.clear()
    // A worker that ends says with which code in a moment, and who waits wants to know.
    if (this.port.threadId === undefined || !this.#waiting.pending) this.#end(null)
  }

  #end(exitCode: number | null): void {
    if (this.#gone) return
    this.#gone = true
    if (this.#asking !== null) clearTimeout(this.#asking)
    for (const [event, listener] of this.#listeners) this.port.off(event, listener)
    this.#unseat()
    this.#waiting.reject(
      host => new MeshError('MESH_WORKER_EXITED', { host, exitCode }, { cause: this.#lastError })
    )
    this.#router.onGone(this)
  }
}

/** What of a route's metadata other threads can be told: all of it or, when it holds functions, nothing. */
export function cloneable(meta: unknown): unknown {
  try {
    return structuredClone(meta)
  } catch {
    return undefined
  }
}
