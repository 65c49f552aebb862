/**
 * Chooses the upstream of a request. Any thread; pure but for reading the scoreboard.
 *
 * The default is least in-flight with a full scan: with a few dozen workers a scan costs less than being
 * wrong, and the counts are exact over the whole process. Ties go in turn, or an idle application would
 * always use its first worker.
 */
import type { BalancePolicy, Upstream } from '../wire/control.ts'
import { hashOf, mix, requestKey } from './hash-key.ts'

/** What balancing needs to know of a member. The scoreboard provides it. */
export interface Load {
  isReady(record: number, generation: number): boolean
  inflight(record: number): number
  /** Whether its event loop has not turned lately, at that time of the shared clock. */
  isLate(record: number, sharedNowMs: number): boolean
}

/** What balancing needs to know of a request. */
export interface BalancedRequest {
  /** Request target as it stands in the request line. */
  readonly path: string
  readonly method: string
  /** Header section as a block (`wire/headers.ts`). */
  readonly headers: string
  /** The public client's connection as `address port …`; `null` for a call from inside. */
  readonly peer: string | null
}

/** An upstream as a balancing function of the user's sees it. */
export interface Candidate {
  /** Name of the member, stable over restarts of its thread. */
  readonly name: string
  readonly meta: unknown
  /** Requests in flight to it, over all senders. */
  readonly inflight: number
}

/**
 * A balancing function of the user's: is given the upstreams that are ready, at least one, and returns the
 * one to use. Anything else is taken as "no preference": the least loaded is used.
 */
export type BalanceFunction = (
  candidates: readonly Candidate[],
  request: { readonly hostname: string } & BalancedRequest
) => Candidate | undefined

/** Who is out of the question for a request. */
export interface Exclusions {
  /** Ids of upstreams it has been sent to, or that have declined it. */
  readonly tried: readonly number[]
  /** Until when upstreams that answer no connections are passed over, by id. */
  readonly avoided: ReadonlyMap<number, number> | null
  readonly nowMs: number
}

/** A new upstream's share never is less than this part of its whole. */
const SLOW_START_FLOOR = 0.1

/** Steps of this size fill the unit interval evenly, however many are taken: the golden ratio's fraction. */
const GOLDEN = 0.618_033_988_749_895

/** Who answers for one hostname, and what balancing remembers between two requests for it. */
export class Group {
  readonly hostname: string
  upstreams: readonly Upstream[] = []
  policy: BalancePolicy | BalanceFunction = 'least-inflight'
  #turn = 0
  #slowStartMs = 0
  /** When the last of the upstreams will have its whole share, on the shared clock. */
  #rampEndsMs = 0
  /** Hashes of the upstreams' names, for the policy `hash`. */
  #nameHashes: number[] = []

  constructor(hostname: string) {
    this.hostname = hostname
  }

  /** Takes a change of the table. Turns go on where they were: a change must not favour the first. */
  update(
    upstreams: readonly Upstream[],
    how: { policy: BalancePolicy | BalanceFunction; slowStartMs: number }
  ): void {
    this.upstreams = upstreams
    this.policy = how.policy
    this.#slowStartMs = how.slowStartMs
    this.#rampEndsMs = Math.max(0, ...upstreams.map(({ readyAt }) => readyAt)) + how.slowStartMs
    this.#nameHashes = hashedKey(how.policy) === null ? [] : upstreams.map(({ name }) => hashOf(name))
  }

  /** Whether one of the upstreams takes requests right now. */
  hasReady(load: Load): boolean {
    return this.upstreams.some(({ record, generation }) => load.isReady(record, generation))
  }

