/**
 * A numbered place that always has a living thread in it: one that is lost is replaced, and one that is to
 * go is replaced first.
 *
 * Main thread only. When to replace is decided by `restart-policy.ts`; what a thread is, worker or edge,
 * by the function that spawns it. The first thread of a slot is not replaced when it never becomes ready:
 * then the start fails, and the operator is told. There are no more than two living threads, zombies aside: who sits
 * there, and either who comes or who leaves. Only somebody who takes a slot back and forth while the first one still
 * finishes what it has gets more.
 */
import type { ExitReason, ThreadFact } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Cancel } from '../../shared/clock.ts'
import { Deadline } from '../../shared/deadline.ts'
import { Departures } from './departures.ts'
import type { Occupant, Refusal, Replacement, SlotOptions, Staged, Wish } from './occupant.ts'
import { cleanRecord, nextRestart, succeeded, tried } from './restart-policy.ts'
import type { RestartCircuit, RestartRecord } from './restart-policy.ts'
import { SlotBook } from './slot-book.ts'
import { describeEnd } from './thread-life.ts'
import type { ThreadEnd, ThreadLife } from './thread-life.ts'

/** Milliseconds a thread may take to end once it was told to. */
const endMs = 1000

/** Milliseconds the close hooks of a thread that was replaced have, when its requests took all the time there was. */
const hooksMs = 1000

/** One slot. */
export class Slot<Sitting extends Occupant> {
  readonly fact: ThreadFact
  /** What has happened here, over all threads. */
  readonly book: SlotBook = new SlotBook()
  readonly #options: SlotOptions<Sitting>
  readonly #zombies = new Set<ThreadLife>()
  /** Threads that finish what they have. */
  readonly #departures = new Departures<Sitting>()
  #current: Sitting | null = null
  #incoming: Sitting | null = null
  #isIncomingHeld = false
  #record: RestartRecord = cleanRecord
  /** The same for replacements that nobody asked for. */
  #wishRecord: RestartRecord = cleanRecord
  #wishesFrom = 0
  #isRetired = true
  /** A restart waits for its time, or for room. */
  #isRestartDue = false
  #cancelRestart: Cancel | null = null
  #replacing: Promise<Replacement> | null = null
  #isStaged = false

  constructor(options: SlotOptions<Sitting>) {
    this.fact = options.fact
    this.#options = options
  }

  /** Who sits there now; `null` before the start and between two threads. */
  get current(): Sitting | null {
    return this.#current
  }

  /** Who is to take over, once it is ready. */
  get incoming(): Sitting | null {
    return this.#incoming
  }

