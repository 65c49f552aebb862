/** Workers for tests of the health watch: what it sees of them is set by hand, what it does is written down. */
import { createVitals, VitalsWriter } from '../../../src/channel/vitals.ts'
import type { ResolvedHealth } from '../../../src/config/resolved.ts'
import type { HeddleEvents, ReplaceReason, ThreadState } from '../../../src/events.ts'
import { HealthWatch } from '../../../src/main/health/watch.ts'
import type { Supervised, WatchedWorker } from '../../../src/main/health/watched.ts'
import { noCounts } from '../../../src/main/supervisor/member-counts.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { exampleHealth } from '../example-config.ts'

/** A worker on paper. It turns as long as nobody blocks it. */
export class PaperWorker implements WatchedWorker {
  readonly fact: WatchedWorker['fact']
  readonly vitals = createVitals()
  readonly writer = new VitalsWriter(this.vitals)
  /** What was done to it, as words. */
  readonly history: string[] = []
  state: ThreadState = 'ready'
  /** Part of the time its loop is busy. */
  load = 0.1
  failures = 0
  failuresInRow = 0
  answers = 0
  readonly #stage: PaperStage
  readonly #readyAt: number
  #blockedAt: number | null = null
  #active = 0
  #lookedAt: number

  constructor(stage: PaperStage, slot: number, application = 'api') {
    this.fact = { application, slot, worker: `${application}:${slot}` }
    this.#stage = stage
    this.#readyAt = stage.clock.now()
    this.#lookedAt = this.#readyAt
  }

  get readyMs(): number {
    return this.#stage.clock.now() - this.#readyAt
  }

  get isBlocked(): boolean {
    return this.#blockedAt !== null
  }

  block(): void {
    this.#blockedAt ??= this.#stage.clock.now()
  }

  unblock(): void {
    this.#blockedAt = null
  }

  heartbeatAge(): number {
    return this.#blockedAt === null ? 0 : this.#stage.clock.now() - this.#blockedAt
  }

  counts(): ReturnType<WatchedWorker['counts']> {
    const { failures, failuresInRow, answers } = this
    const answered = [0, answers, 0, 0, 0]
    return { ...noCounts, answered, lost: failures, failures, failuresInRow, durations: [answers] }
  }

  eventLoopUtilization(): ReturnType<WatchedWorker['eventLoopUtilization']> {
    const now = this.#stage.clock.now()
    this.#active += (now - this.#lookedAt) * (this.isBlocked ? 1 : this.load)
    this.#lookedAt = now
    const all = now - this.#readyAt
    return { idle: all - this.#active, active: this.#active, utilization: all === 0 ? 0 : this.#active / all }
  }

  eject(reason: string): boolean {
    if (this.state !== 'ready' || !this.#stage.mayEject(this)) return false
    this.state = 'ejected'
    this.history.push(`ejected, ${reason}`)
    return true
  }

  restore(reason: string): void {
    if (this.state !== 'ejected') return
    this.state = 'ready'
    this.history.push(`restored, ${reason}`)
  }

  replace(reason: ReplaceReason, detail: string): Promise<boolean> {
    this.history.push(`replaced, ${reason}: ${detail}`)
    return this.#stage.replace(this)
  }
}

/** A watch over paper workers of one application, with time held still. */
export class PaperStage implements Supervised {
  readonly clock = new HeldClock()
  readonly facts: [name: string, fact: object][] = []
  readonly watch: HealthWatch
  /** Whom somebody looks into. */
  readonly excused = new Set<WatchedWorker>()
  readonly health: ResolvedHealth
  /** Who sits in the slots. */
  sitting: PaperWorker[] = []
  /** What becomes of a replacement. */
  replacing: 'works' | 'fails' | 'hangs' = 'works'
  readonly #slots: number

  constructor(workers: number, health: Partial<ResolvedHealth> = {}) {
    this.#slots = workers
    this.health = { ...exampleHealth, gracePeriod: 0, ...health }
    for (let slot = 0; slot < workers; slot++) this.sitting.push(new PaperWorker(this, slot))
    this.watch = new HealthWatch({
      supervised: this,
      clock: this.clock,
      announce: (name, fact) => this.facts.push([name, fact]),
      isExcused: worker => this.excused.has(worker)
    })
    this.watch.start()
  }

  /** A stage whose watch has met its workers: the first check is one interval away. */
  static async begin(workers: number, health: Partial<ResolvedHealth> = {}): Promise<PaperStage> {
    const stage = new PaperStage(workers, health)
    await stage.clock.advance(100)
    return stage
  }

  workers(): readonly PaperWorker[] {
    return this.sitting
  }

  application(): { readonly health: ResolvedHealth } {
    return { health: this.health }
  }

  /** The worker in a slot. */
  at(slot: number): PaperWorker {
    const worker = this.sitting[slot]
    if (worker === undefined) throw new RangeError(`there is no worker ${slot}`)
    return worker
  }

  /** A worker is gone, and nobody sits in its slot. */
  leave(worker: PaperWorker): void {
    this.sitting = this.sitting.filter(each => each !== worker)
    // As the supervisor does: too few are left, and those who are out come back, the longest out first.
    const out = this.sitting.filter(({ state }) => state === 'ejected')
    const excess = out.length - Math.floor(this.sitting.length / 2)
    for (const each of out.slice(0, Math.max(0, excess))) each.restore('too few workers are left')
  }

  /** A fresh worker in the first empty slot, if there is one. */
  join(): void {
    const slot = Array.from({ length: this.#slots }, (_, index) => index).find(
      index => !this.sitting.some(({ fact }) => fact.slot === index)
    )
    if (slot !== undefined) this.sitting = [...this.sitting, new PaperWorker(this, slot)]
  }

  /** Whether as many are out as may be. */
  isFull(): boolean {
    return (this.sitting.filter(({ state }) => state === 'ejected').length + 1) * 2 > this.sitting.length
  }

  /** As the supervisor decides: never the last one, at most half. */
  mayEject(worker: PaperWorker): boolean {
    const ready = this.sitting.filter(each => each !== worker && each.state === 'ready').length
    const out = this.sitting.filter(({ state }) => state === 'ejected').length
    return ready > 0 && (out + 1) * 2 <= this.sitting.length
  }

  async replace(worker: PaperWorker): Promise<boolean> {
    if (this.replacing === 'hangs') return new Promise(() => {})
    if (this.replacing === 'fails') return false
    worker.state = 'draining'
    this.sitting = this.sitting.map(each =>
      each === worker ? new PaperWorker(this, worker.fact.slot) : each
    )
    return true
  }

  /** What was announced under one name. */
  heard<Name extends keyof HeddleEvents>(name: Name): readonly HeddleEvents[Name][] {
    return this.facts.filter(([each]) => each === name).map(([, fact]) => fact as HeddleEvents[Name])
  }
}
