/**
 * Why workers are out of balancing, all causes in one place: a worker that is out for two comes back when both
 * are over.
 *
 * Main thread only. How many may be out is the supervisor's decision; here it is asked again until it agrees,
 * and a worker that would be better than nothing makes room for one that is worse.
 */
import type { WatchedWorker } from './watched.ts'

/**
 * Why a worker is to get no requests. `blocked`: its event loop does not turn. `not ready`: it says so itself.
 * `failing`: requests to it fail. `unhealthy`: its checks are bad.
 */
export type Cause = 'blocked' | 'not ready' | 'failing' | 'unhealthy'

/** From the one that leaves least hope of an answer to the one that leaves most. */
const severity: readonly Cause[] = ['blocked', 'not ready', 'failing', 'unhealthy']

/** What the causes call for, and what came of it. */
export interface Standing {
  /** The causes there are, each with a sentence. */
  readonly causes: ReadonlyMap<Cause, string>
  /** Whether it should be out and may not: too few would be left. */
  readonly isKept: boolean
}

/** Told when a worker that should be out stays in, once each time. */
export type OnKept = (worker: WatchedWorker, reason: string) => void

/** The causes of one worker. */
export class Causes implements Standing {
  readonly worker: WatchedWorker
  readonly causes: Map<Cause, string> = new Map()
  isKept = false
  /** Whether it was taken out here: who was taken out by somebody else is not brought back here. */
  #isOurs = false

  constructor(worker: WatchedWorker) {
    this.worker = worker
  }

  /** Notes that a cause is there, with a sentence, or with `null` that it is not. */
  set(cause: Cause, reason: string | null): void {
    if (reason === null) this.causes.delete(cause)
    else this.causes.set(cause, reason)
  }

  /** How bad it stands: the lower the worse. */
  get rank(): number {
    const rank = severity.findIndex(cause => this.causes.has(cause))
    return rank === -1 ? severity.length : rank
  }

  get reason(): string {
    return Array.from(this.causes, ([cause, sentence]) => `${cause}: ${sentence}`).join('; ')
  }

  get isOut(): boolean {
    return this.worker.state === 'ejected'
  }

  /** Takes it out. False when that may not be. */
  eject(): boolean {
    if (!this.worker.eject(this.reason)) return false
    this.#isOurs = true
    this.isKept = false
    return true
  }

  /** Brings it back if it was taken out here. */
  restore(reason: string): void {
    this.isKept = false
    if (!this.#isOurs) return
    this.#isOurs = false
    if (this.isOut) this.worker.restore(reason)
  }

  /** Whether it was taken out here, and is. */
  get isEjected(): boolean {
    return this.#isOurs && this.isOut
  }
}

/**
 * Does for the workers of one application what their causes call for. The worst goes first, as there is not
 * room for all.
 */
export function settleCauses(workers: readonly Causes[], onKept: OnKept): void {
  for (const each of workers) if (each.causes.size === 0) each.restore('all is well again')
  const stays = new Set<Causes>()
  const wanted = workers.filter(each => each.causes.size > 0 && !each.isOut && each.worker.state === 'ready')
  for (const each of wanted.toSorted((a, b) => a.rank - b.rank)) {
    if (each.eject()) continue
    // Room is made once: it is no use to change places ten times a second.
    stays.add((each.isKept ? null : makeRoom(each, workers)) ?? each)
  }
  for (const each of stays) {
    if (!each.isKept && workers.length > 1) onKept(each.worker, each.reason)
    each.isKept = true
  }
}

/** Brings a worker back that is out for less, so that the worse one can go; `null` when it cannot. */
function makeRoom(worse: Causes, workers: readonly Causes[]): Causes | null {
  const better = workers
    .filter(each => each.isEjected && each.rank > worse.rank)
    .toSorted((a, b) => b.rank - a.rank)[0]
  if (better === undefined) return null
  better.restore(`makes room: ${worse.worker.fact.worker} is ${worse.reason}`)
  if (worse.eject()) return better
  better.eject()
  return null
}
