/**
 * What a registry is made with and gives out: the options of a mesh, seats and who sits in them. Main
 * thread; types only.
 */
import type { MessagePort } from 'node:worker_threads'

import type { MemberCounts } from '../scoreboard.ts'
import type { MemberTraffic } from '../traffic.ts'
import type { BalancePolicy, BreakerRules, CircuitState, MeshTicket, QueueRules } from '../wire/control.ts'

/** What a mesh is made with. */
export interface RegistryOptions {
  /** Suffix of mesh host names: `http://<hostname><domain>`. A missing leading dot is added. */
  readonly domain: string
  /**
   * Most members at one time, network addresses among them.
   *
   * @default 256
   */
  readonly capacity?: number
  /**
   * Whether a thread that answers to `from` may call `to`. Threads without a hostname may call everyone, and
   * everyone may call its own. One that answers to several hostnames may call what one of them may.
   */
  readonly allow?: (from: string, to: string) => boolean
  /**
   * Milliseconds a request may wait for its response head; 0 waits for ever.
   *
   * @default 0
   */
  readonly timeout?: number
  /**
   * How upstreams are chosen where nothing else is said of their hostname.
   *
   * @default 'least-inflight'
   */
  readonly balance?: BalancePolicy
  /**
   * Milliseconds in which the share of a new upstream grows from a tenth to its whole; 0 for at once.
   *
   * @default 2000
   */
  readonly slowStartMs?: number
  /**
   * When a thread's calls to a hostname fail at once. Each pair of a thread and a hostname has its own circuit.
   *
   * @default null, never
   */
  readonly breaker?: BreakerRules | null
  /**
   * Whether senders count what only metrics need: times in queues and to the end of responses, retries, bytes, and
   * whom they call.
   *
   * @default true
   */
  readonly detail?: boolean
  /** Called when a circuit changes its state. */
  readonly onCircuit?: (circuit: Circuit) => void
}

/** The circuit of one thread's calls to one hostname. */
export interface Circuit {
  /** Name of the member that calls. */
  readonly from: string
  readonly to: string
  readonly state: CircuitState
}

/** What is to hold for a hostname, whoever answers to it. */
export interface Expectation {
  /** How it is balanced. */
  readonly balance?: BalancePolicy
  /** Where requests wait while nobody takes them; without it they fail at once. */
  readonly queue?: QueueRules | null
}

/** Who asks for a seat. */
export interface Candidature {
  /** For messages, and for the policy `hash`: best the same for a thread and its successor. */
  readonly name: string
  /** What it answers to, or all of that; `null` for one that only calls. Case does not matter. */
  readonly hostname: string | readonly string[] | null
  /** For `canAccept` and balancing functions. Has to be cloneable. */
  readonly meta?: unknown
  /** How its hostnames are balanced from now on. */
  readonly balance?: BalancePolicy
  /**
   * Whether its calls have circuit breakers.
   *
   * @default true, when the registry has rules for them
   */
  readonly breaker?: boolean
}

/** How a member answers to a hostname. */
export interface Answering {
  /** For `canAccept` and balancing functions. Has to be cloneable. */
  readonly meta?: unknown
  /** How the hostname is balanced from now on. */
  readonly balance?: BalancePolicy
  /**
   * Its place among those who answer to it: turns go in this order.
   *
   * @default behind all others
   */
  readonly order?: number
}

/** A seat for a thread about to be started. */
export interface Admission {
  /** Goes into the thread's `workerData`. */
  readonly ticket: MeshTicket
  /** Goes into its `transferList`. */
  readonly transferList: readonly MessagePort[]
  readonly member: Member
}

/**
 * A member as the main thread sees it: a thread, whose other half is `thread.ts`, or a network address. Of
 * one that is removed everything answers at once and changes nothing.
 */
export interface Member {
  readonly name: string
  /** The first of {@link hostnames}, `null` when there is none. */
  readonly hostname: string | null
  /** What it answers to, in lower case. */
  readonly hostnames: readonly string[]
  /** Puts the member in the table as ready. Resolves when every sender has applied it. */
  publish(): Promise<void>
  /** Takes it out of balancing, or puts it back, in one store: no sender is waited for. */
  eject(out: boolean): void
  /**
   * No new requests: marks it draining. Resolves when no sender can choose it any more.
   *
   * @param drainMs Milliseconds it may finish what it has, for all to see: WebSockets to it are told to close,
   *   spread over that time. 0, the default, says nothing of it.
   */
  withdraw(drainMs?: number): Promise<void>
  /** Resolves with whether nothing is in flight to it, after at most `timeoutMs` milliseconds. */
  drained(timeoutMs: number): Promise<boolean>
  /** Lets it answer to one more hostname. Resolves when every sender has applied it. */
  addHostname(hostname: string, how?: Answering): Promise<void>
  /** Takes a hostname from it. It calls others as before, also when no hostname is left. Resolves as above. */
  removeHostname(hostname: string): Promise<void>
  /** Leaves it out of balancing for one hostname, or takes it in again. Resolves as above. */
  pause(hostname: string, out: boolean): Promise<void>
  /** Changes what balancing is told of it. Resolves as above. */
  updateMeta(hostname: string, meta: unknown): Promise<void>
  /**
   * From now on it is reached at this address, `null` for its thread: `http://host:port`, `https://host:port`
   * or `unix:/path`. Requests under way finish where they are. Resolves as above.
   */
  moveTo(address: string | null): Promise<void>
  /** Requests sent to it and not finished. */
  inflight(): number
  /** What all senders have counted of its answers since it was admitted. */
  counts(): MemberCounts
  /** What it has sent since it was admitted, by whom it was meant for; nobody is left out whom it has called. */
  traffic(): readonly MemberTraffic[]
  /** Milliseconds since its event loop last wrote its heartbeat (every 100 ms while it turns). */
  heartbeatAge(): number
  /** The thread is gone or given up: it leaves the table and its links are cut. Idempotent. */
  remove(): void
}
