/**
 * The metrics of a server: what a scrape gets, and how the last seconds were.
 *
 * Main thread only. Answered from shared memory and from what the main thread knows, in the same time whatever
 * workers do; metrics of applications themselves are waited for, so long at most as the configuration says.
 */
import type { RecentReportLine } from '../../control/answers.ts'
import type { Clock } from '../../shared/clock.ts'
import { Announced } from './announced.ts'
import type { ListenToAny } from './announced.ts'
import { ApplicationMetrics, mergeFamilies } from './application-metrics.ts'
import type { Asked, Merged, Told } from './application-metrics.ts'
import { chooseBounds } from './buckets.ts'
import { Exposition } from './exposition.ts'
import { metricFacts } from './facts.ts'
import type { MetricName } from './facts.ts'
import { addEdge, addMesh, addServer } from './gather-server.ts'
import { addApplication } from './gather-workers.ts'
import { LoopTotals } from './loop-totals.ts'
import { OwnLoop } from './own-loop.ts'
import { Sampler } from './sampler.ts'
import type { MeteredApplication, MeteredEdge, MetricsSources } from './sources.ts'

/** What metrics are made with. */
export interface MetricsOptions {
  readonly clock: Clock
  readonly sources: MetricsSources
  readonly listen: ListenToAny
}

/** Which metrics are wanted. */
export interface MetricsFilter {
  /** Only those of this application. */
  readonly application?: string
}

/** The metrics of one server. */
export class Metrics {
  readonly #options: MetricsOptions
  readonly #sampler: Sampler
  readonly #announced = new Announced()
  readonly #loop = new OwnLoop()
  /** By the number of the edge thread. */
  readonly #edgeLoops = new Map<number, LoopTotals>()
  readonly #applications: ApplicationMetrics

  constructor(options: MetricsOptions) {
    const { clock, sources, listen } = options
    this.#options = options
    this.#applications = new ApplicationMetrics(clock)
    this.#sampler = new Sampler({
      clock,
      applications: () => sources.applications(),
      onLook: () => {
        this.#loop.look()
        for (const edge of sources.edges()) this.#foldEdge(edge)
      }
    })
    listen((name, fact) => {
      this.#announced.hear(name, fact)
      if (name === 'worker:moved') this.#sampler.meet()
    })
  }

  /** Begins to look at the workers, once a second. */
  start(): void {
    this.#sampler.start()
    this.#loop.start()
  }

  /** Looks no more; what is asked for is still answered. */
  stop(): void {
    this.#sampler.stop()
    this.#loop.stop()
  }

  /** All metrics in the text format of Prometheus; a comment when the configuration wants none. */
  async text({ application }: MetricsFilter = {}): Promise<string> {
    const { enabled, buckets, applicationTimeout } = this.#options.sources.settings()
    if (!enabled) return '# There are none: metrics.enabled is false.\n'
    const wanted = this.#wanted(application)
    const told = await this.#applications.ask(wanted.flatMap(askedOf), applicationTimeout)
    const merged = mergeFamilies(told, name => name.startsWith('heddle_'))
    this.#sampler.fold(true)
    const exposition = new Exposition(metricFacts)
    const readings = {
      announced: this.#announced,
      bounds: chooseBounds(buckets),
      blocked: (worker: string) => this.#options.sources.blocked(worker),
      scaling: this.#options.sources.scaling,
      totals: (worker: string) => this.#sampler.totals(worker),
      recent: (worker: string) => this.#sampler.recent([worker])
    }
    for (const each of wanted) addApplication(exposition, each, readings)
    addTold(exposition, told, merged)
    if (application === undefined) this.#addAround(exposition)
    return exposition.text() + merged.text
  }

  /** How the last seconds of one worker were, by its name; `null` when it is not known. */
  ofWorker(worker: string): RecentReportLine | null {
    return this.#sampler.ofWorker(worker)
  }

  /** The same of all workers of an application together. */
  ofApplication(id: string): RecentReportLine | null {
    return this.#sampler.ofApplication(id)
  }

  /** How late the main thread was, 99th percentile in milliseconds; `null` before it was measured. */
  loopDelayMs(): number | null {
    return this.#loop.p99Ms()
  }

  #wanted(application: string | undefined): readonly MeteredApplication[] {
    const all = this.#options.sources.applications()
    return application === undefined ? all : all.filter(({ settings }) => settings.id === application)
  }

  #foldEdge({ fact, current }: MeteredEdge): LoopTotals {
    const totals = this.#edgeLoops.get(fact.slot) ?? new LoopTotals()
    this.#edgeLoops.set(fact.slot, totals)
    if (current !== null) totals.fold(current)
    return totals
  }

  #addAround(exposition: Exposition<MetricName>): void {
    const { sources } = this.#options
    for (const edge of sources.edges()) addEdge(exposition, edge, this.#foldEdge(edge))
    addMesh(exposition, sources.traffic(), sources.circuits())
    addServer(exposition, sources, { announced: this.#announced, loop: this.#loop })
  }
}

function askedOf({ settings, slots }: MeteredApplication): readonly Asked[] {
  return slots.flatMap(({ fact, current }) => {
    if (current === null || current.registry === null) return []
    const asked: Asked = {
      application: settings.id,
      slot: fact.slot,
      port: current.registry,
      heartbeatAge: () => current.heartbeatAge()
    }
    return [asked]
  })
}

function addTold(to: Exposition<MetricName>, told: readonly Told[], { conflicts }: Merged): void {
  for (const { application, slot, families } of told) {
    to.add('heddle_application_metrics_up', [application, slot], families === null ? 0 : 1)
  }
  for (const application of new Set(told.map(each => each.application))) {
    to.add('heddle_application_metrics_conflicts', [application], conflicts.get(application) ?? 0)
  }
}
