/**
 * What the registry keeps of one member, and the tables it makes of all of them. Main thread; pure but for
 * the scoreboard it writes states to.
 */
import type { MessagePort } from 'node:worker_threads'

import { MeshError } from '../errors.ts'
import {
  DRAINING,
  EJECTED,
  HEARTBEAT_MS,
  READY,
  STARTING,
  type MemberCounts,
  type Scoreboard
} from '../scoreboard.ts'
import { Traffic } from '../traffic.ts'
import type { BalancePolicy, CircuitState, QueueRules, Table, Upstream } from '../wire/control.ts'

/** How a member answers for one hostname. */
export interface Listing {
  meta: unknown
  /** Left out of balancing for this hostname, for the time being. */
  paused: boolean
  /** Its place among those who answer for the hostname: turns go in this order. */
  readonly order: number
}

/** A member as the registry keeps it. */
export interface Seat {
  readonly name: string
  readonly record: number
  readonly generation: number
  /** `null` for an address nobody joins for. */
  readonly control: MessagePort | null
  /** Changes with the address: who has a link to what it was opens another. */
  id: number
  address: string | null
  /** What it answers for, by hostname. */
  readonly listings: Map<string, Listing>
  /** Hostnames it calls as: those it answers for or, while there are none, the last ones. Nobody's hostname may call everyone. */
  callsAs: ReadonlySet<string>
  /** In the table, unless paused. */
  published: boolean
  draining: boolean
  ejected: boolean
  readyAt: number
  /** Last table version it has applied; 0 until its thread has joined. */
  applied: number
  /** Its circuits that are not closed, by hostname. */
  readonly circuits: Map<string, CircuitState>
  /** What was counted of it, once it is out and its record another's. */
  lastCounts: MemberCounts | null
  /** Where it counts what it sends. */
  readonly traffic: Traffic
}

/** A seat nobody has published yet. */
export function createSeat(
  identity: Pick<Seat, 'id' | 'name' | 'record' | 'generation' | 'control' | 'address'>,
  listings: Map<string, Listing>
): Seat {
  return {
    ...identity,
    listings,
    callsAs: new Set(listings.keys()),
    published: false,
    draining: false,
    ejected: false,
    readyAt: 0,
    applied: 0,
    circuits: new Map(),
    lastCounts: null,
    traffic: Traffic.create()
  }
}

/** What a registry says to all of its members alike. */
export interface TableRules {
  readonly version: number
  readonly slowStartMs: number
  readonly balance: Table['balance']
  readonly queues: Table['queues']
  /** Hostnames that are known even while nobody answers to them. */
  readonly expected: Iterable<string>
  /** The number of a hostname, for counts. */
  numberOf(hostname: string): number
  /** Whether a thread of `from` may call `to`. */
  readonly allow: (from: string, to: string) => boolean
}

/** Writes where a seat stands to the scoreboard. */
export function writeState(seat: Seat, scoreboard: Scoreboard): void {
  scoreboard.setState(seat.record, stateOf(seat))
}

function stateOf(seat: Seat): number {
  if (seat.draining) return DRAINING
  if (!seat.published) return STARTING
  if (seat.ejected || everywherePaused(seat)) return EJECTED
  return READY
}

function everywherePaused({ listings }: Seat): boolean {
  return listings.size > 0 && [...listings.values()].every(({ paused }) => paused)
}

/** Whether a member may call a hostname: one of its own names may. */
export function mayCall(from: Seat, to: string, allow: TableRules['allow']): boolean {
  return from.callsAs.size === 0 || [...from.callsAs].some(name => name === to || allow(name, to))
}

/**
 * Makes the tables of one version. What is the same for all readers, and that is nearly everything, is
 * made once.
 */
export function tableMaker(seats: Iterable<Seat>, rules: TableRules): (reader: Seat) => Table {
  const listed = [...seats].flatMap(seat =>
    Array.from(seat.listings, ([hostname, listing]) => ({ seat, hostname, listing }))
  )
  const upstreams: Record<string, Upstream[]> = Object.create(null)
  for (const hostname of rules.expected) upstreams[hostname] = []
  for (const { seat, hostname, listing } of listed.toSorted((a, b) => a.listing.order - b.listing.order)) {
    const { id, name, record, generation, address, readyAt, published } = seat
    const list = (upstreams[hostname] ??= [])
    const { meta, paused } = listing
    if (published && !paused) list.push({ id, name, record, generation, meta, address, readyAt })
  }
  const hostnames = Object.keys(upstreams)
  const numbers: Record<string, number> = Object.create(null)
  for (const hostname of hostnames) numbers[hostname] = rules.numberOf(hostname)
  const { version, balance, queues, slowStartMs } = rules
  return reader => ({
    version,
    upstreams,
    denied: hostnames.filter(hostname => !mayCall(reader, hostname, rules.allow)),
    balance,
    queues,
    numbers,
    slowStartMs
  })
}

/** Policies as a table holds them: hostnames come from outside, and objects have more keys than were put in. */
export function balanceTable(
  policies: ReadonlyMap<string, BalancePolicy>,
  hostnames: Iterable<string>,
  otherwise: BalancePolicy
): Table['balance'] {
  const balance: Record<string, BalancePolicy> = Object.create(null)
  for (const hostname of hostnames) balance[hostname] = policies.get(hostname) ?? otherwise
  return balance
}

/** Where requests may wait, as a table holds it. */
export function queueTable(expected: ReadonlyMap<string, QueueRules | null>): Table['queues'] {
  const queues: Record<string, QueueRules> = Object.create(null)
  for (const [hostname, queue] of expected) if (queue !== null) queues[hostname] = queue
  return queues
}

/** Nobody waits longer than this for a sender whose event loop does not turn, in milliseconds. */
const STUCK_MS = 10 * HEARTBEAT_MS

/**
 * Whether a barrier waits for a member: one that has joined, and whose event loop turns.
 *
 * @param judges Whether it is looked at that now. Who has just stood still itself would take everybody for stuck.
 */
export function isAwaited(seat: Seat, scoreboard: Scoreboard, judges: boolean): boolean {
  const { control, record, generation } = seat
  if (control === null || !scoreboard.hasJoined(record, generation)) return false
  return !judges || scoreboard.heartbeatAge(record) < STUCK_MS
}

const policy = /^(?:least-inflight|round-robin|random|power-of-two|hash:(?:path|ip|(?:header|cookie):.+))$/

/**
 * A balancing policy as it was offered.
 *
 * @throws MESH_INVALID_OPTION for what is none.
 */
export function checkedPolicy<Policy>(offered: Policy): Policy {
  if (typeof offered === 'string' && policy.test(offered)) return offered
  const expected =
    'least-inflight, round-robin, random, power-of-two, hash:path, hash:ip, hash:header:<name> or hash:cookie:<name>'
  const text = typeof offered === 'string' ? offered : (JSON.stringify(offered) ?? typeof offered)
  throw new MeshError('MESH_INVALID_OPTION', { option: 'balance', offered: text, expected })
}

/** A mesh domain in lower case with its leading dot. */
export function normalizeDomain(domain: string): string {
  const lower = domain.toLowerCase()
  return lower.startsWith('.') ? lower : `.${lower}`
}
