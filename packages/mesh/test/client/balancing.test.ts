/** The choice of an upstream: each policy as a table, and what all of them share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  Group,
  isLate,
  leastInflight,
  type BalanceFunction,
  type BalancedRequest,
  type Load
} from '../../src/client/balancing.ts'
import type { BalancePolicy, Upstream } from '../../src/wire/control.ts'
import { randomFrom } from '../fixtures/random.ts'

function upstreamsOf(readyAt: readonly number[]): readonly Upstream[] {
  return readyAt.map((at, record) => ({
    id: 10 + record,
    name: `api:${record}`,
    record,
    generation: 1,
    meta: { zone: record },
    address: null,
    readyAt: at
  }))
}

const upstreams = upstreamsOf([0, 0, 0])
const request: BalancedRequest = { path: '/', method: 'GET', headers: '', peer: null }
const everyone: Load = { isReady: () => true, inflight: () => 0, isLate: () => false }

function loadOf(inflight: readonly number[], ready: readonly boolean[] = [true, true, true]): Load {
  return {
    isReady: record => ready[record] === true,
    inflight: record => inflight[record] ?? 0,
    isLate: () => false
  }
}

function groupOf(
  policy: BalancePolicy | BalanceFunction,
  members: readonly Upstream[] = upstreams,
  slowStartMs = 0
): Group {
  const group = new Group('api')
  group.update(members, { policy, slowStartMs })
  return group
}

const table: readonly {
  name: string
  inflight: readonly number[]
  ready?: readonly boolean[]
  turn?: number
  chosen: number | null
}[] = [
  { name: 'takes the one with the fewest in flight', inflight: [3, 1, 2], chosen: 11 },
  { name: 'takes the last one when it has the fewest', inflight: [3, 2, 1], chosen: 12 },
  { name: 'begins ties at the turn', inflight: [0, 0, 0], turn: 1, chosen: 11 },
  { name: 'wraps the turn around', inflight: [0, 0, 0], turn: 5, chosen: 12 },
  { name: 'begins ties that are not idle at the turn', inflight: [2, 2, 2], turn: 2, chosen: 12 },
  {
    name: 'passes over those that are not ready',
    inflight: [0, 5, 6],
    ready: [false, true, true],
    chosen: 11
  },
  { name: 'finds none when none is ready', inflight: [0, 0, 0], ready: [false, false, false], chosen: null },
  { name: 'takes a count below zero for idle', inflight: [1, -1, 0], chosen: 11 }
]

for (const { name, inflight, ready, turn = 0, chosen } of table) {
  test(`leastInflight() ${name}`, () => {
    assert.equal(leastInflight(upstreams, loadOf(inflight, ready), turn)?.id ?? null, chosen)
  })
}

test('leastInflight() finds none among none', () => {
  assert.equal(leastInflight([], everyone, 7), null)
})

test('leastInflight() asks for the generation in the table', () => {
  const load: Load = { ...everyone, isReady: (_record, generation) => generation === 2 }
  assert.equal(leastInflight(upstreams, load, 0), null)
})

const policies: readonly (readonly [string, BalancePolicy | BalanceFunction])[] = [
  ['least-inflight', 'least-inflight'],
  ['round-robin', 'round-robin'],
  ['random', 'random'],
  ['power-of-two', 'power-of-two'],
  ['hash', 'hash:path'],
  ['a function', candidates => candidates[0]],
  ['a function without a preference', () => undefined]
]

for (const [name, policy] of policies) {
  test(`${name} chooses nobody who is not ready, tried or unknown`, () => {
    const group = groupOf(policy)
    const exclusions = { tried: [12], avoided: null, nowMs: 0 }
    for (let i = 0; i < 50; i++) {
      const path = `/${i}`
      const load = loadOf([9, 0, 0], [true, false, true])
      assert.equal(group.choose({ ...request, path }, load, exclusions, 1)?.id, 10)
      assert.equal(group.choose(request, loadOf([], []), null, 1), null)
      assert.equal(group.choose(request, everyone, { ...exclusions, tried: [10, 11, 12] }, 1), null)
    }
  })

  test(`${name} passes over an upstream that is avoided until its time is over, or nobody else is left`, () => {
    const group = groupOf(policy)
    const avoided = new Map([[10, 500]])
    const seen = (tried: readonly number[], nowMs: number): ReadonlySet<number | undefined> => {
      const chosen = Array.from({ length: 200 }, (_, i) => {
        const path = `/${i}`
        return group.choose({ ...request, path }, everyone, { tried, avoided, nowMs }, 1)?.id
      })
      return new Set(chosen)
    }
    assert.equal(seen([], 499).has(10), false)
    assert.deepEqual([...seen([11, 12], 499)], [10])
    assert.deepEqual([...seen([11, 12], 500)], [10])
  })

  test(`${name} passes over a thread that stands still, unless all do${name === 'hash' ? ' not: a key is true to it' : ''}`, () => {
    const group = groupOf(policy)
    const chosenBy = (late: readonly number[]): ReadonlySet<number | undefined> => {
      const load: Load = { ...everyone, isLate: record => late.includes(record) }
      const chosen = Array.from({ length: 200 }, (_, i) => {
        const path = `/${i}`
        return group.choose({ ...request, path }, load, null, 1)?.id
      })
      return new Set(chosen)
    }
    const [first, , third] = upstreams.map(({ record }) => record)
    assert.equal(chosenBy([first ?? -1, third ?? -1]).has(10), name === 'hash')
    assert.equal(chosenBy(upstreams.map(({ record }) => record)).has(undefined), false)
  })

  if (name === 'hash') continue
  test(`${name} gives a new upstream a growing share beside an old one`, t => {
    // Chance that is the same each time: a share is no matter of luck then.
    t.mock.method(Math, 'random', randomFrom(1))
    const group = groupOf(policy, upstreamsOf([-100_000, -100_000, 0]), 1000)
    const shareAt = (nowMs: number): number => {
      let taken = 0
      for (let i = 0; i < 1000; i++) {
        const path = `/${i}`
        if (group.choose({ ...request, path }, everyone, null, nowMs)?.id === 12) taken++
      }
      return taken / 1000
    }
    // A function that always wants the first takes no share away from the last.
    const whole = shareAt(5000)
    assert.ok(shareAt(0) <= whole / 10 + 0.03, `at once ${shareAt(0)} of ${whole}`)
    assert.ok(Math.abs(shareAt(500) - whole / 2) < 0.06, `halfway ${shareAt(500)} of ${whole}`)
  })
}

test('round-robin takes each in turn, whoever joins', () => {
  const group = groupOf('round-robin')
  const next = (): number | undefined => group.choose(request, everyone, null, 1)?.id
  assert.deepEqual([next(), next(), next(), next()], [10, 11, 12, 10])
  group.update(upstreams, { policy: 'round-robin', slowStartMs: 0 })
  assert.equal(next(), 11)
})

test('power-of-two takes the less loaded of two different ones', () => {
  const group = groupOf('power-of-two')
  for (let i = 0; i < 200; i++) {
    assert.notEqual(group.choose(request, loadOf([1, 9, 2]), null, 1)?.id, 11)
  }
})

test('random reaches everyone', () => {
  const group = groupOf('random')
  const seen = new Set(
    Array.from({ length: 200 }, () => group.choose(request, loadOf([1, 9, 2]), null, 1)?.id)
  )
  assert.deepEqual(seen, new Set([10, 11, 12]))
})

test('a function is told of the request and of every candidate', () => {
  const asked: unknown[] = []
  const group = groupOf((candidates, about) => {
    asked.push(candidates, about)
    return candidates[1]
  })
  const full: BalancedRequest = { path: '/a', method: 'PUT', headers: 'a: b\r\n', peer: '::1 5 0 1' }
  assert.equal(group.choose(full, loadOf([4, 5, 6], [true, false, true]), null, 1)?.id, 12)
  assert.deepEqual(asked, [
    [
      { name: 'api:0', meta: { zone: 0 }, inflight: 4 },
      { name: 'api:2', meta: { zone: 2 }, inflight: 6 }
    ],
    { hostname: 'api', ...full }
  ])
})

const keys: readonly (readonly [string, Partial<BalancedRequest>])[] = [
  ['path', { path: '/users/7?page=2' }],
  ['ip', { peer: '10.0.0.7 4711 0 3' }],
  ['header:X-User', { headers: 'host: a\r\nx-user: 7\r\naccept: */*\r\n' }],
  ['header:host', { headers: 'Host: a.local\r\nx-user: 7\r\n' }],
  ['cookie:sid', { headers: 'cookie: a=1; sid=abc; sidx=9\r\n' }]
]

