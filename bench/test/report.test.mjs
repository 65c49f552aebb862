/**
 * From results to text: targets, tables, markers.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fillMarkers } from '../publish.mjs'
import { summaryTable } from '../summary.mjs'
import { table } from '../text-table.mjs'
import { targetsOf } from '../targets.mjs'

test('fillMarkers() replaces what stands between markers and nothing else', () => {
  const text = 'a\n<!-- bench:boot -->\nold\n<!-- /bench:boot -->\nb <!-- bench:x -->keep<!-- /bench:x -->'
  assert.equal(
    fillMarkers(text, { boot: 'new $& text' }),
    'a\n<!-- bench:boot -->\n\nnew $& text\n\n<!-- /bench:boot -->\nb <!-- bench:x -->keep<!-- /bench:x -->'
  )
})

test('table() aligns its columns', () => {
  assert.equal(table(['who', 'ms'], [['bare', 7]]), '| who  |  ms |\n| ---- | --: |\n| bare |   7 |')
})

test('targetsOf() judges an installation', () => {
  const result = { contenders: { heddle: { valid: true, packages: 7, megabytes: 12.5 } } }
  assert.deepEqual(
    targetsOf('install', result).map(({ value, met }) => [value, met]),
    [
      [7, true],
      [12.5, false]
    ]
  )
})

test('targetsOf() meets nothing with a missing or an invalid row', () => {
  const boot = targetsOf('boot', { contenders: { 'heddle-edge': { valid: false } } })
  const throughput = targetsOf('throughput', {
    applications: {
      hello: {
        ratios: [{ above: 'heddle-edge', below: 'haproxy', valid: false, requestsPerSecond: { median: 9 } }]
      }
    }
  })
  for (const one of [...boot, ...throughput]) assert.equal(one.met, null, one.question)
})

test('summaryTable() shows a dash for what is missing or invalid', () => {
  const install = { result: { contenders: { heddle: { valid: true, packages: 4, megabytes: 1.5 } } } }
  const throughput = { result: { applications: { hello: { contenders: { threads: { valid: false } } } } } }
  const lines = summaryTable({ install, throughput }).split('\n')
  assert.match(lines[2], /^\| Heddle, edge .*4, 1\.5 MB \|$/)
  assert.match(lines[4], /^\| bare worker_threads, reusePort( \| +–){7} \|$/)
})
