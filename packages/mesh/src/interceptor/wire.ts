/**
 * The door for threads that answer: `wire()`. Runs in the thread itself; the other half is
 * `routed-thread.ts`.
 *
 * It announces itself when it has a server and whenever it is asked, takes the seat it is offered, and says what it can
 * serve. What it is sent over the application's own port is three messages whose type begins with
 * `heddle.mesh.`; all others are left to the application.
 */
import type { AgentOptions } from 'node:http'
import type { MessagePort } from 'node:worker_threads'

import type { BalanceFunction } from '../client/balancing.ts'
import type { MeshAgent } from '../client/http-agent.ts'
import { MeshError } from '../errors.ts'
import type { ServerHooks } from '../server/hooks.ts'
import { joinMesh, type JoinOptions, type Mesh } from '../thread.ts'
import type { Upstream } from '../wire/control.ts'
import { makeIntercept } from './client-hooks.ts'
import { makeHttpAgent, makeInterceptor, type Interceptor } from './compose.ts'
import { drain } from './draining.ts'
import type { AcceptContext, ClientHookOptions, ServerHookOptions } from './hooks.ts'
import { milliseconds } from './milliseconds.ts'
import { HELLO, TICKET, ownMessage, type FromWired, type PortMessage, type ToWired } from './protocol.ts'
import type { RoutablePort } from './routed-thread.ts'
import { makeServerHooks, startingHooks } from './server-hooks.ts'
import { planFor, type ServerOption, type ServingPlan } from './target.ts'
import { atMost } from './waiting.ts'

/** What a thread is wired with. Client hooks are those of the requests it sends. */
export interface WireOptions extends ClientHookOptions, ServerHookOptions {
  /** What answers. Without it, or with null, the thread calls only, until `replaceServer()`. */
  readonly server?: ServerOption | undefined
  /** `parentPort`, or a `MessagePort` whose other end is given to `route()`. */
  readonly port: MessagePort | null
  /**
   * Suffix of mesh host names, for what the returned interceptor does until the thread is routed: from then on
   * it is the one of the mesh.
   */
  readonly domain?: string
  /** Milliseconds a request of this thread may wait for its response head, `true` for 5000. @default as the mesh */
  readonly timeout?: number | boolean
  /** Milliseconds the router has to answer when this thread closes. @default 5000 */
  readonly meshTimeout?: number | boolean
  /** Milliseconds upgraded connections have to end by themselves when this thread closes. @default 10000 */
  readonly upgradeDrainTimeout?: number
  /** Chooses the upstreams of this thread's requests, instead of the policies of the mesh. */
  readonly balance?: BalanceFunction
}

/** A wired thread. */
export interface Wired {
  /** For dispatchers of this thread's own; its globals reach the mesh without it. */
  readonly interceptor: Interceptor & {
    /** Lets what is in flight here be answered, takes no more, and leaves. The thread may then end. */
    readonly close: () => Promise<void>
    /** An agent for `node:http` and others that take one. The thread's globals reach the mesh without it. */
    readonly createHttpAgent: (options?: AgentOptions) => MeshAgent
  }
  /**
   * Answers with another server from now on; `null`: with none, so that others are asked instead.
   *
   * @throws MESH_INVALID_OPTION for undefined, or what cannot answer.
   */
  readonly replaceServer: (server: ServerOption) => void
  /** The same as `interceptor.close`. */
  readonly close: () => Promise<void>
}

/**
 * Makes this thread answer, once it is routed, and lets all its clients reach the mesh: global `fetch`,
 * undici, `node:http` and whatever else opens TCP connections.
 *
 * @throws MESH_INVALID_OPTION.
 */
export function wire(options: WireOptions): Wired {
  const thread = new WiredThread(options)
  const close = (): Promise<void> => thread.close()
  return {
    interceptor: Object.assign(
      makeInterceptor(() => thread),
      { close, createHttpAgent: (agentOptions?: AgentOptions) => makeHttpAgent(() => thread, agentOptions) }
    ),
    replaceServer: server => thread.replaceServer(server),
    close
  }
}

/** Stand-ins for ports remembered per thread. */
const STAND_INS_MAX = 10_000

class WiredThread {
  readonly #port: RoutablePort
  readonly #options: WireOptions
  readonly #hooks: ServerHooks | null
  readonly #join: JoinOptions
  readonly #meshTimeoutMs: number
  readonly #upgradeDrainMs: number
  readonly #standIns = new Map<string, object>()
  #plan: ServingPlan | null = null
  #door: MessagePort | null = null
  #lastServe = 0
  #closing: Promise<void> | null = null
  #onWithdrawn: (() => void) | null = null
  mesh: Mesh | null = null

