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

test('formatLine() loses no field beside one that JSON refuses', () => {
  const throwing = {
    toJSON() {
      throw new Error('no')
    }
  }
  const record = parse({ fields: { a: 1, throwing, nothing: undefined, call: () => 1, big: 5n } })
  assert.equal(record.msg, 'Ready.')
  assert.equal(record.a, 1)
  assert.equal(record.big, '5')
  assert.match(String(record.throwing), /unserializable: Error: no/)
})

test('formatLine() keeps what errors say of themselves, and the kind that loggers call type', () => {
  const live = Object.assign(new RangeError('live'), { errno: -2, socket: { big: true } })
  assert.partialDeepStrictEqual(parse({ error: live }).err, {
    type: 'RangeError',
    message: 'live',
    errno: -2
  })
  assert.equal('socket' in Object(parse({ error: live }).err), false)
  const read = { type: 'TypeError', message: 'read', stack: 's', config: { url: '/' } }
  assert.deepEqual(parse({ error: read }).err, read)
  assert.match(formatLine(pretty, { ...line, error: { ...read, stack: undefined } }), /TypeError: read/)
})

test('formatLine() writes control characters out, and lets colours through where they are shown', () => {
  const message = 'a\u001B[31mred\u001B[39m\u001B]0;title\u0007b\u0000\tc\rd'
  const written = String.raw`\x1b]0;title\x07b\x00`
  assert.equal(formatLine(pretty, { ...line, message }), `03:04:05.006 info  ared${written}\tc\\rd`)
  const coloured = formatLine({ ...pretty, colour: true }, { ...line, message })
  assert.ok(coloured.includes(`a\u001B[31mred\u001B[39m${written}\tc\\rd\u001B[0m`))
  // JSON leaves those of a terminal with eight bits as they are.
  const fields = { agent: '\u009B2J', deep: { '\u007F': ['\u009D'] } }
  const eightBits = String.raw`agent="\x9b2J" deep={"\x7f":["\x9d"]}`
  assert.ok(formatLine(pretty, { ...line, fields }).includes(eightBits))
  const error = new Error('evil \u001B[2J')
  assert.ok(!formatLine(pretty, { ...line, error }).includes('\u001B'))
  assert.equal(JSON.parse(formatLine(json, { ...line, message })).msg, message)
})

test('formatLine() leaves out for people what pino and bunyan say of process and machine', () => {
  const fields = { pid: 1, hostname: 'box', a: 1 }
  assert.equal(formatLine(pretty, { ...line, fields }), '03:04:05.006 info  Ready. a=1')
  assert.equal(formatLine(pretty, { ...line, fields: { pid: 1 } }), '03:04:05.006 info  Ready. pid=1')
  assert.partialDeepStrictEqual(parse({ fields }), fields)
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

test('formatLine() writes a line whatever its fields are called, and whatever they do when they are read', () => {
  const noted: Record<string, unknown> = JSON.parse('{"__proto__":{"a":1},"b":2}')
  const written = Object.getOwnPropertyDescriptor(parse({ fields: noted }), '__proto__')
  assert.deepEqual(written?.value, { a: 1 })
  for (const toJSON of [() => 5, () => [1], () => {}]) {
    assert.equal(parse({ fields: { toJSON, b: 2 } }).b, 2)
    assert.equal(parse({ fields: { toJSON, b: 2n } }).b, '2')
  }
  assert.equal(parse({ fields: { big: 1n, symbol: Symbol('x'), b: 2 } }).b, 2)
  const broken = Object.defineProperty(new Error('broken'), 'at', {
    enumerable: true,
    get() {
      throw new Error('no')
    }
  })
  assert.partialDeepStrictEqual(parse({ error: broken }).err, {
    message: 'broken',
    at: '[unserializable: Error: no]'
  })
  const unreadable = Proxy.revocable({}, {})
  unreadable.revoke()
  assert.match(formatLine(json, { ...line, error: unreadable.proxy }), /unserializable: TypeError/)
})

test('formatLine() writes nothing but whole characters', () => {
  const text = formatLine(json, {
    ...line,
    message: 'a\uD800b\uDC00\uD83D\uDE00',
    fields: { literal: String.raw`\ud800 \\udc00`, '\uDBFF': '\uD800\uD800' }
  })
  assert.ok(!/[^\\]\\ud[89a-f]/.test(text))
  const { msg, literal, '\uFFFD': named } = JSON.parse(text)
  assert.equal(msg, 'a\uFFFDb\uFFFD\u{1F600}')
  assert.equal(literal, String.raw`\ud800 \\udc00`)
  assert.equal(named, '\uFFFD\uFFFD')
})
