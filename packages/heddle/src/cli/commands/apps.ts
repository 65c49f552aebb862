/**
 * `heddle apps list`: the applications of a running server, one line each.
 *
 * Main thread of a command.
 */
import type { ApplicationReportLine, StatusReport } from '../../main/admin/report.ts'
import { ask } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run } from '../program.ts'
import { tableLines } from '../terminal/table.ts'
import type { Column } from '../terminal/table.ts'
import { outputWidth } from './ps.ts'

/** Runs the command. */
export const listApplications: Run = async typed => {
  const read = async (): Promise<StatusReport['applications']> => {
    const report = await ask(await findServer(typed), { operation: 'status' })
    return report.applications
  }
  if (typed.options['json'] !== true) {
    process.stdout.write(`${tableLines(columns, await read(), outputWidth()).join('\n')}\n`)
    return 0
  }
  try {
    process.stdout.write(`${JSON.stringify((await read()).map(asJson))}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

function asJson({ id, kind, phase, ready, desired, minReady }: ApplicationReportLine): object {
  return { id, kind, phase, ready, desired, minReady }
}

const columns: readonly Column<ApplicationReportLine>[] = [
  { head: 'APPLICATION', cell: ({ id }) => id },
  { head: 'KIND', rank: 1, cell: ({ kind }) => kind ?? '' },
  {
    head: 'PHASE',
    cell: ({ phase }) => phase,
    paint: (text, { phase }) => paint(phase === 'running' ? 'green' : 'yellow', text, process.stdout)
  },
  {
    head: 'READY',
    isRight: true,
    cell: ({ ready, desired }) => `${ready}/${desired}`,
    paint: (text, { ready, desired, phase }) =>
      ready < desired && phase === 'running' ? paint('red', text, process.stdout) : text
  }
]
