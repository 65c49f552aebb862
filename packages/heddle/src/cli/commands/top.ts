/**
 * `heddle top`: the workers, live. On a terminal it draws and takes keys; anywhere else it prints a table a second.
 *
 * Main thread of a command.
 */
import { ask } from '../control-client.ts'
import { findServer } from '../find-server.ts'
import type { Run, Typed } from '../program.ts'
import { untilSignal, writeOut } from '../until-signal.ts'
import { outputWidth, statusText } from './ps.ts'

/** Milliseconds between two tables. */
const everyMs = 1000

/** Runs the command. */
export const top: Run = async typed => {
  const canDraw = process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  return canDraw ? (await import('../top/top.ts')).runTop(typed) : printTables(typed)
}

/** Until a signal, or until the reader has seen enough. */
async function printTables(typed: Typed): Promise<number> {
  const end = untilSignal()
  const server = await findServer(typed)
  try {
    while (!end.signal.aborted) {
      const report = await ask(server, { operation: 'status' })
      const clock = new Date().toTimeString().slice(0, 8)
      await writeOut(`${clock} ${statusText(report, outputWidth())}\n`, end.signal)
      await wait(end.signal)
    }
  } finally {
    end.release()
  }
  return end.code()
}

function wait(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, everyMs)
    signal.addEventListener('abort', done)
  })
}
