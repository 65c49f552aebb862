/**
 * Puts the operations of a server together out of its rooms: what the supervisor can do, what the edges are
 * told, where the configuration comes from.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Announce } from '../events.ts'
import type { Clock } from '../shared/clock.ts'
import type { Phase, StatusReport } from './admin/report.ts'
import { bootLevels } from './boot-order.ts'
import type { ScalingRoom } from './compose-scaling.ts'
import { ServerOperations } from './operations.ts'
import type { ConfigurationSource, Instruments } from './operations.ts'
import type { Edges } from './supervisor/edges.ts'
import type { Supervisor } from './supervisor/supervisor.ts'

/** The configuration in force: one place, read whenever it is needed and never kept. */
export interface InForce {
  config: ResolvedConfig
}

/** What operations are put together from. */
export interface OperationsSources {
  readonly inForce: InForce
  readonly clock: Clock
  readonly announce: Announce
  readonly supervisor: Supervisor
  readonly edges: Edges
  readonly scaling: Pick<ScalingRoom, 'pin' | 'unpin' | 'withNumbers'>
  readonly source: ConfigurationSource
  readonly instruments: Instruments
  status(): StatusReport
  phase(): Phase
  stop(reason: string): void
  readonly endsProcess: boolean
  /** Called when another configuration is in force. */
  adopted(config: ResolvedConfig): void
}

/** The operations of a server. */
export function composeOperations(sources: OperationsSources): ServerOperations {
  const { inForce, clock, announce, source, instruments, endsProcess, supervisor, edges, scaling } = sources
  return new ServerOperations({
    clock,
    applications: supervisor,
    scaling,
    source: {
      load: async () => scaling.withNumbers(await source.load()),
      loadWith: (id, settings, entrypoint) => source.loadWith(id, settings, entrypoint)
    },
    instruments,
    status: () => sources.status(),
    phase: () => sources.phase(),
    stop: reason => sources.stop(reason),
    endsProcess,
    reload: {
      clock,
      announce,
      current: () => inForce.config,
      adopt: config => {
        inForce.config = config
        sources.adopted(config)
      },
      levels: ({ applications, server, entrypoint }) =>
        bootLevels(applications, server.mode === 'direct' ? entrypoint : null),
      stageApplication: application => supervisor.stageApplication(application),
      stageListener: config => edges.stageListener(config),
      configureEdges: config => edges.configure(config),
      removeApplication: id => supervisor.removeApplication(id)
    }
  })
}

/** A configuration nobody can load again: a reload brings new code, and the configuration stays. */
export function fixedSource(inForce: InForce): ConfigurationSource {
  const load = (): Promise<ResolvedConfig> => Promise.resolve(inForce.config)
  return { load, loadWith: load }
}
