/**
 * Lets a command that goes on be ended in good order: by Ctrl-C, by a signal, or by a reader who has seen enough.
 *
 * Main thread of a command.
 */

import { exitCodes } from './exit-codes.ts'

/** What ends a command that goes on. */
export interface End {
  readonly signal: AbortSignal
  /** The exit code it ends with: 0 for Ctrl-C, which is how such a command is meant to end, 143 for SIGTERM. */
  code(): number
  /** No longer listens to signals. */
  release(): void
}

/** The exit codes of a command that goes on, by the signal that ends it. */
export const endingCodes: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', number>> = {
  SIGINT: exitCodes.ok.code,
  SIGTERM: exitCodes.terminated.code,
  SIGHUP: exitCodes.hungUp.code
}

/** Listens to the signals that end a command, and to the reader of its output. */
export function untilSignal(): End {
  const controller = new AbortController()
  let code = 0
  const listeners = Object.entries(endingCodes).map(([name, value]) => {
    const listener = (): void => {
      code = value
      controller.abort()
    }
    process.once(name, listener)
    return [name, listener] as const
  })
  // `main.ts` keeps the process from failing of it; there is nobody left to write for.
  process.stdout.once('error', () => controller.abort())
  return {
    signal: controller.signal,
    code: () => code,
    release() {
      for (const [name, listener] of listeners) process.off(name, listener)
    }
  }
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Writes to standard output and waits while its reader is behind, as long as there is one. */
export async function writeOut(text: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (signal.aborted || process.stdout.write(text)) return
  await new Promise<void>(resolve => {
    const end = (): void => {
      process.stdout.off('drain', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    process.stdout.once('drain', end)
    signal.addEventListener('abort', end, { once: true })
  })
}
