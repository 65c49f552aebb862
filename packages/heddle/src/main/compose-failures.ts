/**
 * Connects, in development, what goes wrong with applications with the edge threads that show it.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Events } from '../events.ts'
import { readSource } from '../shared/read-source.ts'
import { watchFailures } from './failures/failures.ts'
import type { Edges } from './supervisor/edges.ts'

/** Begins to tell the edge threads; does nothing but in development. */
export function composeFailures({ development, root }: ResolvedConfig, events: Events, edges: Edges): void {
  if (development === null) return
  const show = edges.show.bind(edges)
  watchFailures({ events, show, base: root, read: readSource })
}
