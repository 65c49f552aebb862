/** The access log in few words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AccessFacts } from '../../src/edge/access-line.ts'
import { shortLine } from '../../src/edge/short-line.ts'

type Account = AccessFacts['account']

function lineOf(account: Partial<Account>, facts: Partial<AccessFacts> = {}, colour = false): string {
  const whole: Partial<Account> = {
    head: null,
    line: 'GET /x',
    sent: null,
    status: 200,
    beganMs: 10,
    ...account
  }
  const termination = { reason: 'completed', phase: 'response-body' } as const
  return shortLine(
    {
      account: { endedMs: 13.4, ...whole } as Account,
      termination,
      client: '127.0.0.1',
      application: 'api',
      time: new Date(2026, 10, 21, 9, 5, 7, 3).getTime(),
      ...facts
    },
    colour
  )
}

test('shortLine() has the columns of the log for people', () => {
  const sent = { worker: 'api:1' } as Account['sent']
  assert.equal(lineOf({ sent }), '09:05:07.003 200   api:1 GET /x 3 ms')
  assert.equal(lineOf({ endedMs: 10.25 }), '09:05:07.003 200   api GET /x 0.3 ms')
  assert.equal(lineOf({ endedMs: 12_410 }, { application: null }), '09:05:07.003 200   GET /x 12.4 s')
})

test('shortLine() says how a request ended that was not answered', () => {
  const termination = { reason: 'client-aborted', phase: 'response-head' } as const
  assert.equal(lineOf({ status: 0 }, { termination }), '09:05:07.003 499   api GET /x 3 ms client-aborted')
})

test('shortLine() writes out what a stranger has sent, and not all of it', () => {
  assert.match(lineOf({ line: 'GET /\u001B[2J' }), /GET \/\\x1B\[2J 3 ms$/)
  assert.ok(lineOf({ line: `GET /${'x'.repeat(5000)}` }).length < 300)
})

test('shortLine() colours the status where there are colours', () => {
  for (const [status, colour] of [
    [200, 32],
    [304, 36],
    [404, 33],
    [502, 31]
  ] as const) {
    assert.ok(lineOf({ status }, {}, true).includes(`\u001B[${colour}m${status}  \u001B[39m`), String(status))
  }
})
