/**
 * Tells of workers whose event loops stand still: for how long, and where in their code.
 *
 * Main thread only. A few times a second it reads each worker's heartbeat in shared memory; only when one is old
 * does it do more. What becomes of a blocked worker (no new requests, a replacement) is decided elsewhere.
 */
import type { ResolvedApplication } from '../../config/resolved.ts'
import type { Announce, BlockedPlace, ThreadFact, ThreadState } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import type { Explain, Explanation, Suspect } from './explain.ts'
import { isTrusted, judge } from './standstill.ts'
import type { Standstill } from './standstill.ts'

/** A worker, as far as it is watched for standing still. Its successor in the same slot is another object. */
export interface WatchedLoop {
  readonly fact: ThreadFact
  readonly state: ThreadState
  readonly vitals: SharedArrayBuffer
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  thread(): { readonly threadId: number } | null
}

/** Whose loops are watched; the supervisor fits. */
export interface WatchedLoops {
  workers(): readonly WatchedLoop[]
  application(id: string): Pick<ResolvedApplication, 'path' | 'health'>
}

/** What a reporter needs. */
export interface BlockedReporterOptions {
  readonly supervised: WatchedLoops
  readonly clock: Clock
  readonly announce: Announce
  readonly explain: Explain
  /** Whether a worker may stand still at the moment: it is not told of then. */
  readonly isExcused?: (worker: WatchedLoop) => boolean
  /** Called at the stop: nothing is to be explained any more. */
  readonly release: () => void
}

/** How often the workers of one slot have been blocked since the start of the server. */
export interface BlockCounts {
  readonly blocks: number
  /** Milliseconds in all, those of a block under way included. */
  readonly blockedMs: number
  /** Where the last block was that something was found out about; `null` as in {@link BlockedPlace}. */
  readonly function: string | null
  readonly location: string | null
}

/** Milliseconds between two looks, and while something is blocked. */
const lookMs = 250
const closeLookMs = 100

/**
 * Loading an application is one long block as a rule: a worker that is starting is told of only after so many
 * times `health.maxBlocked`.
 */
const startingFactor = 10

/**
 * Milliseconds for which nobody is asked while a thread is about to end: node aborts the process when its inspector
 * reaches for a thread in the microseconds in which that thread is taken down. After that a block is told of without
 * where it is.
 */
const quietMs = 2000

/** Milliseconds `worker:unblocked` waits for where native code was come back from. */
const lateMs = 250

/** A worker that stands. */
interface Block {
  standstill: Standstill
  explanation: Promise<Explanation>
}

/** States in which a thread has an event loop to watch. */
const watchedStates: ReadonlySet<ThreadState> = new Set([
  'starting',
  'ready',
  'ejected',
  'draining',
  'stopping'
])

/** Watches from {@link BlockedReporter.start} to {@link BlockedReporter.stop}. */
export class BlockedReporter {
  readonly #options: BlockedReporterOptions
  readonly #blocks = new Map<WatchedLoop, Block>()
  readonly #counts = new Map<string, BlockCounts>()
  /** The milliseconds that were told of each slot last. */
  readonly #toldMs = new Map<string, number>()
  /** Threads that are about to end, edges among them. */
  #ending = 0
  #cancel: Cancel | null = null
  #lookedAt = 0
  #wasTrusted = true

  constructor(options: BlockedReporterOptions) {
    this.#options = options
  }

  /** Begins to look. */
  start(): void {
    if (this.#cancel !== null) return
    this.#lookedAt = this.#options.clock.now()
    this.#plan(lookMs)
  }

  /** Looks no more, and lets go of every thread. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
    for (const [worker, block] of this.#blocks) this.#drop(worker, block)
    this.#options.release()
  }

  /** Whether no thread is about to end, as far as is known. */
  get isQuiet(): boolean {
    return this.#ending === 0
  }

  /** To be told of every `worker:moved`, from the start of the server. */
  handleMoved({ from, to }: { readonly from: ThreadState; readonly to: ThreadState }): void {
    if (to === 'stopping') this.#ending++
    if (from === 'stopping') this.#ending--
  }

  /** The counts of a slot, by its name: never less than before. */
  counts(worker: string): BlockCounts {
    const counts = this.#counts.get(worker) ?? never
    const now = this.#options.clock.now()
    const current = [...this.#blocks].find(([{ fact }]) => fact.worker === worker)?.[1]
    const underWay = current === undefined ? 0 : now - current.standstill.since
    // A block that is under way may have ended since the last look, which finds out when.
    const blockedMs = Math.max(Math.round(counts.blockedMs + underWay), this.#toldMs.get(worker) ?? 0)
    if (blockedMs > 0) this.#toldMs.set(worker, blockedMs)
    return { ...counts, blockedMs }
  }

  #plan(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#look(delayMs)
      this.#plan(this.#blocks.size > 0 ? closeLookMs : lookMs)
    })
  }

