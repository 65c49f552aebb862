/** Tests of what metrics learn from events. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeddleEvents } from '../../../src/events.ts'
import { Announced } from '../../../src/main/metrics/announced.ts'

const worker = { application: 'api', slot: 0, worker: 'api:0' } as const

function hear<Name extends keyof HeddleEvents>(
  announced: Announced,
  name: Name,
  fact: HeddleEvents[Name]
): void {
  announced.hear(name, fact)
}

test('Announced counts events by name', () => {
  const announced = new Announced()
  for (const name of ['worker:healthy', 'worker:healthy', 'application:stopped'] as const)
    announced.hear(name, worker)
  assert.deepEqual(
    [...announced.events],
    [
      ['worker:healthy', 2],
      ['application:stopped', 1]
    ]
  )
})

test('Announced counts why a worker was taken out of balancing', () => {
  const announced = new Announced()
  const table = [
    'blocked: its event loop has not turned for 600 ms',
    'not ready: readiness() says no',
    'failing: 5 requests in a row failed; out for 10000 ms',
    'unhealthy: its heap is full',
    'unhealthy: its heap is full',
    'kept out by an operator'
  ]
  for (const reason of table)
    hear(announced, 'worker:moved', { ...worker, from: 'ready', to: 'ejected', reason })
  hear(announced, 'worker:moved', { ...worker, from: 'ejected', to: 'ready', reason: 'unhealthy no more' })
  assert.deepEqual(
    [...announced.ejections('api:0')],
    [
      ['blocked', 1],
      ['not ready', 1],
      ['failing', 1],
      ['unhealthy', 2],
      ['operator', 1]
    ]
  )
  assert.equal(announced.ejections('api:1').size, 0)
})

test('Announced remembers how long the last boot took, and what came of reloads', () => {
  const announced = new Announced()
  assert.equal(announced.bootMs('api:0'), null)
  for (const bootMs of [90, 70]) hear(announced, 'worker:ready', { ...worker, kind: 'fastify', bootMs })
  assert.equal(announced.bootMs('api:0'), 70)
  const { lastDoneAt } = announced.reloads
  assert.partialDeepStrictEqual(announced.reloads, { done: 0, failed: 0, wasLastDone: true, lastMs: null })
  hear(announced, 'reload:finished', { changes: [], reloadMs: 1200 })
  hear(announced, 'reload:failed', { error: new Error('no') })
  assert.partialDeepStrictEqual(announced.reloads, { done: 1, failed: 1, wasLastDone: false, lastMs: 1200 })
  assert.ok(announced.reloads.lastDoneAt >= lastDoneAt)
  hear(announced, 'reload:finished', { changes: [], reloadMs: 800 })
  assert.partialDeepStrictEqual(announced.reloads, { done: 2, wasLastDone: true, lastMs: 800 })
})
