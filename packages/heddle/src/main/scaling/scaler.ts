/**
 * Has the number of workers follow the load: takes samples, asks the rule, and does what it says.
 *
 * Main thread only. One timer for all applications; what it looks at is read and not asked for. What should be is
 * decided in `allocate.ts`. One change at a time for each application; one whose number was set by hand is left alone.
 */
import type { Announce, HeddleEvents, ScalingReason, ScalingRefusal } from '../../events.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { historyMs, tickMs } from './load.ts'
import type { Decision, LoadSample, MachineSample, ScalingApplication, ScalingRule } from './load.ts'
import { LoadMeter } from './load-meter.ts'
import type { ThreadCpu } from './load-meter.ts'
import type { ScaledApplication } from './scaled.ts'
import { refusalWords } from './words.ts'

/** What a scaler is made of. */
export interface ScalerOptions {
  readonly clock: Clock
  readonly announce: Announce
  readonly rule: ScalingRule
  readonly applications: () => readonly ScaledApplication[]
  /** The machine between each two times it is asked. */
  readonly meter: () => () => MachineSample
  readonly threadCpu: ThreadCpu
  /** How long a thread has waited for a CPU; nobody knows when left out. */
  readonly threadCpuWait?: ThreadCpu
  /** Bytes one more worker is expected to need. */
  readonly workerBytes: (application: string) => number
  /** The most workers of all applications together, as the configuration says; `null` when it does not. */
  readonly total: () => number | null
}

/** How the number of workers of one application comes about. */
export interface ScalingView {
  /**
   * `auto`: it follows the load. `pinned`: somebody has set it by hand. `off`: the configuration does not want that.
   * `fixed`: it leaves no choice.
   */
  readonly mode: 'auto' | 'pinned' | 'off' | 'fixed'
  readonly min: number
  readonly max: number
  /** How many its load needs; `null` when nobody judges. */
  readonly wanted: number | null
  /** Why its number is what it is, by the last look; `null` when nobody judges. */
  readonly reason: Decision['reason'] | null
  /** Why it does not get what it needs; `null` when it does. */
  readonly refusal: ScalingRefusal | null
  /** The same in words, without a full stop. */
  readonly note: string | null
}

/** Milliseconds before a growth that failed is tried again; doubles with each failure. */
const retryMs = 5000
const retryMaxMs = 300_000

/** Milliseconds without it after which a refusal is news again. */
const forgetMs = 60_000

/** What is remembered of one application. */
interface State {
  readonly meter: LoadMeter
  samples: readonly LoadSample[]
  grownAt: number | null
  shrunkAt: number | null
  bootMs: number | null
  decision: Decision | null
  /** The number it is growing to; others must not take the same seats of the total. */
  growingTo: number
  failures: number
  retryAt: number
  error: Error | null
  /** The refusal that was told last, and when it was seen last. */
  told: { readonly reason: ScalingRefusal; readonly at: number } | null
}

/** The scaler of a server. */
export class Scaler {
  readonly #options: ScalerOptions
  readonly #states = new Map<string, State>()
  readonly #pinned = new Set<string>()
  #machineMeter: (() => MachineSample) | null = null
  #machine: readonly MachineSample[] = []
  #cancel: Cancel | null = null

