/** What is remembered of events, for whom, and how one goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { EventRing } from '../../../src/main/admin/event-ring.ts'
import type { EventFilter } from '../../../src/main/admin/event-ring.ts'

const all: EventFilter = { names: [] }

type Announce = (name: string, fact: unknown) => void

function setUp(first = 100, capacity = 5): { ring: EventRing; announce: Announce } {
  const listeners: Announce[] = []
  const listen = (listener: Announce): (() => void) => {
    listeners.push(listener)
    return () => {}
  }
  const ring = new EventRing(listen, first, capacity)
  return { ring, announce: (name, fact) => listeners.forEach(listener => listener(name, fact)) }
}

function ids(ring: EventRing, filter: EventFilter, after: number | null): readonly string[] {
  return ring
    .open(filter, after)
    .read(100)
    .messages.map(({ id }) => id)
}

test('EventRing begins with the next event, or behind one that was seen', () => {
  const { ring, announce } = setUp()
  for (const name of ['a', 'b', 'c']) announce(name, {})
  const feed = ring.open(all, null)
  assert.deepEqual(feed.read(10), { messages: [], lost: 0 })
  announce('d', { x: 1 })
  const { messages } = feed.read(10)
  assert.deepEqual(
    messages.map(({ id, name }) => [id, name]),
    [['103', 'd']]
  )
  assert.deepEqual(JSON.parse(messages[0]?.data ?? '').fact, { x: 1 })
  assert.deepEqual(feed.read(10).messages, [])
  assert.deepEqual(ids(ring, all, 100), ['101', '102', '103'])
  assert.deepEqual(ids(ring, all, 103), [])
})

test('EventRing begins at the first one for a client of an earlier server, at the next for one of a later', () => {
  const { ring, announce } = setUp()
  for (const name of ['a', 'b']) announce(name, {})
  const earlier = ring.open(all, 7).read(10)
  assert.deepEqual([earlier.messages.map(({ id }) => id), earlier.lost], [['100', '101'], 0])
  assert.deepEqual(ids(ring, all, 5000), [])
})

test('EventRing says how many are forgotten', () => {
  const { ring, announce } = setUp()
  const slow = ring.open(all, null)
  for (let index = 0; index < 8; index++) announce('e', { index })
  const first = slow.read(2)
  assert.deepEqual([first.lost, first.messages.map(({ id }) => id)], [3, ['103', '104']])
  const rest = slow.read(10)
  assert.deepEqual([rest.lost, rest.messages.map(({ id }) => id)], [0, ['105', '106', '107']])
  assert.equal(ring.open(all, 100).read(10).lost, 2)
})

test('EventRing tells those alone that are wanted', () => {
  const { ring, announce } = setUp(0)
  announce('worker:ready', { application: 'api', slot: 0, worker: 'api:0' })
  announce('restart:started', { applications: ['api', 'web'] })
  announce('worker:moved', { application: null, worker: 'edge:0', from: 'starting', to: 'ready' })
  announce('mesh:circuit', { from: 'web:1', to: 'api', state: 'open' })
  announce('booted', { url: null, bootMs: 3 })
  const table: readonly (readonly [EventFilter, readonly string[]])[] = [
    [all, ['0', '1', '2', '3', '4']],
    [{ ...all, application: 'api' }, ['0', '1', '3']],
    [{ ...all, application: 'web' }, ['1', '3']],
    [{ ...all, application: 'ready' }, []],
    [{ ...all, worker: 'api:0' }, ['0']],
    [{ ...all, worker: 'edge:0' }, ['2']],
    [{ ...all, worker: 'web:1' }, ['3']],
    [{ names: ['booted', 'mesh:circuit'] }, ['3', '4']],
    [{ names: ['mesh'] }, ['3']],
    [{ names: ['boot', 'circuit'] }, []],
    [{ names: ['booted'], application: 'api' }, []]
  ]
  for (const [filter, wanted] of table)
    assert.deepEqual(ids(ring, filter, -1), wanted, JSON.stringify(filter))
})

test('EventRing keeps no more of a fact than anybody reads', () => {
  const { ring, announce } = setUp()
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  announce('big', { error: new Error('x'.repeat(1_000_000)) })
  announce('odd', { circular })
  const [big, odd] = ring.open(all, 99).read(10).messages
  assert.ok(big !== undefined && odd !== undefined)
  assert.ok(big.data.length < 60_000)
  assert.match(JSON.parse(big.data).fact.error.message, /x… \(983616 more characters\)$/)
  assert.match(JSON.parse(odd.data).unserializable, /circular/)
})

test('EventRing wakes who waits, once', async () => {
  const { ring, announce } = setUp()
  const woken = Promise.withResolvers<void>()
  const feed = ring.open(all, null)
  feed.wait(woken.resolve)
  const other = ring.open(all, null)
  let wakes = 0
  other.wait(() => wakes++)
  other.close()
  announce('a', {})
  await woken.promise
  assert.equal(wakes, 0)
})

test('EventRing tells the causes of an error, as far as anybody follows them', () => {
  const { ring, announce } = setUp()
  const error = new Error('top', { cause: new TypeError('below', { cause: 'a word' }) })
  const turning = new Error('round')
  turning.cause = turning
  announce('a', { error, turning })
  const [message] = ring.open(all, 99).read(1).messages
  const { fact } = JSON.parse(message?.data ?? '')
  assert.partialDeepStrictEqual(fact.error, {
    message: 'top',
    cause: { name: 'TypeError', message: 'below', cause: 'a word' }
  })
  assert.equal(JSON.stringify(fact.turning).match(/"message":"round"/g)?.length, 6)
})
