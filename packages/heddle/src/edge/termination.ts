/**
 * Says in one word why a request has ended, and in which phase: what access logs and counts have of it. Edge thread;
 * pure.
 */
import type { RequestAccount } from '@heddle/mesh/internal'
import { MeshError, type MeshFailures } from '@heddle/mesh'

import type { EndPhase, EndReason } from '../channel/edge-counts.ts'

/** How a request has ended. */
export interface Termination {
  readonly reason: EndReason
  readonly phase: EndPhase
}

/** What the decision depends on. */
export type EndFacts = Pick<RequestAccount, 'cause' | 'phase' | 'error'>

/** Who has a request that waits for a worker. */
const NOBODY = 'Nobody'

const reasons: { readonly [Cause in Exclude<EndFacts['cause'], 'failed'>]: EndReason } = {
  done: 'completed',
  refused: 'refused',
  late: 'client-timeout',
  gone: 'client-aborted',
  cut: 'edge-closing'
}

/** Failures for which no worker has had the request. What is missing here has lost the worker's answer. */
const failures: { readonly [Code in keyof MeshFailures]?: Termination } = {
  MESH_QUEUE_FULL: { reason: 'queue-full', phase: 'queue' },
  MESH_QUEUE_TIMEOUT: { reason: 'queue-timeout', phase: 'queue' },
  MESH_NO_UPSTREAM: { reason: 'no-worker', phase: 'queue' },
  MESH_UNKNOWN_HOST: { reason: 'no-worker', phase: 'queue' },
  MESH_CIRCUIT_OPEN: { reason: 'no-worker', phase: 'queue' },
  MESH_DENIED: { reason: 'refused', phase: 'request' },
  MESH_INVALID_REQUEST: { reason: 'refused', phase: 'request' }
}

/** The word. */
export function terminationOf({ cause, phase, error }: EndFacts): Termination {
  return cause === 'failed' ? failureOf(phase, error) : { reason: reasons[cause], phase }
}

function failureOf(phase: EndPhase, error: Error | null): Termination {
  if (!(error instanceof MeshError)) {
    // Every worker has declined it.
    const isDeclined = error !== null && 'code' in error && error.code === 'UND_ERR_LOAD_SHEDDING'
    return isDeclined ? { reason: 'no-worker', phase: 'queue' } : { reason: 'application-lost', phase }
  }
  const code: keyof MeshFailures = error.code
  if (code === 'MESH_TIMEOUT') {
    const { worker } = error.detail as MeshFailures['MESH_TIMEOUT']
    return worker === NOBODY
      ? { reason: 'queue-timeout', phase: 'queue' }
      : { reason: 'application-timeout', phase }
  }
  if (code === 'MESH_CLOSED') return { reason: 'edge-closing', phase }
  return failures[code] ?? { reason: 'application-lost', phase }
}