  /**
   * The upstream for a request, `null` when none is left.
   *
   * @param sharedNowMs On the clock all threads share.
   */
  choose(
    request: BalancedRequest,
    load: Load,
    exclusions: Exclusions | null,
    sharedNowMs: number
  ): Upstream | null {
    const turn = this.#turn
    // One turn for a request, however many decline it or are lost.
    if (exclusions === null || exclusions.tried.length === 0) this.#turn = (turn + 1) & 0xffff
    const { policy } = this
    const everyday = exclusions === null && sharedNowMs >= this.#rampEndsMs
    if (everyday && policy === 'least-inflight') {
      const best = leastInflight(this.upstreams, load, turn)
      if (best === null || !isLate(best, load, sharedNowMs)) return best
    }
    const eligible = this.#eligible(load, exclusions, { turn, sharedNowMs })
    const at = { request, load, turn: this.#turnAfter(eligible, exclusions) ?? turn }
    const chosen = this.#apply(policy, eligible, at)
    if (chosen === null || !isLate(chosen, load, sharedNowMs)) return chosen
    return this.#withoutLate(policy, eligible, at, sharedNowMs) ?? chosen
  }

  /**
   * Another choice among those whose event loops turn, when there are any: a worker that stands still answers
   * nobody, and the fewer requests it had the more it would be given until somebody takes it out. A key stays
   * with its worker: being true to it matters more.
   */
  #withoutLate(
    policy: BalancePolicy | BalanceFunction,
    eligible: readonly Upstream[],
    at: { request: BalancedRequest; load: Load; turn: number },
    sharedNowMs: number
  ): Upstream | null {
    if (hashedKey(policy) !== null) return null
    const turning = eligible.filter(upstream => !isLate(upstream, at.load, sharedNowMs))
    return this.#apply(policy, turning, at)
  }

  /** Where the turn goes on when somebody has been tried: at the one behind, in the order of the table. */
  #turnAfter(eligible: readonly Upstream[], exclusions: Exclusions | null): number | null {
    const last = exclusions?.tried.at(-1)
    const at = last === undefined ? -1 : this.upstreams.findIndex(({ id }) => id === last)
    if (at === -1) return null
    return Math.max(
      0,
      eligible.findIndex(upstream => this.upstreams.indexOf(upstream) > at)
    )
  }

  #apply(
    policy: BalancePolicy | BalanceFunction,
    eligible: readonly Upstream[],
    at: { request: BalancedRequest; load: Load; turn: number }
  ): Upstream | null {
    const { request, load, turn } = at
    if (eligible.length <= 1) return eligible[0] ?? null
    if (typeof policy === 'function') {
      return this.#ask(policy, eligible, at) ?? leastInflight(eligible, load, turn)
    }
    const what = hashedKey(policy)
    if (what !== null) {
      const key = requestKey(what, request)
      if (key !== null) return this.#rendezvous(eligible, hashOf(key))
      return leastInflight(eligible, load, turn)
    }
    switch (policy) {
      case 'round-robin':
        return eligible[turn % eligible.length] ?? null
      case 'random':
        return pick(eligible)
      case 'power-of-two':
        return powerOfTwo(eligible, load)
      default:
        return leastInflight(eligible, load, turn)
    }
  }

  /** The ready upstreams in the order of the table, without those excluded or held back by their slow start. */
  #eligible(
    load: Load,
    exclusions: Exclusions | null,
    at: { turn: number; sharedNowMs: number }
  ): readonly Upstream[] {
    const ready = this.upstreams.filter(
      ({ id, record, generation }) =>
        load.isReady(record, generation) && exclusions?.tried.includes(id) !== true
    )
    const reachable = exclusions === null ? ready : withoutAvoided(ready, exclusions)
    // Who is asked for by a key is asked for again: being true to it matters more than a gentle start.
    const ramping = at.sharedNowMs < this.#rampEndsMs && hashedKey(this.policy) === null
    return ramping ? this.#withoutHeldBack(reachable, at) : reachable
  }

  /**
   * Leaves new upstreams out of as many choices as their share is still small. Whatever the policy, and
   * only beside older ones: when all began together nobody is held back for long.
   */
  #withoutHeldBack(
    upstreams: readonly Upstream[],
    at: { turn: number; sharedNowMs: number }
  ): readonly Upstream[] {
    const share = ({ readyAt }: Upstream): number =>
      Math.min(1, Math.max(SLOW_START_FLOOR, (at.sharedNowMs - readyAt) / this.#slowStartMs))
    const whole = Math.max(0, ...upstreams.map(share))
    const draw = ((at.turn * GOLDEN) % 1) * whole
    const free = upstreams.filter(upstream => share(upstream) > draw)
    return free.length === 0 ? upstreams : free
  }

  #rendezvous(eligible: readonly Upstream[], key: number): Upstream | null {
    let best: Upstream | null = null
    let bestScore = -1
    for (const upstream of eligible) {
      const score = mix(key ^ (this.#nameHashes[this.upstreams.indexOf(upstream)] ?? 0))
      if (score <= bestScore) continue
      best = upstream
      bestScore = score
    }
    return best
  }

  #ask(
    policy: BalanceFunction,
    eligible: readonly Upstream[],
    { request, load }: { request: BalancedRequest; load: Load }
  ): Upstream | undefined {
    const candidates = eligible.map(({ name, meta, record }) => ({
      name,
      meta,
      inflight: load.inflight(record)
    }))
    const { path, method, headers, peer } = request
    const chosen = policy(candidates, { hostname: this.hostname, path, method, headers, peer })
    return chosen === undefined ? undefined : eligible[candidates.indexOf(chosen)]
  }
}

/**
 * The ready upstream with the fewest requests in flight, or `null` when none is ready.
 *
 * @param turn Where the scan begins: pass a number that changes with each call.
 */
export function leastInflight(upstreams: readonly Upstream[], load: Load, turn: number): Upstream | null {
  const count = upstreams.length
  let best: Upstream | null = null
  let bestLoad = Number.POSITIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const candidate = upstreams[(turn + i) % count]
    if (candidate === undefined || !load.isReady(candidate.record, candidate.generation)) continue
    const inflight = load.inflight(candidate.record)
    if (inflight >= bestLoad) continue
    best = candidate
    bestLoad = inflight
    if (inflight <= 0) break
  }
  return best
}

