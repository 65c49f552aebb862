/** Tests of the counting of answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { tally } from '../../storefront/tally.ts'
import type { Sample } from '../../storefront/tally.ts'

function sample(application: Sample['application'], worker: string | null, tookMs: number): Sample {
  const who = worker === null ? null : { application, worker, threadId: 7, answered: 1, uptimeSeconds: 1 }
  return { application, who, tookMs }
}

test('tally() makes a row for each worker, with its share of the application’s answers', () => {
  const rows = tally([
    sample('invoices', 'invoices:10', 5),
    sample('catalog', 'catalog:0', 1),
    sample('invoices', 'invoices:2', 1),
    sample('invoices', 'invoices:2', 9),
    sample('invoices', 'invoices:2', 3)
  ])
  assert.deepEqual(
    rows.map(({ worker, answers, share, medianMs }) => [worker, answers, share, medianMs]),
    [
      ['catalog:0', 1, 1, 1],
      ['invoices:2', 3, 0.75, 3],
      ['invoices:10', 1, 0.25, 5]
    ]
  )
})

test('tally() gives calls that nobody answered a row of their own', () => {
  const [row] = tally([sample('catalog', null, 4), sample('catalog', null, 4)])
  assert.deepEqual([row?.worker, row?.answers, row?.failures, row?.medianMs], ['catalog', 0, 2, null])
})
