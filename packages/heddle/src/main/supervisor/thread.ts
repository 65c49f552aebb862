/**
 * Starts a thread and hears from it: the one file that touches `node:worker_threads`.
 *
 * Main thread only. Keeps no state beyond the thread; what its end means is decided in `thread-life.ts`.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import type { MessagePort, ResourceLimits, Transferable } from 'node:worker_threads'

/** All that is needed to start one thread. */
export interface ThreadPlan {
  readonly name: string
  readonly url: URL
  readonly workerData: unknown
  readonly transferList: readonly MessagePort[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly execArgv: readonly string[]
  readonly resourceLimits: ResourceLimits
}

/** Who is told what a thread does. Each is called from the event loop, never from within {@link ThreadStarter}. */
export interface ThreadListeners<Message> {
  message(message: Message): void
  /** The thread is gone. `error` is what it threw and nobody caught, or the reason it ran out of memory. */
  exit(code: number, error: Error | null): void
}

/** A running thread. */
export interface Thread {
  /** The real one, for profiles and the like; `null` in tests. Nobody but its owner ends it or posts to it. */
  readonly worker: Worker | null
  post(message: unknown, transferList?: readonly Transferable[]): void
  /** Asks the thread to end. Whether and when it does is heard through `exit`: native code cannot be interrupted. */
  terminate(): void
  /** How busy its event loop was since `previous`, or since it began. Seen from outside: answers whatever the thread does. */
  eventLoopUtilization(previous?: EventLoopUtilization): EventLoopUtilization
}

/** Starts a thread; a fake one in tests. */
export type ThreadStarter = <Message>(plan: ThreadPlan, listeners: ThreadListeners<Message>) => Thread

/** Starts a real thread. Its output stays its own business: it writes to the process's descriptors itself. */
export const startThread: ThreadStarter = <Message>(
  plan: ThreadPlan,
  listeners: ThreadListeners<Message>
) => {
  const worker = new Worker(plan.url, {
    name: plan.name,
    workerData: plan.workerData,
    transferList: [...plan.transferList],
    env: { ...plan.env },
    execArgv: [...plan.execArgv],
    resourceLimits: plan.resourceLimits
  })
  let thrown: Error | null = null
  worker.on('message', (message: Message) => listeners.message(message))
  worker.on('error', error => {
    thrown = error instanceof Error ? error : new Error(String(error))
  })
  worker.on('exit', code => listeners.exit(code, thrown))
  return {
    worker,
    post: (message, transferList = []) => worker.postMessage(message, [...transferList]),
    terminate: () => {
      // Never awaited: it does not settle while the thread is in native code. `exit` tells.
      void worker.terminate()
    },
    eventLoopUtilization: previous => worker.performance.eventLoopUtilization(previous)
  }
}