  /** Everybody who lives here, zombies aside. */
  get living(): readonly Sitting[] {
    const all = [this.#current, this.#incoming, ...this.#departures.all]
    return all.filter(sitting => sitting !== null).filter(({ life }) => !life.isGone)
  }

  /** Threads that finish what they have. */
  get leaving(): number {
    return this.#departures.size
  }

  /** Threads that were given up and have not ended. */
  get zombies(): number {
    return this.#zombies.size
  }

  /** Whether restarts fail too often; see `restart-policy.ts`. */
  get circuit(): RestartCircuit {
    return this.#record.circuit
  }

  /** Starts the first thread. @throws what spawning throws. */
  start(): Sitting {
    this.enlist()
    return this.#seat(true)
  }

  /** Gives the slot to one that was started for it elsewhere, and is ready. From now on whoever is lost is replaced. */
  adopt(sitting: Sitting): void {
    this.enlist()
    this.#seat(false, sitting)
  }

  /** From now on whoever is lost is replaced. */
  enlist(): void {
    this.#isRetired = false
  }

  /** From now on nobody is replaced. */
  retire(): void {
    this.#isRetired = true
    this.#record = cleanRecord
    this.#forgetRestart()
  }

  /** Like {@link stop}, but somebody else may have the slot at once, beside those who finish what they have. */
  async clear(deadline: Deadline): Promise<void> {
    this.retire()
    const { living } = this
    for (const sitting of living) this.#departures.see(sitting)
    this.#current = null
    this.#incoming = null
    await Promise.all(living.map(sitting => sitting.stop(deadline, endMs)))
  }

  /** Ends everybody: what they have is finished until the deadline. Nobody takes their place. */
  async stop(deadline: Deadline, endLimitMs: number = endMs): Promise<void> {
    this.retire()
    await Promise.all(this.living.map(sitting => sitting.stop(deadline, endLimitMs)))
  }

  /**
   * Puts a fresh thread in place of the current one: ready first, then the old one finishes what it has and goes.
   * Resolves when the fresh one has taken over. When it does not become ready the old one stays. Whoever asks while
   * a replacement is under way gets what comes of that. One that nobody asked for has to wait after a failure.
   */
  replace(wish: Wish): Promise<Replacement> {
    if (this.#replacing !== null) return this.#replacing
    if (this.#isStaged) return refused('is being replaced already')
    const isAsked = ['restart', 'reload', 'changed'].includes(wish.reason)
    if (!isAsked && this.#options.clock.now() < this.#wishesFrom)
      return refused('could not be replaced just now')
    const replacing = this.#replace(wish).finally(() => (this.#replacing = null))
    this.#replacing = replacing
    return replacing
  }

  /** The first half of a replacement: a fresh thread that is held until its caller knows whether it is wanted. */
  async stage(wish: Wish): Promise<Staged | Refusal> {
    await this.#replacing
    this.#isStaged = true
    const fresh = await this.#bringIn(wish, true)
    if ('done' in fresh) {
      this.#isStaged = false
      return fresh
    }
    const { sitting } = fresh
    let loss: ThreadEnd | null = null
    void sitting.life.lost.then(end => (loss = end))
    return {
      worker: this.fact,
      loss: () => loss,
      commit: () => {
        this.#isStaged = false
        return this.#takeOver(fresh, wish)
      },
      undo: async () => {
        this.#isStaged = false
        this.#drop(sitting)
        this.#departures.see(sitting)
        await Deadline.during(this.#options.clock, 0, deadline => sitting.stop(deadline, endMs))
      }
    }
  }

  async #replace(wish: Wish): Promise<Replacement> {
    if (wish.vacateMs !== undefined) await this.#vacate(wish, wish.vacateMs)
    const fresh = await this.#bringIn(wish, false)
    return 'done' in fresh ? fresh : this.#takeOver(fresh, wish)
  }

  /** Nobody sits here until the fresh one is ready, which nobody takes for a loss. */
  async #vacate(wish: Wish, limitMs: number): Promise<void> {
    if (this.#isRetired) return
    this.#tell(wish)
    const old = this.#current
    this.#current = null
    if (old !== null) await this.#letGo(old, Math.min(limitMs, this.#options.rules().drainTimeoutMs))
  }

  #tell({ reason, detail }: Wish): void {
    this.#options.announce('worker:replacing', { ...this.fact, reason, detail })
  }

  async #bringIn(wish: Wish, held: boolean): Promise<Fresh<Sitting> | Refusal> {
    const { clock, rules } = this.#options
    await this.#departures.over()
    if (this.#isRetired) return { done: false, words: 'is being stopped', error: null }
    if (wish.vacateMs === undefined) this.#tell(wish)
    if (!held) this.#forgetRestart()
    const startedAt = clock.now()
    let sitting: Sitting
    try {
      sitting = this.#options.spawn(held)
    } catch (thrown) {
      return this.#handleFailed(wish, 'could not be given a thread', toError(thrown))
    }
    this.#incoming = sitting
    this.#isIncomingHeld = held
    void sitting.life.lost.then(end => this.#handleLost(sitting, end, false))
    const { startTimeoutMs } = rules()
    const outcome = await within(clock, startTimeoutMs, sitting.ready)
    if (outcome.inTime && outcome.value) return { sitting, startedAt }
    if (!outcome.inTime) {
      await sitting.life.end('timed-out', endMs)
      return this.#handleFailed(wish, `was not ready within ${startTimeoutMs} ms`, null)
    }
    const { reason, code, error } = await sitting.life.gone
    // Somebody wants it no longer: nobody is to be told that it failed.
    if (reason === 'stopped') return { done: false, words: 'was stopped before it was ready', error: null }
    return this.#handleFailed(wish, describeEnd(reason, code), error)
  }

  #handleFailed({ reason }: Wish, words: string, error: Error | null): Refusal {
    // It was called off: nobody is to be told that it failed.
    if (this.#isRetired) return { done: false, words: 'is being stopped', error: null }
    const { announce, clock, rules, chance } = this.#options
    const run = { readyMs: null, at: clock.now() }
    const { delayMs, record } = nextRestart(rules().restart, this.#wishRecord, run, chance())
    this.#wishRecord = record
    this.#wishesFrom = clock.now() + Math.max(delayMs, rules().restart.backoffMin)
    if (this.#current !== null) announce('worker:replacement-failed', { ...this.fact, reason, error })
    // There was nobody to stay, and the restart that was planned was called off.
    else if (!this.#isRestartDue && !this.#isStaged) this.#planRestart('failed', null)
    return { done: false, words, error }
  }

  async #takeOver({ sitting, startedAt }: Fresh<Sitting>, wish: Wish): Promise<Replacement> {
    const { announce, clock, rules } = this.#options
    const { reason } = wish
    if (!(await sitting.open())) {
      const { error } = await sitting.life.gone
      return this.#handleFailed(wish, 'was gone before it took over', error)
    }
    this.#forgetRestart()
    const old = this.#current === sitting ? null : this.#current
    if (this.#current !== sitting) this.book.replaced(reason)
    this.#drop(sitting)
    this.#current = sitting
    this.#wishRecord = cleanRecord
    this.#note(succeeded(this.#record))
    announce('worker:replaced', { ...this.fact, reason, bootMs: Math.round(clock.now() - startedAt) })
    return { done: true, left: old === null ? Promise.resolve() : this.#letGo(old, rules().drainTimeoutMs) }
  }

  async #letGo(old: Sitting, drainMs: number): Promise<void> {
    this.#departures.see(old)
    await Deadline.during(this.#options.clock, drainMs, deadline => old.stop(deadline, endMs, hooksMs))
  }

  /** It no longer is the one who comes. */
  #drop(sitting: Sitting): void {
    if (this.#incoming === sitting) this.#incoming = null
  }

  #seat(isFirst: boolean, sitting: Sitting = this.#options.spawn(false)): Sitting {
    this.#current = sitting
    void sitting.life.lost.then(end => this.#handleLost(sitting, end, isFirst))
    return sitting
  }

  #handleLost(sitting: Sitting, end: ThreadEnd, isFirst: boolean): void {
    this.book.ended(end)
    void sitting.life.gone.then(last => this.#handleGone(sitting, last))
    const wasCurrent = this.#current === sitting
    this.#departures.see(sitting)
    this.#drop(sitting)
    if (!wasCurrent) return
    this.#current = null
    if (isFirst && end.readyMs === null) return
    if (this.#incoming !== null && !this.#isIncomingHeld) {
      // Its successor is on the way already.
      this.#current = this.#incoming
      this.#incoming = null
      this.book.restarted(end.reason)
      return
    }
    this.#planRestart(end.reason, end.readyMs)
  }

  #handleGone(sitting: Sitting, end: ThreadEnd): void {
    this.book.ended(end)
    if (end.reason !== 'stuck') return
    this.#zombies.add(sitting.life)
    void sitting.life.exited.then(() => this.#zombies.delete(sitting.life))
  }

  #planRestart(reason: ExitReason, readyMs: number | null): void {
    if (this.#isRetired) return
    const { rules, chance, clock, announce } = this.#options
    const run = { readyMs, at: clock.now() }
    const { delayMs, record } = nextRestart(rules().restart, this.#record, run, chance())
    this.#note(record)
    announce('worker:restarting', { ...this.fact, reason, delayMs, failures: record.failures })
    this.#forgetRestart()
    this.#isRestartDue = true
    if (delayMs === 0) void this.#restart(reason)
    else this.#cancelRestart = clock.after(delayMs, () => void this.#restart(reason))
  }

  #forgetRestart(): void {
    this.#isRestartDue = false
    this.#cancelRestart?.()
    this.#cancelRestart = null
  }

  /** Remembers a record, and tells when the circuit has changed. */
  #note(record: RestartRecord): void {
    const before = this.#record.circuit
    this.#record = record
    const { circuit: state, failures } = record
    if (state === before) return
    const openForMs = this.#options.rules().restart.openFor
    this.#options.announce('worker:circuit', { ...this.fact, state, failures, openForMs })
    this.#options.onCircuit?.()
  }

  async #restart(reason: ExitReason): Promise<void> {
    this.#cancelRestart = null
    // A thread that finishes what it has must not keep its successor's successor waiting.
    await this.#departures.cut(() => (this.#incoming === null ? 1 : 0))
    if (!this.#isRestartDue) return
    this.#isRestartDue = false
    this.#note(tried(this.#record))
    this.book.restarted(reason)
    const { announce, clock } = this.#options
    const startedAt = clock.now()
    let sitting: Sitting
    try {
      sitting = this.#seat(false)
    } catch (thrown) {
      const end: ThreadEnd = { reason: 'failed', code: null, error: toError(thrown), readyMs: null }
      this.book.ended(end)
      announce('worker:exited', { ...this.fact, ...end })
      this.#planRestart('failed', null)
      return
    }
    await this.#watchRestart(sitting, startedAt)
  }

  async #watchRestart(sitting: Sitting, startedAt: number): Promise<void> {
    const { announce, clock, rules } = this.#options
    const outcome = await within(clock, rules().startTimeoutMs, sitting.ready)
    if (!outcome.inTime) {
      await sitting.life.end('timed-out', endMs)
      return
    }
    if (!outcome.value) return
    this.#note(succeeded(this.#record))
    const bootMs = Math.round(clock.now() - startedAt)
    announce('worker:restarted', { ...this.fact, restarts: this.book.restarts, bootMs })
  }
}

interface Fresh<Sitting> {
  readonly sitting: Sitting
  readonly startedAt: number
}

function refused(words: string): Promise<Refusal> {
  return Promise.resolve({ done: false, words, error: null })
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
