/**
 * Puts together what has the number of workers follow the load.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import { readOsThread } from '../channel/vitals.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Events } from '../events.ts'
import { systemClock } from '../shared/clock.ts'
import type { MachineRoom } from './compose-machine.ts'
import type { InForce } from './compose-operations.ts'
import type { Watch } from './compose-watches.ts'
import { osThreadCpuMs, osThreadCpuWaitMs } from './metrics/thread-cpu.ts'
import { plan } from './scaling/allocate.ts'
import type { ScalingRule } from './scaling/load.ts'
import { Scaler } from './scaling/scaler.ts'
import type { ScalingView } from './scaling/scaler.ts'
import type { Supervisor } from './supervisor/supervisor.ts'

/** What it is put together from. */
export interface ScalingParts {
  readonly inForce: InForce
  readonly events: Events
  readonly supervisor: Supervisor
  readonly machine: Pick<MachineRoom, 'meter' | 'workerBytes'>
}

/** The scaling of a server. */
export interface ScalingRoom {
  readonly watch: Watch
  /** How the number of an application comes about. @throws HEDDLE_UNKNOWN_APPLICATION */
  view(id: string): ScalingView
  /** Leaves the number of an application to others. Returns whether it was left to them before. */
  pin(id: string): boolean
  unpin(id: string): void
  /** A configuration that was just read, with the numbers there are where they may follow the load. */
  withNumbers(config: ResolvedConfig): ResolvedConfig
}

/** Puts it together. Nothing looks before its watch is started. */
export function composeScaling(parts: ScalingParts, rule: ScalingRule = plan): ScalingRoom {
  const { inForce, events, supervisor, machine } = parts
  const scaler = new Scaler({
    clock: systemClock,
    announce: (name, fact) => events.emit(name, fact),
    rule,
    applications: () => supervisor.pools(),
    meter: () => machine.meter(),
    threadCpu: vitals => osThreadCpuMs(readOsThread(vitals)),
    threadCpuWait: vitals => osThreadCpuWaitMs(readOsThread(vitals)),
    workerBytes: id => machine.workerBytes(id),
    total: () => inForce.config.workersTotal
  })
  events.on('worker:ready', fact => scaler.handleReady(fact))
  events.on('application:scaled', fact => {
    scaler.handleScaled(fact)
    // What is in force follows: a reload compares with what really runs.
    inForce.config = withWorkers(inForce.config, fact.application, fact.to)
  })
  events.on('application:removed', ({ application }) => scaler.unpin(application))
  // It brings back what the configuration says.
  events.on('reload:finished', () => scaler.unpin())
  return {
    watch: scaler,
    view: id => scaler.view({ settings: supervisor.application(id) }),
    pin: id => scaler.pin(id),
    unpin: id => scaler.unpin(id),
    withNumbers: config => {
      const present = new Map(supervisor.applications().map(({ id, workers }) => [id, workers]))
      const applications = config.applications.map(each => {
        const { enabled, min, max } = each.scaling
        const workers = Math.min(max, Math.max(min, present.get(each.id) ?? min))
        return enabled ? { ...each, workers } : each
      })
      return { ...config, applications }
    }
  }
}

function withWorkers(config: ResolvedConfig, id: string, workers: number): ResolvedConfig {
  const applications = config.applications.map(each => (each.id === id ? { ...each, workers } : each))
  return { ...config, applications }
}
