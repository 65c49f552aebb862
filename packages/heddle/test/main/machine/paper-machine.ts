/** A machine and workers on paper, for tests of what is done about them. */
import { VitalsWriter, createVitals } from '../../../src/channel/vitals.ts'
import type { MachineLimits } from '../../../src/config/machine/machine.ts'
import type { MachineUse } from '../../../src/config/machine/machine-use.ts'
import type { GuardedWorker, MachineSource } from '../../../src/main/machine/guarded.ts'

/** Bytes in one. */
export const mebibyte: number = 1024 ** 2

/** A machine whose container has a thousand MiB. */
export class PaperMachine implements MachineSource {
  limits: MachineLimits = {
    cpus: 2,
    allowed: null,
    quotaGroup: 'sys/fs/cgroup',
    memoryLimitBytes: 1000 * mebibyte,
    memoryGroups: []
  }
  /** What the next refresh finds. */
  next: Partial<MachineLimits> = {}
  usedMb = 100
  cpuMs = 0
  throttling: MachineUse['throttling'] = null
  memoryPressure: MachineUse['memoryPressure'] = null

  refresh(): MachineLimits {
    this.limits = { ...this.limits, ...this.next }
    return this.limits
  }

  use(): MachineUse {
    const { memoryLimitBytes } = this.limits
    const limitBytes = memoryLimitBytes ?? 8000 * mebibyte
    const usedBytes = this.usedMb * mebibyte
    return {
      cpuMs: this.cpuMs,
      throttling: this.throttling,
      cpuPressure: { some: 12.5, full: 0 },
      memoryPressure: this.memoryPressure,
      memory: {
        limitBytes,
        usedBytes,
        freeBytes: limitBytes - usedBytes,
        isContainer: memoryLimitBytes !== null
      }
    }
  }
}

/** A worker that holds what it is told to. */
export class PaperWorker implements GuardedWorker {
  readonly fact: GuardedWorker['fact']
  readonly vitals: SharedArrayBuffer = createVitals()
  /** What was asked for. */
  readonly asked: { readonly detail: string; readonly vacateMs: number | undefined }[] = []
  state: GuardedWorker['state'] = 'ready'
  readyMs: number | null = 10_000
  age = 0
  /** Whether it may be taken out of balancing. */
  mayGo = true
  /** Of its heap, in MiB; 0 for not known. */
  heapLimitMb = 0
  /** What comes of being replaced. */
  outcome: Promise<boolean> = Promise.resolve(true)
  readonly #writer = new VitalsWriter(this.vitals)

  constructor(slot: number, heldMb: number, application = 'api') {
    this.fact = { application, slot, worker: `${application}:${slot}` }
    this.hold(heldMb)
  }

  /** From now on it holds so much, a fourth of it in buffers. */
  hold(heldMb: number): void {
    this.#writer.measure({
      heapUsed: heldMb * 0.75 * mebibyte,
      heapLimit: this.heapLimitMb * mebibyte,
      external: heldMb * 0.25 * mebibyte,
      loopDelay: { p50: 0, p99: 0, max: 0 },
      gcMs: 0
    })
  }

  eject(): boolean {
    if (!this.mayGo) return false
    this.state = 'ejected'
    return true
  }

  restore(): void {
    this.state = 'ready'
  }

  heartbeatAge(): number {
    return this.age
  }

  replace(_reason: string, detail: string, vacateMs?: number): Promise<boolean> {
    this.asked.push({ detail, vacateMs })
    return this.outcome
  }
}
