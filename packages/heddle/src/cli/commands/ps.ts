/**
 * `heddle ps`: shows what runs in a server, one line for each worker; or every server of this user.
 *
 * Main thread of a command. It asks once and shows what the server knows; nobody waits for a worker.
 */
import type { StatusReport } from '../../main/admin/report.ts'
import { ask } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run, Typed } from '../program.ts'
import { duration, latency } from '../terminal/amounts.ts'
import { fitColumns, tableLines } from '../terminal/table.ts'
import { wrap } from '../terminal/wrap.ts'
import { isBad, whyColumn, whyOf, workerColumns } from '../workers/columns.ts'
import type { Dress } from '../workers/columns.ts'
import { memoryText } from '../workers/memory.ts'
import { rowsOf } from '../workers/rows.ts'

const dress: Dress = (style, text) => paint(style, text, process.stdout)

/** Runs the command. */
export const ps: Run = async typed => {
  const { json, wide, all } = typed.options
  if (all === true) return (await import('./servers.ts')).listServers(typed)
  if (json !== true) {
    process.stdout.write(statusText(await readStatus(typed), wide === true ? Infinity : outputWidth()))
    return 0
  }
  try {
    process.stdout.write(`${JSON.stringify(await readStatus(typed))}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

async function readStatus(typed: Typed): Promise<StatusReport> {
  return ask(await findServer(typed), { operation: 'status' })
}

/** Characters a line may have: those of the terminal; in a pipe as many as there are. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity
}

/** The whole page: a line about the server, the table, and what is not well where the table has no room for it. */
export function statusText(report: StatusReport, width: number): string {
  const rows = rowsOf(report)
  const columns = [...workerColumns(dress), whyColumn(dress)]
  const fitting = fitColumns(columns, rows, width)
  const hasWhy = fitting.some(({ head }) => head === whyColumn(dress).head)
  const table = tableLines(hasWhy ? fitting : workerColumns(dress), rows, width)
  const notes = hasWhy ? [] : rows.filter(({ complaints }) => complaints.length > 0)
  const nameWidth = Math.max(0, ...notes.map(({ name }) => name.length))
  const lines = notes.map(row => {
    const style = isBad(row) ? 'red' : 'dim'
    return wrap(`${row.name.padEnd(nameWidth)}  ${dress(style, whyOf(row.complaints))}`, width, nameWidth + 2)
  })
  return `${[wrap(titleOf(report), width, 2), '', ...table, ...(lines.length > 0 ? [''] : []), ...lines].join('\n')}\n`
}

/** A line about the server as a whole. */
function titleOf(report: StatusReport): string {
  const { pid, name, phase, url, uptimeMs, loopDelayMs, zombies } = report
  const at = url === null ? '' : ` at ${paint('cyan', url, process.stdout)}`
  const late =
    loopDelayMs !== null && loopDelayMs >= 100
      ? `, ${dress('red', `its main thread is late by ${latency(loopDelayMs)}`)}`
      : ''
  const stuck = zombies === 0 ? '' : `, ${dress('red', `threads stuck for good: ${zombies}`)}`
  return `${dress('bold', name)} (process ${pid}) is ${dress(phase === 'running' ? 'green' : 'yellow', phase)}${at}, up ${duration(uptimeMs)}, ${memoryText(report.machine, dress)}${late}${stuck}`
}
