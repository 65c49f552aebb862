/** Applications on paper, for tests of the scaler: threads that count what they are told to, and a number. */
import { createVitals, VitalsWriter } from '../../../src/channel/vitals.ts'
import type { ThreadState } from '../../../src/events.ts'
import type { ScaledApplication, ScaledSlot, ScaledThread } from '../../../src/main/scaling/scaled.ts'
import { noCounts } from '../../../src/main/supervisor/member-counts.ts'

/** A worker thread on paper. */
export class PaperThread implements ScaledThread {
  state: ThreadState = 'ready'
  readonly vitals = createVitals()
  answered = 0
  upgraded = 0
  clients: object | null = null
  lost = 0
  requests = 0
  activeMs = 0
  cpuMs: number | null = 0
  beatMs = 0
  /** By the bounds of the mesh. */
  durations: number[] = []
  waits: number[] = []

  counts(): ReturnType<ScaledThread['counts']> {
    const { answered, upgraded, lost, durations, waits } = this
    return { ...noCounts, answered: [upgraded, answered, 0, 0, 0], lost, durations, waits }
  }

  inflight(): number {
    return this.requests
  }

  connections(): object | null {
    return this.clients
  }

  heartbeatAge(): number {
    return this.beatMs
  }

  eventLoopUtilization(): ReturnType<ScaledThread['eventLoopUtilization']> {
    const active = this.state === 'exited' ? 0 : this.activeMs
    return { active, idle: 0, utilization: 0 }
  }

  /** Says how late its event loop is. */
  sayLate(p99: number): void {
    const rest = { heapUsed: 0, heapLimit: 0, external: 0, gcMs: 0 }
    new VitalsWriter(this.vitals).measure({ ...rest, loopDelay: { p50: 0, p99, max: p99 } })
  }
}

/** An application on paper. What is asked of it happens when the test says so. */
export class PaperPool implements ScaledApplication {
  settings: ScaledApplication['settings']
  phase: ScaledApplication['phase'] = 'running'
  isBusy = false
  readonly spares: ScaledApplication['spares'] = { ready: () => 0 }
  readonly threads: PaperThread[] = []
  /** Threads that finish what they have, by slot. */
  readonly left = new Map<number, PaperThread>()
  readonly asked: number[] = []
  #pending: { resolve(): void; reject(error: Error): void } | null = null
  #to = 0

  constructor(id: string, scaling: Partial<ScaledApplication['settings']['scaling']> = {}) {
    const bounds = { min: 1, max: 4, spare: 0, enabled: true, ...scaling }
    this.settings = { id, workers: bounds.min, scaling: bounds }
    this.resize(bounds.min)
  }

  get slots(): readonly ScaledSlot[] {
    return this.threads.map((current, index) => {
      const leaving = this.left.get(index)
      return {
        current,
        living: leaving === undefined ? [current] : [current, leaving],
        leaving: leaving === undefined ? 0 : 1
      }
    })
  }

  get everySlot(): readonly ScaledSlot[] {
    return this.slots
  }

  /** Has so many threads at once. */
  resize(workers: number): void {
    this.settings = { ...this.settings, workers }
    while (this.threads.length < workers) this.threads.push(new PaperThread())
    this.threads.length = workers
  }

  scale(workers: number): Promise<void> {
    this.asked.push(workers)
    this.isBusy = true
    this.#to = workers
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  /** What was asked for is done, or fails. */
  answer(error: Error | null = null): void {
    this.isBusy = false
    if (error === null) this.resize(this.#to)
    if (error === null) this.#pending?.resolve()
    else this.#pending?.reject(error)
  }
}
