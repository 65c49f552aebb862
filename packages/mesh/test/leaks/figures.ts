/** What a thread holds, measured right after a full collection. Any thread. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a thread holds. */
export interface Figures {
  /** Bytes of JavaScript objects. */
  readonly heap: number
  /** Bytes of array buffers, shared ones among them. */
  readonly buffers: number
  /** Ports, sockets, timers and whatever else keeps an event loop alive. */
  readonly handles: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects everything that can be collected. */
export async function collectAll(): Promise<void> {
  // What finalizers let go is collected by the next one.
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise(resolve => {
      setImmediate(resolve)
    })
  }
}

/** What this thread holds now. */
export async function figures(): Promise<Figures> {
  await collectAll()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers, handles: process.getActiveResourcesInfo().length }
}
