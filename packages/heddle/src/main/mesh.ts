/**
 * The mesh of a server: its registry, made from the configuration.
 *
 * Main thread only. Who joins is decided by the supervisor; requests never come through here.
 */
import { Registry } from '@heddle/mesh'

import type { ResolvedConfig } from '../config/resolved.ts'
import type { Announce } from '../events.ts'

/**
 * Has room for what may be added while the server runs, and for every thread twice, since a replacement or a zombie
 * sits beside the thread in its slot. A record has 640 bytes.
 */
export function createRegistry(
  {
    applications,
    server,
    mesh,
    metrics
  }: Pick<ResolvedConfig, 'applications' | 'server' | 'mesh' | 'metrics'>,
  announce: Announce
): Registry {
  const workers = applications.reduce((sum, { scaling }) => sum + scaling.max + scaling.spare, 0)
  const { domain, timeout, slowStart: slowStartMs, deny, breaker } = mesh
  const { enabled, edge, errorRatio, volume, window: windowMs, openFor: openMs, probes } = breaker
  return new Registry({
    domain,
    timeout,
    slowStartMs,
    capacity: Math.max(1024, 4 * (workers + server.threads)),
    // An id may be a key that every object has: `constructor`.
    allow: (from, to) => !Object.hasOwn(deny, from) || deny[from]?.includes(to) !== true,
    breaker: enabled || edge ? { errorRatio, volume, windowMs, openMs, probes } : null,
    detail: metrics.enabled,
    onCircuit: ({ from, to, state }) => announce('mesh:circuit', { from, to, state })
  })
}