  #look(delayMs: number): void {
    const now = this.#options.clock.now()
    const lastLookAt = this.#lookedAt
    const isUsable = isTrusted(now - lastLookAt, delayMs, this.#wasTrusted)
    this.#wasTrusted = isUsable
    this.#lookedAt = now
    if (!isUsable) return
    const workers = this.#options.supervised.workers().filter(worker => watchedStates.has(worker.state))
    const present = new Set(workers)
    for (const [worker, block] of this.#blocks) if (!present.has(worker)) this.#drop(worker, block)
    const standing = workers.filter(worker => this.#judge(worker, now, lastLookAt))
    this.#explain(standing, now)
  }

  /** Whether the worker is to be told of as blocked. */
  #judge(worker: WatchedLoop, now: number, lastLookAt: number): boolean {
    const block = this.#blocks.get(worker) ?? null
    const { maxBlocked } = this.#applicationOf(worker).health
    const limitMs = worker.state === 'starting' ? maxBlocked * startingFactor : maxBlocked
    const ageMs = worker.heartbeatAge()
    if (block === null && this.#ending > 0 && ageMs < limitMs + quietMs) return false
    const look = { now, ageMs, limitMs, lastLookAt }
    const verdict = judge(block?.standstill ?? null, look)
    if (verdict.type === 'unblocked' && block !== null) this.#unblock(worker, block, verdict.blockedMs)
    if (verdict.type !== 'blocked' || this.#options.isExcused?.(worker) === true) return false
    if (block === null) this.#begin(worker)
    else this.#letGo(block)
    // Its explanation follows at once, for all that are told of in this look together.
    this.#blocks.set(worker, { standstill: verdict.standstill, explanation: Promise.resolve(nothing) })
    return true
  }

  #explain(standing: readonly WatchedLoop[], now: number): void {
    const isAsked = (worker: WatchedLoop): boolean => this.#applicationOf(worker).health.explainBlocked
    const groups = Object.groupBy(standing, worker => (isAsked(worker) ? 'asked' : 'told'))
    this.#explainAll(groups.asked ?? [], this.#ending === 0, now)
    this.#explainAll(groups.told ?? [], false, now)
  }

  #explainAll(standing: readonly WatchedLoop[], mayAsk: boolean, now: number): void {
    if (standing.length === 0) return
    const suspects = standing.map(worker => this.#suspect(worker))
    const explanations = this.#options.explain(suspects, mayAsk)
    for (const [index, worker] of standing.entries()) {
      const block = this.#blocks.get(worker)
      const explanation = explanations[index]
      if (block === undefined || explanation === undefined) continue
      block.explanation = explanation
      void this.#announceBlocked(worker, block, now)
    }
  }

  async #announceBlocked(worker: WatchedLoop, block: Block, at: number): Promise<void> {
    const { place } = await block.explanation
    if (this.#cancel === null) return
    this.#locate(worker, place)
    const blockedMs = Math.round(at - block.standstill.since)
    this.#options.announce('worker:blocked', { ...worker.fact, blockedMs, where: place })
  }

  #unblock(worker: WatchedLoop, block: Block, blockedMs: number): void {
    this.#blocks.delete(worker)
    this.#count(worker, blockedMs)
    void this.#announceUnblocked(worker, block, blockedMs)
  }

  /** After `worker:blocked`, which waits for the same explanation. */
  async #announceUnblocked(worker: WatchedLoop, block: Block, blockedMs: number): Promise<void> {
    const explanation = await block.explanation
    const outcome = await within(this.#options.clock, lateMs, explanation.late)
    explanation.close()
    if (this.#cancel === null) return
    const where: BlockedPlace | null = outcome.inTime ? outcome.value : null
    this.#locate(worker, where)
    this.#options.announce('worker:unblocked', { ...worker.fact, blockedMs, where })
  }

  /** The worker is gone, or nobody wants to know any more. */
  #drop(worker: WatchedLoop, block: Block): void {
    this.#blocks.delete(worker)
    this.#count(worker, this.#options.clock.now() - block.standstill.since)
    this.#letGo(block)
  }

  #letGo(block: Block): void {
    void block.explanation.then(explanation => explanation.close())
  }

  /** One more block: where it is, is not known yet. */
  #begin({ fact }: WatchedLoop): void {
    const { blocks, blockedMs } = this.#counts.get(fact.worker) ?? never
    this.#counts.set(fact.worker, { ...never, blocks: blocks + 1, blockedMs })
  }

  #count(worker: WatchedLoop, blockedMs: number): void {
    const known = this.#counts.get(worker.fact.worker) ?? never
    this.#counts.set(worker.fact.worker, { ...known, blockedMs: known.blockedMs + blockedMs })
  }

  /** Remembers where a block was, when that is known. */
  #locate({ fact }: WatchedLoop, place: BlockedPlace | null): void {
    if (place === null || (place.function === null && place.location === null)) return
    const { function: name, location } = place
    this.#counts.set(fact.worker, { ...(this.#counts.get(fact.worker) ?? never), function: name, location })
  }

  #suspect(worker: WatchedLoop): Suspect {
    const { clock } = this.#options
    const beatAt = clock.now() - worker.heartbeatAge()
    return {
      thread: () => worker.thread(),
      vitals: worker.vitals,
      path: this.#applicationOf(worker).path,
      turnedAtMs: () => {
        const ageMs = worker.heartbeatAge()
        return clock.now() - ageMs > beatAt + closeLookMs / 2
          ? Number(process.hrtime.bigint()) / 1e6 - ageMs
          : null
      }
    }
  }

  #applicationOf(worker: WatchedLoop): Pick<ResolvedApplication, 'path' | 'health'> {
    return this.#options.supervised.application(worker.fact.application ?? '')
  }
}

const never: BlockCounts = { blocks: 0, blockedMs: 0, function: null, location: null }

const nothing: Explanation = { place: null, late: Promise.resolve(null), close: () => {} }
