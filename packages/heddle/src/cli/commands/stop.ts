/**
 * `heddle stop`: stops the running server and waits until its process is gone.
 *
 * Main thread of a command. Bounded by what the server says its stop may take.
 */
import type { StopNotice } from '../../control/answers.ts'
import { HeddleError } from '../../errors.ts'
import { answersAt, isAlive } from '../../control/server-facts.ts'
import { ask } from '../control-client.ts'
import type { Server } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run, Typed } from '../program.ts'

/** How often it is looked whether the process is gone, in milliseconds: nobody tells when it is. */
const lookMs = 25

/** Runs the command. */
export const stop: Run = async typed => {
  if (typed.options['json'] === true) {
    try {
      process.stdout.write(`${JSON.stringify({ ok: true, ...(await stopServer(typed)) })}\n`)
      return 0
    } catch (error) {
      return failureAsJson(error)
    }
  }
  const { pid, stopMs } = await stopServer(typed)
  const mark = paint('green', '✔', process.stdout)
  process.stdout.write(
    `${mark} The server (process ${pid}) has stopped in ${(stopMs / 1000).toFixed(1)} s.\n`
  )
  return 0
}

async function stopServer(typed: Typed): Promise<{ pid: number; stopMs: number }> {
  const server = await findServer(typed)
  const startedAt = performance.now()
  const notice = await ask(server, { operation: 'stop', body: { reason: 'heddle stop' } })
  while (await isThere(server, notice)) {
    const afterMs = Math.round(performance.now() - startedAt)
    if (afterMs > notice.withinMs) throw new HeddleError('HEDDLE_STOP_OVERDUE', { pid: notice.pid, afterMs })
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, lookMs)
    await promise
  }
  return { pid: notice.pid, stopMs: Math.round(performance.now() - startedAt) }
}

/** A server in a process of somebody else's leaves the process alone: its socket tells. */
function isThere({ socket }: Server, { pid, endsProcess }: StopNotice): boolean | Promise<boolean> {
  return endsProcess ? isAlive(pid) : answersAt(socket)
}
