/**
 * What is being done to workers to look into them: which recording is under way, whose inspector is open, and whom
 * nobody may replace meanwhile.
 *
 * Main thread only. Kept by thread, not by slot: what was done to a thread is over when it has gone.
 */
import { HeddleError } from '../../errors.ts'
import type { Clock } from '../../shared/clock.ts'
import type { DiagnosedWorker } from './diagnosed.ts'

/** What can be done to a worker. */
export type DiagnosisKind = 'cpu profile' | 'heap profile' | 'heap snapshot' | 'inspector'

/** One that is under way. */
export interface Diagnosis {
  readonly kind: DiagnosisKind
  /** Milliseconds since it began. */
  readonly sinceMs: number
  /** Where an open inspector is; `null` for the others. */
  readonly url: string | null
}

interface Entry {
  readonly kind: DiagnosisKind
  readonly startedAt: number
  readonly url: string | null
}

/** Kinds during which a worker may stand still without being ill. */
const excusing: ReadonlySet<DiagnosisKind> = new Set(['heap snapshot', 'inspector'])

/** Milliseconds a worker has to turn again afterwards. */
const steadyMs = 2000

function isInspector({ kind }: Entry): boolean {
  return kind === 'inspector'
}

/** All of them. */
export class Diagnoses {
  readonly #clock: Clock
  readonly #entries = new Map<DiagnosedWorker, readonly Entry[]>()
  /** Until when those are excused with whom it is over. */
  readonly #excusedUntil = new WeakMap<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Notes that something begins; returns how to say that it is over. Of those other than the inspector a worker has
   * one at a time.
   *
   * @throws HEDDLE_BUSY
   */
  begin(worker: DiagnosedWorker, kind: DiagnosisKind, url: string | null = null): () => void {
    this.#forgetGone()
    const others = this.#entries.get(worker) ?? []
    const other = others.find(entry => isInspector(entry) === (kind === 'inspector'))
    const now = this.#clock.now()
    if (other !== undefined) {
      const { worker: name } = worker.fact
      const runningMs = Math.round(now - other.startedAt)
      throw new HeddleError('HEDDLE_BUSY', {
        asked: `${kind} of ${name}`,
        running: other.kind,
        runningMs
      })
    }
    const entry: Entry = { kind, startedAt: now, url }
    this.#entries.set(worker, [...others, entry])
    return () => this.#end(worker, entry)
  }

  /** Whether it may stand still and not be judged for it. */
  isExcused(worker: object): boolean {
    for (const [other, entries] of this.#entries) {
      if (other === worker && entries.some(({ kind }) => excusing.has(kind))) return true
    }
    return this.#clock.now() < (this.#excusedUntil.get(worker) ?? 0)
  }

  /** Those whose inspector is open, by their name. */
  inspected(name: string): readonly DiagnosedWorker[] {
    return [...this.#entries].flatMap(([worker, entries]) =>
      worker.fact.worker === name && entries.some(isInspector) ? [worker] : []
    )
  }

  /** What is being done to the worker of this name, `application:slot`. */
  of(name: string): readonly Diagnosis[] {
    this.#forgetGone()
    const now = this.#clock.now()
    return [...this.#entries]
      .filter(([worker]) => worker.fact.worker === name)
      .flatMap(([, entries]) =>
        entries.map(({ kind, startedAt, url }) => ({ kind, sinceMs: Math.round(now - startedAt), url }))
      )
  }

  /** Its inspector is closed. Returns for how many milliseconds it was open; `null` when it was not. */
  endInspection(worker: DiagnosedWorker): number | null {
    const entry = this.#entries.get(worker)?.find(isInspector)
    if (entry === undefined) return null
    this.#end(worker, entry)
    return Math.round(this.#clock.now() - entry.startedAt)
  }

  #end(worker: DiagnosedWorker, entry: Entry): void {
    const left = (this.#entries.get(worker) ?? []).filter(each => each !== entry)
    if (excusing.has(entry.kind)) this.#excusedUntil.set(worker, this.#clock.now() + steadyMs)
    if (left.length > 0) this.#entries.set(worker, left)
    else this.#entries.delete(worker)
  }

  #forgetGone(): void {
    for (const worker of this.#entries.keys()) if (worker.thread() === null) this.#entries.delete(worker)
  }
}
