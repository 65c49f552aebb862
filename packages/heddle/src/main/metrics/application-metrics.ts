/**
 * Metrics of applications themselves: asks the workers that have some, all at once and for so long at most, and puts
 * together what they tell.
 *
 * Main thread only. The one place where a scrape waits for workers: one that is blocked is not asked, and one that
 * is slow is left out. Texts are read by the workers, never here.
 */
import type { MessagePort } from 'node:worker_threads'

import { readFromRegistry } from '../../channel/application-metrics.ts'
import type { FamilyType, FromRegistry, MetricFamily, ToRegistry } from '../../channel/application-metrics.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'

/** A worker that has metrics of its own. */
export interface Asked {
  readonly application: string
  readonly slot: number
  readonly port: MessagePort
  heartbeatAge(): number
}

/** What one worker has told; `null` when nothing came in time, or it could not be read. */
export interface Told {
  readonly application: string
  readonly slot: number
  readonly families: readonly MetricFamily[] | null
}

/** Metrics of several workers, put together. */
export interface Merged {
  readonly text: string
  /** How many families were left out, by application. */
  readonly conflicts: ReadonlyMap<string, number>
}

/** A worker whose heartbeat is older, in milliseconds, is not asked, or not waited for: it would not answer. */
const blockedMs = 350

/** Milliseconds between two looks at the heartbeat of one that has not answered yet. */
const lookMs = 100

/** Asks the workers of one server. */
export class ApplicationMetrics {
  readonly #clock: Clock
  readonly #lines = new WeakMap<MessagePort, Line>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What these workers tell, in their order. Takes `timeoutMs` at most. */
  ask(workers: readonly Asked[], timeoutMs: number): Promise<readonly Told[]> {
    return Promise.all(
      workers.map(async worker => {
        const { application, slot } = worker
        return {
          application,
          slot,
          families: isBlocked(worker) ? null : await this.#askOne(worker, timeoutMs)
        }
      })
    )
  }

  async #askOne(worker: Asked, timeoutMs: number): Promise<readonly MetricFamily[] | null> {
    const { port } = worker
    const line = this.#lines.get(port) ?? new Line(port)
    this.#lines.set(port, line)
    const answer = line.ask()
    const until = this.#clock.now() + timeoutMs
    for (let left = timeoutMs; left > 0; left = until - this.#clock.now()) {
      // oxlint-disable-next-line no-await-in-loop -- Each turn of the loop is a wait.
      const outcome = await within(this.#clock, Math.min(left, lookMs), answer)
      if (outcome.inTime) return outcome.value
      if (isBlocked(worker)) break
    }
    line.giveUp()
    return null
  }
}

function isBlocked(worker: Asked): boolean {
  return worker.heartbeatAge() > blockedMs
}

/** The way to one worker. */
class Line {
  readonly #port: MessagePort
  #id = 0
  #isClosed = false
  /** Shared by all who ask at the same time. */
  #pending: PromiseWithResolvers<readonly MetricFamily[] | null> | null = null

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (posted: unknown) => this.#receive(readFromRegistry(posted)))
    port.on('close', () => {
      this.#isClosed = true
      this.#settle(null)
    })
    port.unref()
  }

  ask(): Promise<readonly MetricFamily[] | null> {
    if (this.#isClosed) return Promise.resolve(null)
    if (this.#pending === null) {
      this.#pending = Promise.withResolvers()
      const question: ToRegistry = { id: ++this.#id }
      this.#port.postMessage(question)
    }
    return this.#pending.promise
  }

  /** An answer that comes after all is not used: it would be of another time. */
  giveUp(): void {
    this.#settle(null)
  }

  #receive(answer: FromRegistry | null): void {
    if (answer !== null && answer.id === this.#id) this.#settle(answer.families)
  }

  #settle(families: readonly MetricFamily[] | null): void {
    this.#pending?.resolve(families)
    this.#pending = null
  }
}

/** Ends of the names of the samples a family has beside its own name. */
const ends: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: [],
  gauge: [],
  untyped: [],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count']
}

/**
 * One text of what several have told. Who comes first says what a metric is: what has another type under the same
 * name, or is one of Heddle's own, is left out.
 *
 * @param isTaken Whether a name is one of Heddle's own.
 */
export function mergeFamilies(told: readonly Told[], isTaken: (name: string) => boolean): Merged {
  const families = new Map<string, { type: FamilyType; help: string; samples: string[] }>()
  /** By the name of a sample the family it is of: one that has it as its own name cannot stand beside it. */
  const owners = new Map<string, string>()
  const conflicts = new Map<string, number>()
  for (const { application, families: own } of told) {
    for (const { name, type, help, samples } of own ?? []) {
      const known = families.get(name)
      const names = [name, ...ends[type].map(end => name + end)]
      const isOfOther = names.some(each => (owners.get(each) ?? name) !== name)
      if (isTaken(name) || isOfOther || (known !== undefined && known.type !== type)) {
        conflicts.set(application, (conflicts.get(application) ?? 0) + 1)
        continue
      }
      for (const each of names) owners.set(each, name)
      if (known === undefined) families.set(name, { type, help, samples: [samples] })
      else known.samples.push(samples)
    }
  }
  const text = Array.from(families, ([name, { type, help, samples }]) => {
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`
  })
  return { text: text.join(''), conflicts }
}