  constructor(options: ScalerOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= repeat(this.#options.clock, tickMs, () => this.#look())
  }

  /** Looks no more: nothing is changed from now on. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** From now on the number of this application is somebody else's business. Returns whether it was before. */
  pin(id: string): boolean {
    const was = this.#pinned.has(id)
    this.#pinned.add(id)
    return was
  }

  /** Takes back {@link pin}; of all when none is named. */
  unpin(id?: string): void {
    if (id === undefined) this.#pinned.clear()
    else this.#pinned.delete(id)
  }

  /** To be called when the number of an application has changed, by whomever. */
  handleScaled({ application, from, to }: HeddleEvents['application:scaled']): void {
    const state = this.#states.get(application)
    if (state === undefined) return
    if (to > from) state.grownAt = this.#options.clock.now()
    else state.shrunkAt = this.#options.clock.now()
  }

  /** To be called when a worker has become ready. */
  handleReady({ application, bootMs }: HeddleEvents['worker:ready']): void {
    const state = application === null ? undefined : this.#states.get(application)
    if (state !== undefined) state.bootMs = bootMs
  }

  /** How the number of an application comes about. */
  view({ settings: { id, scaling } }: Pick<ScaledApplication, 'settings'>): ScalingView {
    const { min, max, enabled } = scaling
    const isPinned = this.#pinned.has(id)
    const mode = isPinned ? 'pinned' : enabled ? 'auto' : min < max ? 'off' : 'fixed'
    const state = mode === 'auto' ? this.#states.get(id) : undefined
    if (state === undefined || state.decision === null) {
      return { mode, min, max, wanted: null, reason: null, refusal: null, note: null }
    }
    const { reason, numbers } = state.decision
    const refusal = this.#refusal(state, state.decision)
    const note = refusal === null ? null : refusalWords(refusal, max, numbers, state.error)
    return { mode, min, max, wanted: numbers?.wanted ?? null, reason, refusal, note }
  }

  #look(): void {
    const { applications, clock, rule } = this.#options
    const running = applications().filter(({ phase }) => phase === 'running')
    this.#forgetOthers(running)
    if (!running.some(each => this.#isAutomatic(each))) return
    const at = clock.now()
    this.#lookAtMachine(at)
    const judged = running.map(each => this.#judged(each, at))
    for (const decision of rule(judged, this.#machine, this.#total(running))) {
      const index = judged.findIndex(({ id }) => id === decision.id)
      const application = running[index]
      if (application !== undefined && judged[index]?.enabled === true) this.#obey(application, decision)
    }
  }

  #isAutomatic({ settings: { id, scaling } }: ScaledApplication): boolean {
    return scaling.enabled && !this.#pinned.has(id)
  }

  #forgetOthers(running: readonly ScaledApplication[]): void {
    const automatic = new Set(
      running.filter(each => this.#isAutomatic(each)).map(({ settings }) => settings.id)
    )
    for (const id of this.#states.keys()) if (!automatic.has(id)) this.#states.delete(id)
  }

  #lookAtMachine(at: number): void {
    const isFirst = this.#machineMeter === null
    this.#machineMeter ??= this.#options.meter()
    if (!isFirst) this.#machine = [...recent(this.#machine, at), this.#machineMeter()]
  }

  /** An application as the rule sees it. */
  #judged(application: ScaledApplication, at: number): ScalingApplication {
    const { id, workers, scaling } = application.settings
    const { min, max } = scaling
    if (!this.#isAutomatic(application)) {
      const nothing = { grownAt: null, shrunkAt: null, bootMs: null, samples: [] }
      return { id, limits: { min, max }, workers, enabled: false, workerBytes: 0, ...nothing }
    }
    const state = this.#state(id)
    const sample = state.meter.sample(application, at)
    if (sample !== null) state.samples = [...recent(state.samples, at), sample]
    const { grownAt, shrunkAt, bootMs, samples, growingTo } = state
    return {
      id,
      limits: { min, max },
      workers: Math.max(workers, growingTo),
      enabled: !application.isBusy,
      grownAt,
      shrunkAt,
      workerBytes: this.#options.workerBytes(id),
      spares: application.spares.ready(application.slots.length),
      bootMs,
      samples
    }
  }

  #state(id: string): State {
    const known = this.#states.get(id)
    if (known !== undefined) return known
    const state: State = {
      meter: new LoadMeter(this.#options.threadCpu, this.#options.threadCpuWait),
      samples: [],
      grownAt: null,
      shrunkAt: null,
      bootMs: null,
      decision: null,
      growingTo: 0,
      failures: 0,
      retryAt: Number.NEGATIVE_INFINITY,
      error: null,
      told: null
    }
    this.#states.set(id, state)
    return state
  }

  #total(running: readonly ScaledApplication[]): number {
    const written = this.#options.total()
    if (written !== null) return written
    const least = running.reduce((sum, { settings }) => sum + settings.scaling.min, 0)
    // As long as nobody has looked at the machine there is no reason to take workers from anybody.
    return Math.max(least, Math.ceil(this.#machine.at(-1)?.cpus ?? Number.POSITIVE_INFINITY))
  }

  #obey(application: ScaledApplication, decision: Decision): void {
    const { id, workers } = application.settings
    const state = this.#state(id)
    state.decision = decision
    const refusal = this.#refusal(state, decision)
    this.#tellRefusal(application, state, refusal)
    const { target, reason, partners, numbers } = decision
    if (target === workers || (target > workers && refusal === 'failed')) return
    // A thread that finishes what it has would have a second one beside it.
    if (target < workers && application.slots.slice(target).some(({ leaving }) => leaving > 0)) return
    const fact = { application: id, from: workers, to: target, reason: reason as ScalingReason }
    this.#options.announce('application:scaling', { ...fact, refusal, partners, numbers })
    void this.#change(application, state, target)
  }

  async #change(application: ScaledApplication, state: State, to: number): Promise<void> {
    const { clock, announce } = this.#options
    const { id, workers: from } = application.settings
    const grows = to > from
    if (grows) state.growingTo = to
    try {
      await application.scale(to)
      if (!grows) return
      state.failures = 0
      state.error = null
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      const waitMs = Math.min(retryMaxMs, retryMs * 2 ** state.failures)
      state.failures++
      state.retryAt = clock.now() + waitMs
      state.error = error
      if (this.#cancel !== null) {
        announce('application:scaling-failed', { application: id, from, to, error, retryMs: waitMs })
      }
    } finally {
      // One that shrinks waits for those that finish what they have, and may be growing again by then.
      if (grows) state.growingTo = 0
    }
  }

  /** What keeps it from what it needs: the rule, or that the last growth has failed a moment ago. */
  #refusal(state: State, { target, numbers, refusal }: Decision): ScalingRefusal | null {
    const wantsMore = target > (numbers?.workers ?? target)
    return wantsMore && this.#options.clock.now() < state.retryAt ? 'failed' : refusal
  }

  #tellRefusal(application: ScaledApplication, state: State, reason: ScalingRefusal | null): void {
    const at = this.#options.clock.now()
    const { told } = state
    if (reason === null) {
      if (told !== null && at - told.at >= forgetMs) state.told = null
      return
    }
    state.told = { reason, at }
    // That one has failed has been told already.
    if (told?.reason === reason || reason === 'failed') return
    const { id, scaling } = application.settings
    const numbers = state.decision?.numbers ?? null
    const detail = refusalWords(reason, scaling.max, numbers, state.error)
    this.#options.announce('application:scaling-refused', { application: id, reason, detail, numbers })
  }
}

function recent<Sample extends { readonly at: number }>(
  samples: readonly Sample[],
  at: number
): readonly Sample[] {
  return samples.filter(sample => at - sample.at < historyMs)
}
