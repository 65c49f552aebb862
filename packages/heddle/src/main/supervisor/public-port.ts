/**
 * Finds out whether a port is free before several threads share it.
 *
 * Main thread only. Listens for a moment at most, and answers nothing.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'

import { HeddleError } from '../../errors.ts'

/** Which listener could not be opened. */
export interface FailedListener {
  readonly server: 'public' | 'admin'
  readonly hostname: string
  readonly port: number
}

/** The failure for a port that could not be opened, with what the system said as its cause. */
export function listenFailure(
  listener: FailedListener,
  cause: Error | null
): HeddleError<'HEDDLE_LISTEN_FAILED'> {
  const code = cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'UNKNOWN'
  return new HeddleError('HEDDLE_LISTEN_FAILED', { ...listener, code }, cause === null ? {} : { cause })
}

/**
 * Opens the port without SO_REUSEPORT and closes it again. A port of the system's choice is always free.
 *
 * @throws HEDDLE_LISTEN_FAILED when somebody has it, or when it may not be opened.
 */
export async function assertPortFree(hostname: string, port: number): Promise<void> {
  if (port === 0) return
  const probe = createServer()
  try {
    probe.listen({ host: hostname, port })
    await once(probe, 'listening')
  } catch (error) {
    throw listenFailure({ server: 'public', hostname, port }, error instanceof Error ? error : null)
  }
  probe.close()
  await once(probe, 'close')
}
