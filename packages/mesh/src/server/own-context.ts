/**
 * Runs each request in an asynchronous context of its own. Any thread, server side.
 *
 * Requests that arrive in one batch are started from one callback. Without this, a context one of them
 * enters (`AsyncLocalStorage.enterWith`) would be seen by the next.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** Calls `run` so that what it enters does not outlast it. */
export const inOwnContext: (run: () => void) => void = createRunner()

/**
 * From Node 24 a context is a frame that is put back after the call, so one empty snapshot serves all.
 * Before, it hangs on the asynchronous resource at hand: each request needs a resource of its own.
 */
function createRunner(): (run: () => void) => void {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major >= 24) return AsyncLocalStorage.snapshot()
  return run => new AsyncResource('HTTPINCOMINGMESSAGE').runInAsyncScope(run)
}
