/**
 * Finds out whether a port is free, and which one after it is.
 *
 * Main thread. It listens for a moment, and answers nothing.
 */
import { createServer } from 'node:net'

/** Ports that are tried. */
const triesMax = 50

/** Why a port cannot be opened, in the system's word (`EADDRINUSE`); `null` when it can. 0 always can. */
export function whyTaken(hostname: string, port: number): Promise<string | null> {
  if (port === 0) return Promise.resolve(null)
  const probe = createServer()
  return new Promise(resolve => {
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'UNKNOWN'))
    probe.listen({ host: hostname, port }, () => probe.close(() => resolve(null)))
  })
}

/** The first free port after this one; `null` when the next fifty are taken. */
export async function nextFreePort(hostname: string, port: number): Promise<number | null> {
  const last = Math.min(65_535, port + triesMax)
  for (let next = port + 1; next <= last; next++) {
    // oxlint-disable-next-line no-await-in-loop -- The first one that is free.
    if ((await whyTaken(hostname, next)) === null) return next
  }
  return null
}
