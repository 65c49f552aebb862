/** When a lost request is sent again, as a table, and what may be spent on it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  MAX_LOSSES,
  RetryBudget,
  decideRetry,
  type LostRequest,
  type RetryDecision
} from '../../src/client/retry.ts'

const lost: LostRequest = { begun: true, answered: false, idempotent: true, replayable: true, losses: 1 }

const table: readonly [string, Partial<LostRequest>, number, RetryDecision][] = [
  ['repeats a begun request that is idempotent', {}, 1, { retry: true, costs: true }],
  ['repeats for nothing what was not begun', { begun: false }, 0, { retry: true, costs: false }],
  [
    'repeats what was not begun whatever its method and body',
    { begun: false, idempotent: false, replayable: false },
    0,
    { retry: true, costs: false }
  ],
  ['never repeats what was answered', { answered: true }, 9, { retry: false, reason: 'answered' }],
  [
    'never repeats an answer to what looked not begun',
    { begun: false, answered: true },
    9,
    { retry: false, reason: 'answered' }
  ],
  [
    'does not repeat what is not idempotent',
    { idempotent: false },
    9,
    { retry: false, reason: 'not-idempotent' }
  ],
  ['does not repeat a body that is gone', { replayable: false }, 9, { retry: false, reason: 'body-gone' }],
  ['does not repeat over its budget', {}, 0.9, { retry: false, reason: 'budget' }],
  [
    'does not repeat what was lost with a second one',
    { losses: MAX_LOSSES },
    9,
    { retry: false, reason: 'losses' }
  ],
  ['goes on with what was not begun', { begun: false, losses: MAX_LOSSES }, 0, { retry: true, costs: false }]
]

for (const [name, change, budget, decision] of table) {
  test(`decideRetry() ${name}`, () => {
    assert.deepEqual(decideRetry({ ...lost, ...change }, budget), decision)
  })
}

test('RetryBudget begins with its floor and earns a fifth of a repeat for each request', () => {
  const budget = new RetryBudget()
  assert.equal(budget.left, RetryBudget.floor)
  for (let i = 0; i < 10; i++) budget.earn()
  assert.ok(Math.abs(budget.left - RetryBudget.floor - 2) < 1e-9)
  budget.spend()
  assert.ok(Math.abs(budget.left - RetryBudget.floor - 1) < 1e-9)
})

test('RetryBudget saves no more than its ceiling', () => {
  const budget = new RetryBudget()
  for (let i = 0; i < 10_000; i++) budget.earn()
  assert.ok(budget.left <= RetryBudget.ceiling + 0.2)
})

test('RetryBudget refills to its floor, and takes nothing away', () => {
  const budget = new RetryBudget()
  for (let i = 0; i < 5; i++) budget.spend()
  budget.refill()
  assert.equal(budget.left, RetryBudget.floor)
  for (let i = 0; i < 50; i++) budget.earn()
  const saved = budget.left
  budget.refill()
  assert.equal(budget.left, saved)
})
