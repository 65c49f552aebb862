/** Lines of applications and what is read from them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readApplicationLine } from '../../src/worker/application-line.ts'

const now = 1_700_000_000_000

const lines: [string, object][] = [
  ['plain text', { time: now, level: 'info', message: 'plain text' }],
  ['{ not json }', { time: now, level: 'info', message: '{ not json }' }],
  [
    '{"level":40,"time":5,"pid":1,"msg":"pino"}',
    { time: 5, level: 'warn', message: 'pino', fields: { pid: 1 } }
  ],
  [
    '{"level":"CRITICAL","time":"1970-01-01T00:00:00.007Z","message":"text"}',
    { time: 7, level: 'error', message: 'text', fields: {} }
  ],
  [
    '{"msg":"two","err":{"message":"a"},"error":"b"}',
    { time: now, level: 'info', message: 'two', fields: { error: 'b' }, error: { message: 'a' } }
  ],
  ['\uFEFF  {"msg":"set in"} ', { time: now, level: 'info', message: 'set in', fields: {} }],
  ['{"level":10,"msg":"low"}', { time: now, level: 'trace', message: 'low', fields: {} }],
  ['{"level":20,"msg":"low"}', { time: now, level: 'debug', message: 'low', fields: {} }],
  ['{"level":30,"msg":"low"}', { time: now, level: 'info', message: 'low', fields: {} }],
  ['{"level":60,"msg":"high"}', { time: now, level: 'error', message: 'high', fields: {} }],
  [
    '{"level":"silly","time":1700000000,"msg":"s"}',
    { time: 1.7e12, level: 'trace', message: 's', fields: {} }
  ],
  ['{"level":"emerg","time":1.7e18,"msg":"ns"}', { time: 1.7e12, level: 'error', message: 'ns', fields: {} }],
  ['{"level":"http","time":1e300,"msg":"h"}', { time: now, level: 'info', message: 'h', fields: {} }],
  [
    '{"level":"error","message":"why","stack":"RangeError: why\\n    at x","a":1}',
    {
      time: now,
      level: 'error',
      message: 'why',
      fields: { a: 1 },
      error: { name: 'RangeError', message: 'why', stack: 'RangeError: why\n    at x' }
    }
  ],
  ['{"level":"constructor","msg":"c"}', { time: now, level: 'info', message: 'c', fields: {} }],
  ['{"level":"__proto__","msg":"p"}', { time: now, level: 'info', message: 'p', fields: {} }],
  ['{"answer":42}', { time: now, level: 'info', message: '', fields: { answer: 42 } }],
  [
    '{"level":"odd","time":"odd","msg":{"a":1},"message":"kept"}',
    { time: now, level: 'info', message: '{"a":1}', fields: { message: 'kept' } }
  ],
  [
    '{"msg":"failed","err":{"type":"Error","message":"why","stack":"Error: why"}}',
    {
      time: now,
      level: 'info',
      message: 'failed',
      fields: {},
      error: { type: 'Error', message: 'why', stack: 'Error: why' }
    }
  ]
]

test('readApplicationLine() keeps text as it is and merges JSON of loggers', () => {
  for (const [text, expected] of lines)
    assert.deepEqual(readApplicationLine(text, 'info', now), expected, text)
})
