/** Tests of what the access log says of one request, and of what strangers try to make it say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Exchange, RequestAccount, RequestHead } from '@heddle/mesh/internal'

import { accessLine, combinedLine, printable, type AccessFacts } from '../../src/edge/access-line.ts'
import { formatJson, formatLine } from '../../src/shared/log-line.ts'
import type { LogLine } from '../../src/shared/log-line.ts'

const sent = {
  worker: 'api:1',
  retries: 1,
  arrivedMs: 1001,
  sentMs: 1005,
  queuedMs: 4,
  answeredMs: 1007.123
}

function headWith(parts: Partial<RequestHead> = {}): RequestHead {
  const head = { method: 'GET', target: '/a?b=c', minor: 1, host: 'a.dev', requestId: 'id-1' }
  return { ...head, userAgent: 'curl/8.5', referer: '', ...parts } as RequestHead
}

function factsWith(
  account: Partial<RequestAccount> = {},
  { sent: way = {}, ...facts }: Partial<AccessFacts> & { sent?: Partial<Exchange> | null } = {}
): AccessFacts {
  return {
    account: {
      head: headWith(),
      line: '',
      sent: way === null ? null : ({ ...sent, ...way } as Exchange),
      status: 200,
      bytesIn: 0,
      bytesOut: 12,
      beganMs: 1000.5,
      endedMs: 1010,
      cause: 'done',
      phase: 'response-body',
      error: null,
      detail: '',
      ...account
    },
    termination: { reason: 'completed', phase: 'response-body' },
    client: '203.0.113.7',
    application: 'api',
    time: Date.UTC(2026, 10, 21, 16, 20, 1),
    ...facts
  }
}

/** The fields that are written: those that are undefined are left out. */
function written({ fields }: LogLine): unknown {
  return JSON.parse(JSON.stringify(fields))
}

test('accessLine() says who asked for what, who answered, and where the time went', () => {
  const line = accessLine(factsWith())
  assert.deepEqual([line.application, line.worker, line.level], ['api', 'api:1', 'info'])
  assert.deepEqual(written(line), {
    requestId: 'id-1',
    client: '203.0.113.7',
    method: 'GET',
    host: 'a.dev',
    path: '/a?b=c',
    protocol: 'HTTP/1.1',
    status: 200,
    bytesIn: 0,
    bytesOut: 12,
    queueMs: 4,
    responseMs: 2.12,
    totalMs: 9.5,
    retries: 1,
    reason: 'completed',
    phase: 'response-body',
    userAgent: 'curl/8.5',
    referer: null
  })
})

test('accessLine() counts the time in the queue up to the end, when the end came there', () => {
  const waiting = factsWith(
    { status: 503 },
    {
      termination: { reason: 'queue-timeout', phase: 'queue' },
      sent: { answeredMs: 0, worker: null, retries: 0, queuedMs: 0, sentMs: 1001 }
    }
  )
  const { worker, application, fields } = accessLine(waiting)
  assert.deepEqual([worker, application, fields?.queueMs, fields?.responseMs], [undefined, 'api', 9, null])
})

test('accessLine() says how long a tunnel was one', () => {
  const { fields } = accessLine(factsWith({}, { termination: { reason: 'completed', phase: 'tunnel' } }))
  assert.equal(fields?.tunnelMs, 2.88)
})

test('accessLine() takes what it can from a request that was refused', () => {
  assert.deepEqual(refused('GET /x HTTP/1.1'), ['GET', '/x', 'HTTP/1.1'])
  assert.deepEqual(refused('GET /x HTTP/3.0'), ['GET', '/x', 'HTTP/3.0'])
  assert.deepEqual(refused('GET /x y HTTP/1.1'), [null, 'GET /x y HTTP/1.1', null])
  assert.deepEqual(refused('\x16\x03\x01'), [null, String.raw`\x16\x03\x01`, null])
  assert.deepEqual(refused(''), [null, '', null])
})

/** Apache's format, as readers of it expect it: GoAccess's COMBINED is `%h %^[%d:%t %^] "%r" %s %b "%R" "%u"`. */
const combined =
  /^(\S+) - - \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "([^"]*)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)" (.*)$/
const tail =
  /^id=(\S+) host=(\S+) to=(\S+) in=(\d+) queue=([\d.]+) response=([\d.]+|-) total=([\d.]+) retries=(\d+) end=([a-z-]+)\/([a-z-]+)(?: tunnel=([\d.]+))?$/

function parse(line: string): { fields: readonly string[]; tail: readonly string[] } {
  const [, ...fields] = combined.exec(line) ?? []
  const [, ...rest] = tail.exec(fields.at(-1) ?? '') ?? []
  assert.ok(fields.length > 0 && rest.length > 0, line)
  return { fields: fields.slice(0, -1), tail: rest }
}

