/**
 * The end of an application: its close hooks in reverse order, then its server. Runs in worker threads.
 *
 * It never fails and never lasts longer than its deadline: what goes wrong is logged, what is late is left.
 */
import { timerMaxMs } from '../shared/clock.ts'
import type { WorkerContext } from './context.ts'
import type { Service } from './service.ts'

/** Resolves when everything is closed, or when the deadline has passed. */
export async function stopApplication(
  context: WorkerContext,
  service: Service,
  timeoutMs: number
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  const attempt = async (what: string, action: () => unknown): Promise<void> => {
    try {
      const done = await withinDeadline(action, deadline - performance.now())
      if (!done) warn(context, `${what} did not finish within the ${timeoutMs} ms of the stop.`)
    } catch (error) {
      warn(context, `${what} failed.`, error)
    }
  }
  for (const hook of context.closeHooks.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- Hooks undo things in reverse order, one after another.
    await attempt(`The close hook ${hook.name || '(anonymous)'}`, hook)
  }
  await attempt('Closing the server', () => service.close())
}

/** Whether the action was done in time. @throws what it throws in time. */
async function withinDeadline(action: () => unknown, remainingMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, Math.min(Math.max(remainingMs, 0), timerMaxMs), false)
  try {
    return await Promise.race([Promise.resolve(action()).then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

function warn(context: WorkerContext, message: string, error?: unknown): void {
  const thrown = error === undefined ? {} : { error }
  context.output.write({ time: Date.now(), level: 'warn', message, ...thrown })
}
