/** Rows of several applications in every order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sortRows } from '../../../src/cli/workers/columns.ts'
import type { SortKey } from '../../../src/cli/workers/columns.ts'
import { rowsOf } from '../../../src/cli/workers/rows.ts'
import type { WorkerReportLine } from '../../../src/main/admin/report.ts'
import { report, worker } from '../../main/admin/example-report.ts'

function line(name: string, inflight: number): WorkerReportLine {
  return { ...worker, name, inflight }
}

const [example] = report.applications
const rows = rowsOf({
  ...report,
  applications: ['api', 'web', 'jobs'].flatMap((id, index) => {
    const counts = [[1, 5], [9, 2, 3], [4]][index] ?? []
    if (example === undefined) return []
    const workers = counts.map((inflight, slot) => line(`${id}:${slot}`, inflight))
    return [{ ...example, id, workers }]
  }),
  edges: [{ name: 'edge:0', state: 'ready', heartbeatAgeMs: 1, restarts: 0, zombies: 0 }]
})

function order(key: SortKey, isReversed: boolean): string {
  return sortRows(rows, key, isReversed)
    .map(({ name }) => name)
    .join(' ')
}

test('sortRows() keeps workers below their application, and edges last', () => {
  assert.equal(order('name', false), 'api api:0 api:1 web web:0 web:1 web:2 jobs:0 edge:0')
  assert.equal(order('name', true), 'jobs:0 web web:2 web:1 web:0 api api:1 api:0 edge:0')
  assert.equal(order('in flight', false), 'web web:0 web:2 web:1 api api:1 api:0 jobs:0 edge:0')
  assert.equal(order('in flight', true), 'jobs:0 api api:0 api:1 web web:1 web:2 web:0 edge:0')
  // What is the same stays in its order.
  assert.equal(order('restarts', false), order('name', false))
})
