/**
 * Puts together what a server can be looked at and steered with beside its supervisor: each instrument is a room
 * of its own.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import { withoutSecrets } from '../control/shown-config.ts'
import type { InForce } from './compose-operations.ts'
import type { Instruments } from './operations.ts'

/** What instruments are put together from. */
export interface InstrumentSources {
  readonly inForce: InForce
}

/** The instruments of a server. */
export function composeInstruments({ inForce }: InstrumentSources): Instruments {
  return {
    config: () => withoutSecrets(inForce.config, process.env, false),
    metrics: absent,
    setLogLevel: absent,
    inject: absent,
    profile: absent,
    heapSnapshot: absent,
    inspect: absent,
    closeInspector: absent
  }
}

function absent(): Promise<never> {
  return Promise.reject(new Error('This instrument is not connected yet.'))
}
