/** Tests of the text Prometheus reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Exposition } from '../../../src/main/metrics/exposition.ts'
import { metricFacts } from '../../../src/main/metrics/facts.ts'

const facts = {
  first_total: { type: 'counter', help: 'One\nline with a \\ in it.', labels: ['a', 'b'] },
  second_bytes: { type: 'gauge', help: 'Bytes.', labels: [] },
  third_seconds: { type: 'histogram', help: 'Times.', labels: ['a'] },
  fourth_seconds: { type: 'histogram', help: 'Times.', labels: [] }
} as const

test('Exposition writes families in the order of the table, each with its head once', () => {
  const exposition = new Exposition(facts)
  exposition.add('second_bytes', [], 5)
  exposition.add('first_total', ['x', 1], 2 ** 40)
  exposition.add('first_total', ['y', 2], 0.25)
  assert.equal(
    exposition.text(),
    [
      String.raw`# HELP first_total One\nline with a \\ in it.`,
      '# TYPE first_total counter',
      'first_total{a="x",b="1"} 1099511627776',
      'first_total{a="y",b="2"} 0.25',
      '# HELP second_bytes Bytes.',
      '# TYPE second_bytes gauge',
      'second_bytes 5',
      ''
    ].join('\n')
  )
})

test('Exposition escapes what stands in labels, and writes what is no number as Prometheus does', () => {
  const exposition = new Exposition(facts)
  exposition.add('first_total', ['a "b"\n\\', '{}'], NaN)
  exposition.add('second_bytes', [], Infinity)
  exposition.add('second_bytes', [], -Infinity)
  assert.match(exposition.text(), /^first_total\{a="a \\"b\\"\\n\\\\",b="\{\}"\} NaN$/m)
  assert.match(exposition.text(), /^second_bytes \+Inf\nsecond_bytes -Inf$/m)
})

test('Exposition writes histograms with and without labels', () => {
  const exposition = new Exposition(facts)
  exposition.histogram('third_seconds', ['x'], { bounds: [0.5, 1], cumulative: [1, 3, 4], sum: 2.5 })
  exposition.histogram('fourth_seconds', [], { bounds: [], cumulative: [0], sum: 0 })
  assert.deepEqual(
    exposition
      .text()
      .split('\n')
      .filter(line => !line.startsWith('#')),
    [
      'third_seconds_bucket{a="x",le="0.5"} 1',
      'third_seconds_bucket{a="x",le="1"} 3',
      'third_seconds_bucket{a="x",le="+Inf"} 4',
      'third_seconds_sum{a="x"} 2.5',
      'third_seconds_count{a="x"} 4',
      'fourth_seconds_bucket{le="+Inf"} 0',
      'fourth_seconds_sum 0',
      'fourth_seconds_count 0',
      ''
    ]
  )
})

test('Exposition refuses a sample with other labels than its metric has', () => {
  const exposition = new Exposition(facts)
  assert.throws(
    () => exposition.add('first_total', ['x'], 1),
    /first_total has the labels a, b; 1 values were given/
  )
})

test('every metric is named and described as Prometheus wants it', () => {
  for (const [name, { type, help, labels }] of Object.entries(metricFacts)) {
    assert.match(name, /^heddle_[a-z_]+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.match(help, /\.$/, name)
    assert.equal(new Set(labels).size, labels.length, name)
    assert.ok(!labels.includes('le'), name)
    if (type === 'histogram') assert.match(name, /_seconds$/)
  }
})