test("combinedLine() is Apache's format with a tail", () => {
  const { fields, tail: rest } = parse(combinedLine(factsWith()))
  const [client, time = '', ...others] = fields
  assert.equal(client, '203.0.113.7')
  const [, date = '', clock = '', zone = ''] = /^([^:]+):(\S+) (\S+)$/.exec(time) ?? []
  assert.equal(Date.parse(`${date.replaceAll('/', ' ')} ${clock} ${zone}`), Date.UTC(2026, 10, 21, 16, 20, 0))
  assert.deepEqual(others, ['GET /a?b=c HTTP/1.1', '200', '12', '-', 'curl/8.5'])
  assert.deepEqual(rest, [
    'id-1',
    'a.dev',
    'api:1',
    '0',
    '4',
    '2.12',
    '9.5',
    '1',
    'completed',
    'response-body',
    undefined
  ])
})

test('combinedLine() has a status for requests without an answer', () => {
  assert.deepEqual(
    [unanswered('client-aborted'), unanswered('client-timeout'), unanswered('edge-closing')],
    ['499', '499', '444']
  )
})

test('combinedLine() has a word for everything that is not known', () => {
  const line = combinedLine(
    factsWith({ head: null, line: '', bytesOut: 0 }, { sent: null, application: null, client: '' })
  )
  const { fields, tail: rest } = parse(line)
  assert.deepEqual([fields[0], ...fields.slice(2)], ['-', '-', '200', '-', '-', '-'])
  assert.deepEqual(rest.slice(0, 6), ['-', '-', '-', '0', '0', '-'])
})

describe('a line of the access log', () => {
  const attacks: readonly [name: string, text: string][] = [
    ['line breaks', 'a\r\n203.0.113.9 - - "GET / HTTP/1.1" 200 1 "-" "-"'],
    ['a quote', 'a" 200 1 "-" "x'],
    ['a quote behind a backslash', 'a\\" 200 1'],
    ['a backslash at the end', 'a\\'],
    ['JSON', '","level":"error","msg":"all is lost'],
    ['escape sequences', '\x1b[2J\x1b]0;title\x07'],
    ['control characters of eight bits', '\x9b2J\x85\x90'],
    ['bytes that are no ASCII', '\xe4\xc3\xbc\xff'],
    ['zeros', '\0\0'],
    ['what is written like an escape', String.raw`\x22\n`]
  ]
  for (const [name, text] of attacks) {
    const facts = factsWith({
      head: headWith({
        target: `/${text}`,
        userAgent: text,
        referer: text,
        requestId: text,
        host: text
      }),
      detail: text
    })

    test(`is one line of fields in the combined format, whatever ${name} a client sends`, () => {
      const line = combinedLine(facts)
      assert.match(line, /^[\x20-\x7e]*$/)
      const { fields } = parse(line)
      assert.deepEqual([fields[3], fields[4]], ['200', '12'])
      assert.equal(undone(fields[2] ?? ''), `GET /${text} HTTP/1.1`)
      assert.equal(undone(fields[6] ?? ''), text)
    })

    test(`is one JSON object with the same fields, whatever ${name} a client sends`, () => {
      const { text: json } = formatJson(accessLine(facts))
      assert.match(json, /^[\x20-\x7e]*$/)
      const record = JSON.parse(json) as Record<string, unknown>
      assert.deepEqual([record.level, record.msg, record.status], ['info', 'Request ended.', 200])
      for (const field of ['path', 'userAgent', 'referer', 'detail', 'host', 'requestId']) {
        assert.match(String(record[field]), /^[\x20-\x7e]*$/)
      }
      assert.equal(undone(String(record.userAgent)), text)
    })

    test(`shows people printable characters only, whatever ${name} a client sends`, () => {
      const style = { level: 'info', format: 'pretty', colour: false } as const
      assert.match(formatLine(style, accessLine(facts)), /^[\x20-\x7e]*$/)
    })
  }

  test('is no longer than headers may be', () => {
    const long = 'x'.repeat(16_000)
    const facts = factsWith({ head: headWith({ userAgent: long, referer: long }) })
    assert.ok(combinedLine(facts).length < 5000)
    assert.ok(formatJson(accessLine(facts)).text.length < 5000)
  })
})

test('printable() leaves what is printable as it is, and writes what an application says out too', () => {
  assert.equal(printable('/a?b="c" d'), '/a?b="c" d')
  assert.equal(printable('kaputt: ä €'), String.raw`kaputt: \xE4 \u20AC`)
})

/** What the escapes of a line stand for. */
function undone(text: string): string {
  return text.replaceAll(/\\x([0-9A-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16))
  )
}

/** Method, path and protocol as they are logged of a request that was refused. */
function refused(line: string): unknown[] {
  const { fields } = accessLine(factsWith({ head: null, line }, { sent: null, application: null }))
  return [fields?.method, fields?.path, fields?.protocol]
}

/** The status that is logged of a request without an answer. */
function unanswered(reason: AccessFacts['termination']['reason']): string | undefined {
  return parse(combinedLine(factsWith({ status: 0 }, { termination: { reason, phase: 'queue' } }))).fields[3]
}
