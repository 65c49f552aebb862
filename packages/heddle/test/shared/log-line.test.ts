/** Table tests of how a log line looks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'

import { formatLine, isLevelEnabled } from '../../src/shared/log-line.ts'
import type { LineStyle, LogLine } from '../../src/shared/log-line.ts'

const json: LineStyle = { level: 'info', format: 'json', colour: false }
const pretty: LineStyle = { level: 'info', format: 'pretty', colour: false }
const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime()
const line: LogLine = { time, level: 'info', message: 'Ready.' }

function parse(extra: Partial<LogLine>): Record<string, unknown> {
  const text = formatLine(json, { ...line, ...extra })
  assert.ok(!text.includes('\n'))
  return JSON.parse(text)
}

test('formatLine() writes one JSON object with level, time, origin and message first', () => {
  const text = formatLine(json, { ...line, application: 'api', worker: 'api:2', fields: { a: 1 } })
  assert.equal(
    text,
    `{"level":"info","time":"${new Date(time).toISOString()}","application":"api","worker":"api:2","msg":"Ready.","a":1}`
  )
})

test('formatLine() keeps a field whose name is taken under a name of its own', () => {
  assert.deepEqual(parse({ fields: { level: 'high', msg: 'x' } }), {
    level: 'info',
    time: new Date(time).toISOString(),
    msg: 'Ready.',
    _level: 'high',
    _msg: 'x'
  })
})

test('formatLine() writes an error with its type, code, stack and causes', () => {
  const cause = new TypeError('inner')
  const error = Object.assign(new Error('outer', { cause }), { code: 'E_OUTER' })
  const { err } = parse({ error })
  assert.deepEqual(err, {
    type: 'Error',
    message: 'outer',
    code: 'E_OUTER',
    stack: error.stack,
    cause: { type: 'TypeError', message: 'inner', stack: cause.stack }
  })
})

test('formatLine() writes the facts of an error from another thread as an error', () => {
  const error = { name: 'TypeError', message: 'm', stack: null, code: null }
  assert.deepEqual(parse({ error }).err, { type: 'TypeError', message: 'm' })
})

test('formatLine() stops at a cause that refers to itself', () => {
  const error = new Error('loop')
  error.cause = error
  assert.ok(parse({ error }).err)
  assert.ok(formatLine(pretty, { ...line, error }).length > 0)
})

test('formatLine() loses no line to values that JSON refuses', () => {
  const circular: Record<string, unknown> = { shared: { a: 1 } }
  circular.self = circular
  circular.again = circular.shared
  const throwing = {
    toJSON() {
      throw new Error('no')
    }
  }
  assert.deepEqual(parse({ fields: { circular, big: 10n } }).circular, {
    shared: { a: 1 },
    self: '[circular]',
    again: { a: 1 }
  })
  assert.match(formatLine(json, { ...line, fields: { throwing } }), /unserializable: Error: no/)
})

test('formatLine() writes a readable line with origin and fields', () => {
  const text = formatLine(pretty, {
    ...line,
    application: 'api',
    worker: 'api:2',
    fields: { port: 3000, reason: 'too slow', path: '/a/b', list: [1] }
  })
  assert.equal(text, '03:04:05.006 info  api:2 Ready. port=3000 reason="too slow" path=/a/b list=[1]')
})

test('formatLine() sets further lines and the stack of an error in', () => {
  const error = new Error('broken')
  error.stack = 'Error: broken\n    at here'
  assert.equal(
    formatLine(pretty, { ...line, message: 'one\ntwo', error }),
    '03:04:05.006 info  one\n    two\n    Error: broken\n        at here'
  )
})

test('formatLine() colours readable lines only when told to', () => {
  const coloured = formatLine({ ...pretty, colour: true }, { ...line, worker: 'api:0' })
  assert.notEqual(coloured, stripVTControlCharacters(coloured))
  assert.equal(stripVTControlCharacters(coloured), formatLine(pretty, { ...line, worker: 'api:0' }))
})

test('isLevelEnabled() compares by urgency', () => {
  const table: readonly [LineStyle['level'], LogLine['level'], boolean][] = [
    ['info', 'debug', false],
    ['info', 'info', true],
    ['warn', 'error', true],
    ['trace', 'trace', true],
    ['silent', 'error', false]
  ]
  for (const [threshold, level, enabled] of table) assert.equal(isLevelEnabled(threshold, level), enabled)
})

test('formatLine() writes the stack of a field below a readable line, and leaves the field whole in JSON', () => {
  const fields = { where: { kind: 'native', stack: ['at a', 'at b'] }, blockedMs: 3 }
  assert.equal(
    formatLine(pretty, { ...line, message: 'Blocked.', fields }),
    '03:04:05.006 info  Blocked. blockedMs=3\n        at a\n        at b'
  )
  const json = JSON.parse(formatLine({ ...pretty, format: 'json' }, { ...line, message: 'Blocked.', fields }))
  assert.partialDeepStrictEqual(json, fields)
})
