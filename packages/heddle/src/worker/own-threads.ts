/**
 * Threads that an application starts itself write to the process's output too: the transports of pino do. They load
 * `nested.ts` first, which makes log lines of it as in the worker.
 *
 * Runs in worker threads. What such a thread prints by console or process.stdout comes through the worker anyway.
 */
import { fileURLToPath } from 'node:url'
import workerThreads from 'node:worker_threads'
import type { WorkerOptions } from 'node:worker_threads'

import { shareRing } from '../channel/log-ring.ts'
import type { ThreadLogger } from '../channel/messages.ts'

/** What a thread of an application is given for its lines, in its environment data. */
export interface NestedVoice {
  readonly logger: ThreadLogger
  readonly speaker: { readonly application: string; readonly worker: string }
}

/** Where it is among the environment data of the thread. */
export const voiceKey = 'heddle.log'

/** Every thread that is started from this one on will know it. */
export function rememberForThreads(logger: NestedVoice['logger'], speaker: NestedVoice['speaker']): void {
  workerThreads.setEnvironmentData(voiceKey, { logger, speaker } satisfies NestedVoice)
}

/** Replaces the class `Worker`; `syncBuiltinESMExports()` has to follow. */
export function captureThreads(): void {
  const { Worker } = workerThreads
  const watched = new Proxy(Worker, {
    construct: (target, [file, options, ...rest]: readonly unknown[], newTarget): object =>
      Reflect.construct(target, [file, withNested(options), ...rest], newTarget)
  })
  Reflect.set(workerThreads, 'Worker', watched)
}

function withNested(given: unknown): unknown {
  if (given !== undefined && (typeof given !== 'object' || given === null)) return given
  const options: WorkerOptions = given ?? {}
  const voice = workerThreads.getEnvironmentData(voiceKey)
  if (!isVoice(voice)) return given
  if (voice.logger.memory !== undefined) shareRing(voice.logger.memory.ring)
  const execArgv = options.execArgv ?? process.execArgv
  // Not --import, which node passes over in threads whose code is given as text.
  return { ...options, execArgv: [...execArgv, '--require', fileURLToPath(import.meta.resolve('#nested'))] }
}

/** Whether it is what {@link rememberForThreads} has put there. */
export function isVoice(value: unknown): value is NestedVoice {
  return typeof value === 'object' && value !== null && 'logger' in value && 'speaker' in value
}