/** Whether an upstream is a thread whose event loop has not turned lately. An address tells nobody. */
export function isLate({ address, record }: Upstream, load: Load, sharedNowMs: number): boolean {
  return address === null && load.isLate(record, sharedNowMs)
}

/** The part of a request a policy hashes, `null` for the other policies. */
function hashedKey(policy: BalancePolicy | BalanceFunction): string | null {
  return typeof policy === 'string' && policy.startsWith('hash:') ? policy.slice(5) : null
}

/** Of two different ones taken at random the one with fewer in flight (Mitzenmacher, 2001). */
function powerOfTwo(upstreams: readonly Upstream[], load: Load): Upstream | null {
  const first = Math.floor(Math.random() * upstreams.length)
  const second = (first + 1 + Math.floor(Math.random() * (upstreams.length - 1))) % upstreams.length
  const [one, other] = [upstreams[first], upstreams[second]]
  if (one === undefined || other === undefined) return one ?? other ?? null
  return load.inflight(other.record) < load.inflight(one.record) ? other : one
}

function pick(upstreams: readonly Upstream[]): Upstream | null {
  return upstreams[Math.floor(Math.random() * upstreams.length)] ?? null
}

/** Passes over who has answered no connection lately, unless nobody else is left. */
function withoutAvoided(upstreams: readonly Upstream[], exclusions: Exclusions): readonly Upstream[] {
  const { avoided, nowMs } = exclusions
  if (avoided === null) return upstreams
  const reachable = upstreams.filter(({ id }) => (avoided.get(id) ?? 0) <= nowMs)
  return reachable.length === 0 ? upstreams : reachable
}
