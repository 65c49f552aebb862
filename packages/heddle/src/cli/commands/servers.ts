/**
 * `heddle ps --all`: every server of this user, one line each.
 *
 * Main thread of a command. Each is asked once; one that does not answer is told, and delays nobody for long.
 */
import type { ServerFacts } from '../../control/server-facts.ts'
import type { StatusReport } from '../../main/admin/report.ts'
import { ask } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { allServers, nameOf } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Typed } from '../program.ts'
import { duration, rate } from '../terminal/amounts.ts'
import { tableLines } from '../terminal/table.ts'
import type { Column } from '../terminal/table.ts'
import { outputWidth } from './ps.ts'

/** One server, and what it says of itself; `null` when it does not answer. */
export interface ServerLine {
  readonly facts: ServerFacts
  readonly report: StatusReport | null
}

/** Milliseconds in which a server has to answer. */
const silenceMs = 2000

/** Prints them, and returns the exit code. */
export async function listServers({ options }: Typed): Promise<number> {
  try {
    const servers = await Promise.all((await allServers()).map(readServer))
    const text =
      options['json'] === true ? JSON.stringify(servers.map(asJson)) : serversText(servers, outputWidth())
    process.stdout.write(`${text}\n`)
    return 0
  } catch (error) {
    if (options['json'] !== true) throw error
    return failureAsJson(error)
  }
}

/** The table of servers. */
export function serversText(servers: readonly ServerLine[], width: number): string {
  if (servers.length === 0) return 'No server runs.'
  return tableLines(columns, servers, width).join('\n')
}

async function readServer(facts: ServerFacts): Promise<ServerLine> {
  try {
    return { facts, report: await ask(facts, { operation: 'status', silenceMs }) }
  } catch {
    // It stands still, or has just gone: that is what the line says.
    return { facts, report: null }
  }
}

function asJson({ facts, report }: ServerLine): object {
  return { ...facts, name: nameOf(facts), status: report }
}

const columns: readonly Column<ServerLine>[] = [
  { head: 'NAME', cell: ({ facts }) => nameOf(facts) },
  { head: 'PID', isRight: true, cell: ({ facts }) => String(facts.pid) },
  {
    head: 'STATE',
    cell: ({ report }) => report?.phase ?? 'does not answer',
    paint: (text, { report }) => paint(report?.phase === 'running' ? 'green' : 'yellow', text, process.stdout)
  },
  {
    head: 'UP',
    rank: 4,
    isRight: true,
    cell: ({ report }) => (report === null ? '' : duration(report.uptimeMs))
  },
  { head: 'READY', rank: 2, isRight: true, cell: ({ report }) => (report === null ? '' : readyOf(report)) },
  {
    head: 'REQ/S',
    rank: 3,
    isRight: true,
    cell: ({ report }) => (report === null ? '' : rate(rateOf(report)))
  },
  { head: 'ADDRESS', rank: 5, cell: ({ facts }) => facts.url ?? '' },
  { head: 'DIRECTORY', rank: 1, cell: ({ facts }) => facts.root }
]

function readyOf({ applications }: StatusReport): string {
  const ready = applications.reduce((sum, application) => sum + application.ready, 0)
  return `${ready}/${applications.reduce((sum, application) => sum + application.desired, 0)}`
}

/** Of all applications together: one request may be counted by several of them. */
function rateOf({ applications }: StatusReport): number {
  return applications.reduce((sum, { recent }) => sum + recent.requestsPerSecond, 0)
}