for (const [hash, facts] of keys) {
  test(`hash by ${hash} sends the same key to the same upstream, whatever the load`, () => {
    const group = groupOf(`hash:${hash}` as BalancePolicy)
    const keyed = { ...request, ...facts }
    const chosen = new Set(
      [0, 1, 2].map(busy => {
        const load = loadOf([0, 1, 2].map(record => (record === busy ? 50 : 0)))
        return group.choose(keyed, load, null, 1)?.id
      })
    )
    assert.equal(chosen.size, 1)
    // Without the key there is nothing to be true to.
    if (hash === 'path') return
    assert.equal(group.choose(request, loadOf([1, 0, 1]), null, 1)?.id, 11)
  })
}

test('hash gives a new upstream its whole share at once', () => {
  const group = groupOf('hash:path', upstreamsOf([-100_000, -100_000, 0]), 1000)
  const of = (path: string, nowMs: number): unknown =>
    group.choose({ ...request, path }, everyone, null, nowMs)
  for (let i = 0; i < 50; i++) assert.equal(of(`/${i}`, 1), of(`/${i}`, 5000))
})

test('hash by path does not look at the query', () => {
  const group = groupOf('hash:path')
  const of = (path: string): unknown => group.choose({ ...request, path }, everyone, null, 1)
  for (let i = 0; i < 20; i++) assert.equal(of(`/${i}?a`), of(`/${i}?b`))
})

test('hash spreads keys evenly and moves only the share of the upstream that goes', () => {
  const group = groupOf('hash:path')
  const at = (path: string, load: Load): number => group.choose({ ...request, path }, load, null, 1)?.id ?? -1
  const counts = new Map<number, number>()
  for (let i = 0; i < 3000; i++) {
    const path = `/item/${i}`
    const before = at(path, everyone)
    counts.set(before, (counts.get(before) ?? 0) + 1)
    const after = at(path, loadOf([], [true, false, true]))
    if (before !== 11) assert.equal(after, before, path)
  }
  for (const count of counts.values()) assert.ok(count > 850 && count < 1150, String(count))
})

test('isLate() asks no address for a heartbeat', () => {
  const [upstream] = upstreams
  assert.ok(upstream !== undefined)
  const load: Load = { ...everyone, isLate: () => true }
  assert.deepEqual(
    [isLate(upstream, load, 1), isLate({ ...upstream, address: 'http://127.0.0.1:1' }, load, 1)],
    [true, false]
  )
})
