/**
 * How applications and their workers stand, as values for whoever asks: status, probes, metrics.
 *
 * Main thread only. Pure: it reads what is known and asks no thread.
 */
import type { ThreadState } from '../../events.ts'
import type { RestartCircuit } from './restart-policy.ts'
import type { SpareStatus } from './spares.ts'
import type { LastError } from './slot-book.ts'
import type { Slot } from './slot.ts'
import { describeEnd } from './thread-life.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** What a started application turned out to be. */
export interface ApplicationReport {
  readonly id: string
  readonly workers: number
  /** How it was recognised, for example `express`. */
  readonly kind: string
}

/** One worker slot as it stands. Times in milliseconds; counts over all threads that sat in it. */
export interface WorkerStatus {
  readonly slot: number
  readonly name: string
  /** `exited` while the slot is empty and waits for its next thread. */
  readonly state: ThreadState
  /** Whether an operator keeps it out of balancing. */
  readonly keptOut: boolean
  readonly inflight: number
  /** Since the event loop last said that it turns; `null` when no thread is there. */
  readonly heartbeatAgeMs: number | null
  /** Since its thread was started; `null` when there is none. */
  readonly uptimeMs: number | null
  /** For how long it has been ready; `null` when it is not. */
  readonly readyMs: number | null
  /** How many threads took the place of another. */
  readonly restarts: number
  /** The same, by why the one before went: reasons of ends and of replacements. */
  readonly restartReasons: Readonly<Record<string, number>>
  /** Whether a fresh thread is being started to take its place. */
  readonly replacing: boolean
  /** Threads of the slot that finish what they have. */
  readonly leaving: number
  /** `open`, `half-open`: its restarts fail too often. */
  readonly circuit: RestartCircuit
  /** How the last thread of the slot ended; `null` as long as the first one lives. */
  readonly lastEnd: string | null
  /** The last error a thread of the slot ended with. */
  readonly lastError: LastError | null
  /** Requests it has answered, through the mesh and on connections of its own. */
  readonly answered: number
  /** Requests it has not answered, or with 502, 503 or 504. */
  readonly failures: number
  /** Threads of the slot that were given up and still hold memory. */
  readonly zombies: number
}

/** One application as it stands. */
export interface ApplicationStatus {
  readonly id: string
  /** What its operator wants; `stopped` until it is started again. */
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  /** How many workers it is to have. */
  readonly wanted: number
  readonly kind: string | null
  readonly ready: number
  readonly workers: readonly WorkerStatus[]
  /** Threads that were given up and still hold memory, those of slots that are no longer in use among them. */
  readonly zombies: number
  /** Threads that are kept ready without requests. */
  readonly spares: readonly SpareStatus[]
}

/** How an application was recognised, by the first of its workers that has said so. */
export function kindOf(slots: readonly Slot<WorkerHandle>[]): string | null {
  return slots.find(slot => slot.current?.introduction)?.current?.introduction?.kind ?? null
}

/** One slot. */
export function workerStatus(slot: Slot<WorkerHandle>): WorkerStatus {
  const { current, incoming, leaving, zombies, circuit, book, fact, living } = slot
  const { restarts, reasons, lastEnd, lastError } = book
  const state = current?.life.state ?? 'exited'
  const counts = book.counts(living)
  return {
    slot: fact.slot,
    name: fact.worker,
    state,
    keptOut: state === 'ejected' && current?.isKeptOut === true,
    inflight: current?.inflight() ?? 0,
    heartbeatAgeMs: current === null ? null : Math.round(current.heartbeatAge()),
    uptimeMs: current === null ? null : Math.round(current.life.uptimeMs),
    readyMs: state === 'ready' && current ? Math.round(current.life.readyMs ?? 0) : null,
    restarts,
    restartReasons: reasons,
    replacing: incoming !== null,
    leaving,
    circuit,
    lastEnd: lastEnd === null ? null : describeEnd(lastEnd.reason, lastEnd.code),
    lastError,
    answered: book.served(living),
    failures: counts.failures,
    zombies
  }
}

/** One application, of which these are kept ready. */
export function applicationStatus(
  application: {
    readonly settings: { readonly id: string; readonly workers: number }
    readonly phase: ApplicationStatus['phase']
    readonly slots: readonly Slot<WorkerHandle>[]
    readonly everySlot: readonly Slot<WorkerHandle>[]
  },
  spares: readonly SpareStatus[]
): ApplicationStatus {
  const { settings, phase, slots, everySlot } = application
  return {
    id: settings.id,
    phase,
    wanted: settings.workers,
    kind: kindOf(slots),
    ready: slots.filter(({ current }) => current?.life.state === 'ready').length,
    workers: slots.map(workerStatus),
    zombies: everySlot.reduce((sum, slot) => sum + slot.zombies, 0),
    spares
  }
}