  constructor(options: WireOptions) {
    this.#options = options
    this.#port = checkedPort(options.port)
    this.#hooks = makeServerHooks(options)
    this.#meshTimeoutMs = milliseconds('meshTimeout', options.meshTimeout, 5000)
    this.#upgradeDrainMs = milliseconds('upgradeDrainTimeout', options.upgradeDrainTimeout, 10_000)
    const { timeout, balance } = options
    this.#join = {
      balance,
      timeout: timeout === undefined ? undefined : milliseconds('timeout', timeout, 0),
      intercept: makeIntercept(
        options,
        () => this.domain ?? '',
        upstream => this.#describe(upstream)
      )
    }
    if (options.server !== undefined && options.server !== null) this.#plan = planFor(options.server)
    this.#port.on('message', (message: unknown) => this.#hear(ownMessage(message)))
    // Without a server nobody waits for it, and the application may wait for a message of its own.
    if (this.#plan !== null) this.#greet()
  }

  get domain(): string | null {
    const given = this.#options.domain?.toLowerCase() ?? null
    return this.mesh?.domain ?? (given === null || given.startsWith('.') ? given : `.${given}`)
  }

  replaceServer(server: ServerOption): void {
    if (server === undefined) {
      const expected = 'a server, an address or null'
      throw new MeshError('MESH_INVALID_OPTION', { option: 'server', offered: 'undefined', expected })
    }
    this.#plan = server === null ? null : planFor(server)
    if (this.mesh === null && this.#plan !== null) this.#greet()
    this.#serve()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = null
    })
    return this.#closing
  }

  #greet(): void {
    this.#port.postMessage({ type: HELLO } satisfies PortMessage)
  }

  #hear(message: PortMessage | null): void {
    if (message === null) return
    if (message.type === TICKET) this.#sit(message)
    else if (this.mesh === null) this.#greet()
  }

  #sit({ ticket, door }: Extract<PortMessage, { type: typeof TICKET }>): void {
    if (this.mesh !== null) {
      // Somebody else's mesh: a thread has one.
      door.close()
      ticket.control.close()
      return
    }
    const mesh = joinMesh(ticket, this.#join)
    this.mesh = mesh
    this.#door = door
    mesh.installGlobals()
    door.on('message', (said: ToWired) => this.#obey(said, mesh))
    door.on('close', () => this.#leave(mesh))
    door.unref()
    this.#serve()
  }

  #obey(said: ToWired, mesh: Mesh): void {
    switch (said.type) {
      case 'served':
        // Until here a sender might have come with what it had not heard of yet.
        if (said.id === this.#lastServe && this.#plan?.kind !== 'thread') mesh.serve(null)
        break
      case 'withdrawn':
        this.#onWithdrawn?.()
        break
      case 'close':
        void this.close()
        break
      default: {
        const { id, hostname, upgradeMs } = said
        void drain(mesh, { hostname, upgradeMs }).then(() => this.#tell({ type: 'drained', id }))
      }
    }
  }

  #serve(): void {
    const { mesh } = this
    const plan = this.#plan
    if (mesh === null || this.#closing !== null) return
    if (plan?.kind === 'thread') {
      const { start, target } = plan
      mesh.serve(target, start === null ? this.#hooks : startingHooks(start, this.#hooks))
    }
    const address = plan?.kind === 'address' ? plan.address : null
    this.#tell({ type: 'serve', id: ++this.#lastServe, ready: plan !== null, address })
  }

  async #close(): Promise<void> {
    const { mesh } = this
    if (mesh === null) return
    const { promise: withdrawn, resolve } = Promise.withResolvers<void>()
    this.#onWithdrawn = resolve
    this.#tell({ type: 'leave' })
    await atMost(withdrawn, this.#meshTimeoutMs)
    this.#onWithdrawn = null
    if (this.mesh === mesh) await drain(mesh, { hostname: null, upgradeMs: this.#upgradeDrainMs })
    this.#leave(mesh)
  }

  /** Goes, whatever is still in flight. */
  #leave(mesh: Mesh): void {
    if (this.mesh !== mesh) return
    this.mesh = null
    this.#onWithdrawn?.()
    mesh.leave()
    this.#door?.close()
    this.#door = null
    // Still listening, so that it can be routed again; but not a reason to go on living.
    const others = (
      Reflect.get(this.#port, 'listenerCount') as ((event: string) => number) | undefined
    )?.call(this.#port, 'message')
    if (others === 1) this.#port.unref?.()
  }

  #tell(message: FromWired): void {
    this.#door?.postMessage(message)
  }

  #describe({ name, meta }: Upstream): Pick<AcceptContext, 'port' | 'meta'> {
    let port = this.#standIns.get(name)
    if (port === undefined) {
      if (this.#standIns.size >= STAND_INS_MAX) this.#standIns.clear()
      this.#standIns.set(name, (port = Object.freeze({ name })))
    }
    return { port, meta }
  }
}

function checkedPort(port: unknown): RoutablePort {
  const fits =
    typeof port === 'object' &&
    port !== null &&
    ['postMessage', 'on'].every(method => typeof Reflect.get(port, method) === 'function')
  if (fits) return port as RoutablePort
  throw new MeshError('MESH_INVALID_OPTION', {
    option: 'port',
    offered: String(port),
    expected: "a MessagePort, a worker's parentPort for one"
  })
}
