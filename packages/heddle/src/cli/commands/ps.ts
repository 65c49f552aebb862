/**
 * `heddle ps`: shows what runs in a server, one line for each worker.
 *
 * Main thread of a command. It asks once and shows what the server knows; nobody waits for a worker.
 */
import { stripVTControlCharacters } from 'node:util'

import type { ApplicationReportLine, StatusReport, WorkerReportLine } from '../../main/admin/report.ts'
import { ask } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Style } from '../paint.ts'
import type { Run, Typed } from '../program.ts'
import { tableText } from '../table-text.ts'

/** Runs the command. */
export const ps: Run = async typed => {
  if (typed.options['json'] !== true) {
    process.stdout.write(statusText(await readStatus(typed)))
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
  return (await ask(await findServer(typed), { operation: 'status' })) as StatusReport
}

/** The whole page: a line about the server, and the table. */
export function statusText(report: StatusReport): string {
  const { pid, phase, url, uptimeMs, applications, edges } = report
  const out = process.stdout
  const at = url === null ? '' : ` at ${paint('cyan', url, out)}`
  const title = `Process ${pid} is ${paint(phase === 'running' ? 'green' : 'yellow', phase, out)}${at}, up ${duration(uptimeMs)}`
  const workers = applications.flatMap(application => {
    if (application.workers.length === 0) return [[application.id, '', application.phase]]
    return application.workers.map(worker => [
      application.id,
      worker.name,
      stateOf(application, worker),
      worker.readyMs === null ? '' : duration(worker.readyMs),
      String(worker.restarts),
      String(worker.inflight),
      lastErrorOf(worker)
    ])
  })
  const threads = edges.map(edge => ['', edge.name, edge.state, '', String(edge.restarts), '', ''])
  const heads = ['APPLICATION', 'WORKER', 'STATE', 'READY', 'RESTARTS', 'IN FLIGHT', 'LAST ERROR']
  const table = tableText(heads, [...workers, ...threads], {
    right: [4, 5],
    paint: (text, column, row) => (column === 2 ? paint(styleOf(row[2] ?? ''), text, out) : text)
  })
  return `${title}\n\n${table}`
}

function stateOf(application: ApplicationReportLine, { state, keptOut, circuit }: WorkerReportLine): string {
  if (state === 'exited' && application.phase === 'stopped') return 'stopped'
  if (state === 'exited' && circuit !== 'closed') return `circuit ${circuit}`
  return keptOut ? 'kept out' : state
}

/** In one line that does not wrap on most terminals. */
function lastErrorOf({ lastError, lastEnd }: WorkerReportLine): string {
  const text = lastError === null ? lastEnd : `${lastError.name}: ${lastError.message}`
  if (text === null || text === 'stopped') return ''
  const line = stripVTControlCharacters(text).replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function styleOf(state: string): Style {
  if (state === 'ready') return 'green'
  return state === 'exited' || state === 'zombie' || state.startsWith('circuit') ? 'red' : 'yellow'
}

/** Two units at most: `3d 4h`, `5m 12s`, `0.4s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)}s`
  const parts: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's']
  ]
  let rest = Math.floor(seconds)
  const texts: string[] = []
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0 || texts.length > 0) texts.push(`${count}${unit}`)
  }
  return texts.slice(0, 2).join(' ')
}
