/**
 * Loads the configuration again while a server runs. A thread of its own does it: ES modules are read once
 * per thread, so a configuration file that was loaded before would be the old one, and what it imports too.
 *
 * Main thread. Bounded: a configuration file that waits for ever costs its thread, nothing else.
 */
import { Worker } from 'node:worker_threads'

import { HeddleError } from '../errors.ts'
import type { HeddleFailures } from '../errors.ts'
import { timerMaxMs } from '../shared/clock.ts'
import type { LoadOptions } from './load.ts'
import type { ResolvedConfig } from './resolved.ts'

/** What the thread says before it ends. */
export type LoadOutcome =
  | { readonly ok: true; readonly config: ResolvedConfig }
  | {
      readonly ok: false
      readonly code: keyof HeddleFailures
      readonly detail: HeddleFailures[keyof HeddleFailures]
      readonly cause: { readonly message: string; readonly stack: string | null } | null
    }

/**
 * Loads and resolves the configuration from the files as they are now.
 *
 * @param options `env` is what the thread finds in `process.env`, which its configuration file may change.
 * @param limitMs Milliseconds it may take.
 * @throws {HeddleError} HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_UNREADABLE.
 */
export async function loadFresh(options: LoadOptions, limitMs: number): Promise<ResolvedConfig> {
  const outcome = await askThread(options, limitMs)
  if (outcome.ok) return outcome.config
  const { code, detail, cause } = outcome
  throw new HeddleError(code, detail, cause === null ? {} : { cause: revive(cause) })
}

/** What a server that can be reloaded needs: `main/operations.ts` calls it a source of the configuration. */
export interface FreshSource {
  load(): Promise<ResolvedConfig>
  loadWith(id: string, settings: unknown, entrypoint: string | null): Promise<ResolvedConfig>
}

/** The configuration of these options, read anew each time. @param limitMs Milliseconds one time may take. */
export function freshSource(options: LoadOptions, limitMs: number): FreshSource {
  return {
    load: () => loadFresh(options, limitMs),
    loadWith: (id, settings, entrypoint) => {
      // With one application more nobody could guess any longer which one answers what no route claims.
      const flags = entrypoint === null ? {} : { entrypoint }
      const further = { [id]: settings }
      return loadFresh({ ...options, flags: { ...options.flags, ...flags }, further }, limitMs)
    }
  }
}

function askThread(options: LoadOptions, limitMs: number): Promise<LoadOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadOutcome>()
  const file = options.configPath ?? options.cwd
  const unreadable = (reason: string, cause?: unknown): void =>
    reject(new HeddleError('HEDDLE_CONFIG_UNREADABLE', { file, reason }, { cause }))
  const { env = process.env, ...workerData } = options
  const worker = new Worker(new URL(import.meta.resolve('#config')), {
    name: 'configuration',
    workerData,
    env: { ...env }
  })
  const timer = setTimeout(
    () => {
      unreadable(`it was not loaded within ${limitMs} ms`)
      void worker.terminate()
    },
    Math.min(limitMs, timerMaxMs)
  )
  worker.on('message', resolve)
  worker.on('error', error => unreadable(error instanceof Error ? error.message : String(error), error))
  worker.on('exit', () => {
    clearTimeout(timer)
    unreadable('it ended the thread that loaded it')
  })
  // What the file has left running, a timer or a connection, must not keep the thread.
  return promise.finally(() => void worker.terminate())
}

function revive({ message, stack }: { message: string; stack: string | null }): Error {
  const error = new Error(message)
  if (stack !== null) error.stack = stack
  return error
}
