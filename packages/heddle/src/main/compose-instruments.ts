/**
 * Puts together what a server can be looked at and steered with beside its supervisor: each instrument is a room
 * of its own.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import { withoutSecrets } from '../control/shown-config.ts'
import type { InForce } from './compose-operations.ts'
import type { Logs } from './logs/logs.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Instruments } from './operations.ts'
import type { Injection } from './inject/injection.ts'
import type { Profiling } from './profiling/profiling.ts'

/** What instruments are put together from. */
export interface InstrumentSources {
  readonly inForce: InForce
  readonly profiling: Profiling
  readonly injection: Injection
  readonly metrics: Metrics
  readonly logs: Logs
}

/** The instruments of a server. */
export function composeInstruments(sources: InstrumentSources): Instruments {
  const { inForce, profiling, injection, metrics, logs } = sources
  return {
    config: () => withoutSecrets(inForce.config, process.env, false),
    metrics: filter => metrics.text(filter),
    setLogLevel: async (id, level) => logs.setLevel(id, level),
    inject: (id, request) => injection.inject(id, request),
    profile: (id, slot, options) => profiling.profile(id, slot, options),
    heapSnapshot: (id, slot) => profiling.heapSnapshot(id, slot),
    inspect: (id, slot, port) => profiling.inspect(id, slot, port),
    closeInspector: (id, slot) => profiling.closeInspector(id, slot)
  }
}
