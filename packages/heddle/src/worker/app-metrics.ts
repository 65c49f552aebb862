/**
 * Metrics of the application's own: finds its registries, and tells what is in them when the main thread asks.
 *
 * Runs in worker threads. prom-client is never loaded for the application: its default registry is found among the
 * modules that are loaded already, whoever loaded it and however many copies there are. Any other registry is given
 * to `metrics()` of `heddle/worker`. Nothing here keeps the thread alive.
 */
import { createRequire } from 'node:module'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

import { familiesLengthMax, lengthOf } from '../channel/application-metrics.ts'
import type { FromRegistry, MetricFamily, ToRegistry } from '../channel/application-metrics.ts'
import { labelMetrics } from './labelled-metrics.ts'
import type { Labels } from './labelled-metrics.ts'

/** Says metrics in the text format of Prometheus. */
export type MetricsSource = () => string | Promise<string>

/** What the worker has given to `metrics()`, and who is to know when more is given. */
export interface OwnMetrics {
  readonly sources: MetricsSource[]
  onGiven: () => void
}

/** What these metrics are made of. */
export interface AppMetricsOptions {
  /** Absolute file of the application: its module cache is looked at. */
  readonly entry: string
  readonly own: OwnMetrics
  readonly labels: Labels
  /** Called once, as soon as there is a registry, with the port it is asked on. */
  readonly announce: (port: MessagePort) => void
  /** Called when metrics cannot be read, once for each reason. */
  readonly complain: (reason: string) => void
}

/** As much of prom-client's registry as is needed. */
interface Registry {
  readonly contentType?: unknown
  metrics(): unknown
}

/** Pauses between two looks for prom-client, in milliseconds, at first and at last: it may be loaded late. */
const firstLookMs = 1000
const lastLookMs = 60_000

/** Questions that may be unanswered at a time: a source that hangs is not asked without end. */
const runningMax = 4

/** Milliseconds after which a question is one of those no more: a source that has hung is asked again. */
const forgottenMs = 60_000

/** The registries of one worker. */
export class AppMetrics {
  readonly #options: AppMetricsOptions
  readonly #modules: NodeJS.Dict<NodeJS.Module>
  readonly #registries = new Set<Registry>()
  readonly #complaints = new Set<string>()
  #isAnnounced = false
  #running = 0

  constructor(options: AppMetricsOptions) {
    this.#options = options
    this.#modules = createRequire(options.entry).cache
  }

  /** To be called when the application has started: looks for registries now, and now and then. */
  begin(): void {
    this.#options.own.onGiven = () => this.#announce()
    if (this.#options.own.sources.length > 0) this.#announce()
    this.#look(firstLookMs)
  }

  #look(pauseMs: number): void {
    for (const registry of findRegistries(this.#modules)) this.#registries.add(registry)
    if (this.#registries.size > 0) this.#announce()
    else setTimeout(() => this.#look(Math.min(pauseMs * 2, lastLookMs)), pauseMs).unref()
  }

  #announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    const { port1, port2 } = new MessageChannel()
    port1.on('message', ({ id }: ToRegistry) => void this.#answer(port1, id))
    port1.unref()
    this.#options.announce(port2)
  }

  async #answer(port: MessagePort, id: number): Promise<void> {
    if (this.#running >= runningMax) {
      this.#complain(`${runningMax} questions for them have not been answered`)
      return
    }
    this.#running++
    const { promise: forgotten, resolve: forget } = Promise.withResolvers<null>()
    const timer = setTimeout(forget, forgottenMs, null).unref()
    const answer: FromRegistry = { id, families: await Promise.race([this.#read(), forgotten]) }
    clearTimeout(timer)
    this.#running--
    port.postMessage(answer)
  }

  async #read(): Promise<readonly MetricFamily[] | null> {
    // A second copy may have been loaded since.
    for (const registry of findRegistries(this.#modules)) this.#registries.add(registry)
    const { own, labels } = this.#options
    try {
      const texts = await Promise.all([
        ...Array.from(this.#registries, async registry => ({
          text: await registry.metrics(),
          isOpen: String(registry.contentType).includes('openmetrics')
        })),
        ...own.sources.map(async source => ({ text: await source(), isOpen: false }))
      ])
      const written = texts.map(({ text, isOpen }) => ({ text: String(text), isOpen }))
      const length = written.reduce((sum, { text }) => sum + text.length, 0)
      // Before they are read: that would hold the application up, and they only become longer.
      if (length > familiesLengthMax) throw tooLong(length)
      const families = written.flatMap(({ text, isOpen }) => labelMetrics(text, labels, isOpen))
      const labelled = lengthOf(families)
      if (labelled > familiesLengthMax) throw tooLong(labelled)
      return families
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error))
    }
    return null
  }

  #complain(reason: string): void {
    if (this.#complaints.has(reason) || this.#complaints.size >= 10) return
    this.#complaints.add(reason)
    this.#options.complain(reason)
  }
}

function tooLong(length: number): Error {
  return new Error(`they are ${length} characters; ${familiesLengthMax} are read at most`)
}

/** The default registries of all copies of prom-client that are loaded. */
function findRegistries(modules: NodeJS.Dict<NodeJS.Module>): readonly Registry[] {
  const files = Object.keys(modules).filter(file => /[\\/]prom-client[\\/]index\.js$/.test(file))
  return files.flatMap(file => registryOf(modules[file]?.exports) ?? [])
}

/** `null` for what exports none. What is looked at is the application's: it may throw. */
function registryOf(exported: unknown): Registry | null {
  try {
    const register =
      typeof exported === 'object' && exported !== null && 'register' in exported ? exported.register : null
    return isRegistry(register) ? register : null
  } catch {
    // One that cannot be had is none.
    return null
  }
}

function isRegistry(value: unknown): value is Registry {
  return (
    typeof value === 'object' && value !== null && 'metrics' in value && typeof value.metrics === 'function'
  )
}
