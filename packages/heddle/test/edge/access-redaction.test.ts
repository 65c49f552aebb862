/** Table tests of what is hidden in the access log: in each of its forms the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { RequestHead } from '@heddle/mesh/internal'

import { accessLine, combinedLine } from '../../src/edge/access-line.ts'
import type { AccessFacts } from '../../src/edge/access-line.ts'
import { accessRedaction } from '../../src/edge/access-redaction.ts'
import { shortLine } from '../../src/edge/short-line.ts'

const target = '/in?token=t0&user=u0'

function factsWith(
  head: Partial<RequestHead> | null,
  account: Partial<AccessFacts['account']> = {}
): AccessFacts {
  const whole = { method: 'GET', target, minor: 1, host: 'a.dev', requestId: 'id-1', userAgent: 'curl' }
  return {
    account: {
      head: head === null ? null : ({ ...whole, referer: '', ...head } as RequestHead),
      line: '',
      sent: null,
      status: 404,
      bytesIn: 1,
      bytesOut: 2,
      beganMs: 0,
      endedMs: 1,
      cause: 'done',
      phase: 'request',
      error: null,
      detail: '',
      ...account
    },
    termination: { reason: 'refused', phase: 'request' },
    client: '203.0.113.7',
    application: null,
    time: 0
  }
}

/** The three forms of a line. */
function written(
  paths: readonly string[],
  facts: AccessFacts
): readonly [json: string, combined: string, short: string] {
  const hidden = accessRedaction(paths)?.(facts) ?? facts
  return [JSON.stringify(accessLine(hidden).fields), combinedLine(hidden), shortLine(hidden, false)]
}

const targets: readonly [paths: string[], target: string, shown: string][] = [
  [[], target, target],
  [['password', 'req.headers'], target, target],
  [['path'], target, '[redacted]'],
  [['*'], target, '[redacted]'],
  [['query'], target, '/in?[redacted]'],
  [['query'], '/in', '/in'],
  [['query.token'], target, '/in?token=[redacted]&user=u0'],
  [['query["token"]'], target, '/in?token=[redacted]&user=u0'],
  [['["query"].token'], target, '/in?token=[redacted]&user=u0'],
  [['*.token'], target, '/in?token=[redacted]&user=u0'],
  [['query.*'], `${target}&flag`, '/in?token=[redacted]&user=[redacted]&flag'],
  [['query.token', 'query.user'], target, '/in?token=[redacted]&user=[redacted]'],
  [
    ['query.token'],
    '/in?token=1&token=2&Token=3&token',
    '/in?token=[redacted]&token=[redacted]&Token=3&token'
  ],
  [['query.token'], '/in?tok%65n=1&%zz=2&a=token=3', '/in?tok%65n=[redacted]&%zz=2&a=token=3'],
  [
    ['query["a b"]', 'query["user[pin]"]'],
    '/in?a+b=1&user[pin]=2',
    '/in?a+b=[redacted]&user[pin]=[redacted]'
  ],
  [['query.token.value', 'querys.token', 'query-x.token'], target, target],
  [['query.__proto__'], '/in?__proto__=1&a=2', '/in?__proto__=[redacted]&a=2']
]

for (const [paths, asked, shown] of targets) {
  test(`with ${JSON.stringify(paths)} hidden, ${asked} is written as ${shown}`, () => {
    const facts = factsWith({ target: asked })
    const [json, combined, short] = written(paths, facts)
    assert.ok(json.includes(`"path":${JSON.stringify(shown)}`), json)
    const method = paths.includes('*') ? '[redacted]' : 'GET'
    assert.ok(combined.includes(`"${method} ${shown} HTTP/1.1"`), combined)
    assert.ok(short.includes(` ${method} ${shown} `), short)
    // What is known is never changed: others look at it too.
    assert.equal(facts.account.head?.target, asked)
  })
}

const fields: readonly [path: string, written: RegExp][] = [
  ['client', /^\[redacted\] - - \[/],
  ['host', / host=\[redacted\] /],
  ['requestId', / id=\[redacted\] /],
  ['userAgent', /"http:\/\/b\.dev\/\?token=t1" "\[redacted\]" id=/],
  ['referer', /" 404 2 "\[redacted\]" "curl" id=/],
  ['query.token', /" 404 2 "http:\/\/b\.dev\/\?token=\[redacted\]" "curl" id=/]
]

for (const [path, pattern] of fields) {
  test(`combinedLine() hides ${path}`, () => {
    const [, combined] = written([path], factsWith({ referer: 'http://b.dev/?token=t1' }))
    assert.match(combined, pattern)
  })
}

test('what there is none of stays so', () => {
  const [, combined] = written(['referer', 'host'], factsWith({ host: '' }))
  assert.match(combined, /" 404 2 "-" "curl" id=id-1 host=- /)
})

test('the reason of a refusal does not tell what is hidden', () => {
  const facts = factsWith({}, { detail: `no application answers a.dev${target}` })
  const details = [['path'], ['host'], ['query.token'], ['detail'], ['status']].map(
    paths => JSON.parse(written(paths, facts)[0]).detail
  )
  assert.deepEqual(details, [
    'no application answers a.dev[redacted]',
    `no application answers [redacted]${target}`,
    'no application answers a.dev/in?token=[redacted]&user=u0',
    '[redacted]',
    facts.account.detail
  ])
})

const lines: readonly [paths: string[], line: string, shown: string][] = [
  [['path'], `GET ${target} HTTP/3.0`, 'GET [redacted] HTTP/3.0'],
  [['query.token'], `GET ${target} HTTP/3.0`, 'GET /in?token=[redacted]&user=u0 HTTP/3.0'],
  [['path'], 'whatever it is', '[redacted]'],
  [['query'], 'GET /a b?token=1 x', 'GET /a b?[redacted]'],
  [['client'], 'whatever it is', 'whatever it is'],
  [['path'], '', '']
]

for (const [paths, line, shown] of lines) {
  test(`with ${JSON.stringify(paths)} hidden, ${JSON.stringify(line)} in place of a request is ${JSON.stringify(shown)}`, () => {
    const [, combined, short] = written(paths, factsWith(null, { line }))
    assert.ok(combined.includes(`"${shown || '-'}" 404`), combined)
    assert.ok(short.includes(shown), short)
  })
}
