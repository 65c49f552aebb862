/**
 * Puts the metrics of a server together out of what its rooms know.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { Circuit } from '@heddle/mesh'

import type { Events } from '../events.ts'
import type { Clock } from '../shared/clock.ts'
import type { InForce } from './compose-operations.ts'
import { Metrics } from './metrics/metrics.ts'
import type { MeteredEdge, MetricsSources } from './metrics/sources.ts'
import type { Edges } from './supervisor/edges.ts'
import type { Supervisor } from './supervisor/supervisor.ts'

/** What metrics are put together from. */
export interface MetricsParts {
  readonly inForce: InForce
  readonly clock: Clock
  readonly events: Events
  readonly supervisor: Supervisor
  readonly edges: Edges
  readonly phase: MetricsSources['phase']
  readonly blocked: MetricsSources['blocked']
  circuits(): readonly Circuit[]
  readonly machine: MetricsSources['machine']
  readonly scaling: MetricsSources['scaling']
}

/** The metrics of a server. */
export function composeMetrics(parts: MetricsParts): Metrics {
  const { inForce, clock, events, supervisor, edges, phase, blocked, machine, scaling } = parts
  return new Metrics({
    clock,
    listen: listener => events.onAny(listener),
    sources: {
      settings: () => inForce.config.metrics,
      phase,
      applications: () => supervisor.pools(),
      edges: () => meteredEdges(edges),
      traffic: () => [
        ...supervisor
          .pools()
          .flatMap(({ settings, everySlot }) =>
            everySlot.map(({ book, living }) => ({ from: settings.id, traffic: book.traffic(living) }))
          ),
        ...edges.slots.map(({ book, living }) => ({ from: null, traffic: book.traffic(living) }))
      ],
      circuits: () => parts.circuits(),
      blocked,
      machine,
      scaling,
      zombies: () => supervisor.zombies().length + edges.zombies().length
    }
  })
}

function meteredEdges(edges: Edges): readonly MeteredEdge[] {
  const counts = edges.counts()
  return edges.slots.map(({ fact, current, book }) => ({
    fact,
    current,
    state: current?.life.state ?? 'exited',
    reasons: book.reasons,
    counts: counts.get(fact.worker) ?? null
  }))
}
