/** Tests of labels put to the metrics of an application, and of what is refused of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { labelMetrics } from '../../src/worker/labelled-metrics.ts'

const labels = { application: 'api', worker: '1' }
const put = 'application="api",worker="1"'

function samplesOf(text: string, isOpen = false): string {
  return labelMetrics(text, labels, isOpen)
    .map(({ samples }) => samples)
    .join('')
}

test('labelMetrics() puts its labels to every sample and leaves the rest as it is', () => {
  const table: readonly (readonly [line: string, labelled: string])[] = [
    ['up 1', `up{${put}} 1`],
    ['up{} 1', `up{${put}} 1`],
    ['up{a="b"} 1', `up{${put},a="b"} 1`],
    ['up{a="b",} 1', `up{${put},a="b"} 1`],
    ['up { a = "b" , c="d" } 1', `up{${put},a = "b" , c="d"} 1`],
    ['up{a="x} 2 # \\"{\\n\\\\"} -1.5e-7', `up{${put},a="x} 2 # \\"{\\n\\\\"} -1.5e-7`],
    ['up{a="b"} 1 1700000000000', `up{${put},a="b"} 1 1700000000000`],
    ['up NaN', `up{${put}} NaN`],
    ['up +Inf', `up{${put}} +Inf`],
    ['up .5', `up{${put}} .5`]
  ]
  for (const [line, labelled] of table) assert.equal(samplesOf(line), `${labelled}\n`)
})

test('labelMetrics() keeps labels that have the name of one of its own under another name', () => {
  const table: readonly (readonly [line: string, labelled: string])[] = [
    ['up{worker="w",a="b"} 1', `up{${put},exported_worker="w",a="b"} 1`],
    ['up{application="x",worker="w"} 1', `up{${put},exported_application="x",exported_worker="w"} 1`],
    ['up{exported_worker="v",worker="w"} 1', `up{${put},exported_worker="v",exported_exported_worker="w"} 1`],
    ['up{workers="3",my_application="y"} 1', `up{${put},workers="3",my_application="y"} 1`],
    ['up{path="/a,worker=1"} 1', `up{${put},path="/a,worker=1"} 1`]
  ]
  for (const [line, labelled] of table) assert.equal(samplesOf(line), `${labelled}\n`)
})

test('labelMetrics() finds the families, with what is said of them', () => {
  const text = [
    '# HELP jobs_seconds Time of jobs.\\nIn all.',
    '# TYPE jobs_seconds histogram',
    'jobs_seconds_bucket{le="1"} 1',
    'jobs_seconds_bucket{le="+Inf"} 2',
    'jobs_seconds_sum 3',
    'jobs_seconds_count 2',
    '# just a comment',
    '',
    '# TYPE size summary',
    'size{quantile="0.5"} 1',
    'size_sum 1',
    'size_count 1',
    'plain 4',
    '# TYPE empty gauge',
    '# TYPE strange stateset',
    'strange 1'
  ].join('\n')
  const families = labelMetrics(text, labels)
  assert.deepEqual(
    families.map(({ name, type, help }) => [name, type, help]),
    [
      ['jobs_seconds', 'histogram', 'Time of jobs.\\nIn all.'],
      ['size', 'summary', ''],
      ['plain', 'untyped', ''],
      ['strange', 'untyped', '']
    ]
  )
  assert.equal(families[0]?.samples.split('\n').length, 5)
})

test('labelMetrics() keeps what is escaped in a sentence, and escapes what is not', () => {
  const table: readonly (readonly [help: string, kept: string])[] = [
    [String.raw`a\nb`, String.raw`a\nb`],
    [String.raw`a \\ b \\`, String.raw`a \\ b \\`],
    [String.raw`C:\temp "x"`, String.raw`C:\\temp "x"`],
    ['ends so \\', 'ends so \\\\']
  ]
  for (const [help, kept] of table) {
    assert.equal(labelMetrics(`# HELP a ${help}\na 1\n`, labels)[0]?.help, kept)
  }
})

test('labelMetrics() leaves out what is told of the whole process', () => {
  const text = '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 4\nprocess_jobs 1\n'
  assert.equal(samplesOf(text), `process_jobs{${put}} 1\n`)
})

test('labelMetrics() reads OpenMetrics', () => {
  const text = [
    '# TYPE jobs counter',
    '# UNIT jobs jobs',
    '# HELP jobs Jobs.',
    'jobs_total{a="b"} 17 1700000000.5 # {trace_id="abc"} 1 1700000000',
    'jobs_created{a="b"} 1700000000',
    '# EOF'
  ].join('\n')
  const [family, ...others] = labelMetrics(text, labels, true)
  assert.deepEqual(others, [])
  assert.deepEqual(
    [family?.name, family?.type, family?.samples],
    ['jobs_total', 'counter', `jobs_total{${put},a="b"} 17 1700000000500\n`]
  )
})

test('labelMetrics() refuses a text in which Prometheus could not read a line', () => {
  const table = [
    'no value',
    'up',
    'up one',
    'up{a=b} 1',
    'up{a="b} 1',
    'up{a="b" c="d"} 1',
    'up{a="\\t"} 1',
    'up{a="b"} 1 soon',
    'up{,} 1',
    'up{a="b",c="d",a="e"} 1',
    'up{__name__="down"} 1',
    'up 1e999',
    'up 1 -5',
    'up 1 1.5',
    'up 1 1.2.3',
    'up 1 99999999999999999999',
    '1up 1',
    '{"up":1}',
    'up 1 # {trace_id="abc"} 1'
  ]
  for (const line of table) {
    assert.throws(
      () => labelMetrics(`good 1\n${line}\n`, labels),
      /is not in the text format of Prometheus/,
      line
    )
  }
})

test('labelMetrics() takes no longer for a line that nearly fits', () => {
  const line = `up{${Array.from({ length: 5000 }, (_, index) => `l${index}="  "  ,`).join(' ')} x`
  assert.throws(() => labelMetrics(line, labels), /this line is not in the text format .*…$/)
})
