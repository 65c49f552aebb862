/** The page that shows a failure in development: what is on it, and that nothing of an error runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pageStyle } from '../../src/edge/error-page-assets.ts'
import { failurePage, pageHeaders } from '../../src/edge/error-page.ts'
import type { FailurePage } from '../../src/edge/error-page.ts'
import { explainError } from '../../src/shared/explained-error.ts'
import type { ExplainedError } from '../../src/shared/explained-error.ts'

const error: ExplainedError = {
  name: 'TypeError',
  message: 'Cannot read properties of undefined',
  code: null,
  place: { file: 'web/lib.mjs', line: 3, column: 10 },
  frame: { line: 3, column: 10, lines: [{ number: 3, text: '  return user.name' }] },
  calls: [
    { name: 'boom', file: 'web/lib.mjs', line: 3, column: 10, origin: 'own' },
    { name: 'route', file: 'node_modules/router/index.js', line: 1, column: 1, origin: 'dependency' }
  ],
  causes: []
}

function pageOf(changes: Partial<FailurePage> = {}, failed: Partial<ExplainedError> = {}): string {
  return failurePage({
    status: 502,
    application: 'web',
    failure: { stage: 'run', worker: 'web:0', at: 0, error: { ...error, ...failed } },
    method: 'GET',
    target: '/orders?page=2',
    requestId: 'id-1',
    version: 'life.1',
    versionPath: '/.heddle/development/web',
    nonce: 'nonce-1',
    ...changes
  })
}

test('the page says what has happened, where, and by which way', () => {
  const page = pageOf()
  for (const text of [
    'TypeError',
    'Cannot read properties of undefined',
    'web/lib.mjs:3:10',
    'return user.name',
    '(web:0)',
    'GET /orders?page=2',
    'id-1'
  ]) {
    assert.ok(page.includes(text), text)
  }
  // Own calls first, all of them on request.
  assert.ok(page.indexOf('boom') < page.indexOf('<details>'))
  assert.ok(page.indexOf('node_modules/router') > page.indexOf('<details>'))
})

test('the page says of an application that does not start that it does not', () => {
  const failure = { stage: 'start', worker: null, at: 0, error } as const
  assert.match(pageOf({ failure, status: 503 }), /<strong>web<\/strong> does not start/)
  assert.match(pageOf({ failure: { ...failure, stage: 'exit' } }), /<strong>web<\/strong> ended its worker/)
})

test('nothing an error or a request says becomes part of the page', () => {
  const evil = `</style></script><script nonce="nonce-1">alert(1)</script><img src=x onerror='alert(1)'>"'\`&\u202E\u0000`
  const call = { name: evil, file: evil, line: 1, column: 1, origin: 'own' } as const
  const page = pageOf(
    { application: evil, method: evil, target: evil, requestId: evil, version: evil, versionPath: evil },
    {
      ...{
        name: evil,
        message: evil,
        code: evil,
        causes: [evil],
        calls: [call, { ...call, origin: 'runtime' }]
      },
      place: { file: evil, line: 1, column: 1 },
      frame: { line: 1, column: 1, lines: [{ number: 1, text: evil }] }
    }
  )
  assert.equal(page.match(/<script/g)?.length, 1)
  assert.equal(page.match(/<style/g)?.length, 1)
  assert.equal(page.includes('<img'), false)
  // oxlint-disable-next-line no-control-regex -- They are what this is about.
  assert.doesNotMatch(page, /[\u0000\u202E]/)
  assert.match(page, /\\u202e/)
})

test('only what has the nonce of the page runs, and nothing is loaded from elsewhere', () => {
  const [policy = ''] = pageHeaders('nonce-1')
  assert.match(policy, /^Content-Security-Policy: default-src 'none'; /)
  assert.match(policy, /script-src 'nonce-nonce-1'/)
  const page = pageOf()
  assert.match(page, /<script nonce="nonce-1">/)
  assert.match(page, /<style nonce="nonce-1">/)
  assert.doesNotMatch(page, /\s(?:src|href|on\w+|style)=/)
})

test('a message that is long does not push the code away', () => {
  assert.match(pageStyle, /\n\.message\{[^}]*max-height:[^}]*overflow:auto/)
})

test('a page in place of what a form has sent does not send it again', () => {
  assert.match(pageOf({ method: 'POST' }), /data-reload="false"/)
  assert.match(pageOf({ method: 'GET' }), /data-reload="true"/)
})

test('the page does with whatever is known', () => {
  const bare = explainError('a word', { base: '/', read: () => null })
  const page = pageOf({ requestId: '' }, bare)
  assert.match(page, /a word/)
  assert.doesNotMatch(page, /<figure|<h2/)
})
