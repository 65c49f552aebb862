/** When a worker is replaced for want of memory, which one, and in what order: as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hasRoomToSpare, reliefFor, reliefWords, strainOf } from '../../../src/main/machine/guard-policy.ts'
import type { Candidate, MemoryLook, Relief } from '../../../src/main/machine/guard-policy.ts'

const mebibyte = 1024 ** 2
const limitMb = 1000

/** Looks once a second; the numbers are MiB in use of a thousand. */
function looks(used: readonly number[], stalled: number | null = null): readonly MemoryLook[] {
  return used.map((usedMb, index) => ({
    at: 1_000_000 + index * 1000,
    limitBytes: limitMb * mebibyte,
    freeBytes: (limitMb - usedMb) * mebibyte,
    stalled
  }))
}

function steady(usedMb: number): readonly MemoryLook[] {
  return looks(Array.from({ length: 10 }, () => usedMb))
}

/** Ten seconds that end at so much, having grown by so much a second. */
function rising(endMb: number, mbPerSecond: number): readonly MemoryLook[] {
  return looks(Array.from({ length: 11 }, (_, index) => endMb - mbPerSecond * (10 - index)))
}

function candidate(heldMb: number, changes: Partial<Candidate> = {}): Candidate {
  return {
    worker: `api:${heldMb}`,
    maxMemory: 0.9,
    heldBytes: heldMb * mebibyte,
    freshBytes: 20 * mebibyte,
    turns: true,
    others: 1,
    ...changes
  }
}

test('strainOf() tells a full container from one that fills up', () => {
  const table: readonly [string, readonly MemoryLook[], string][] = [
    ['nothing seen', [], 'none'],
    ['plenty', steady(500), 'none'],
    ['much, and no more', steady(890), 'none'],
    ['above the limit, and no more', steady(930), 'none'],
    ['above the limit, hours away from the end', rising(930, 0.01), 'none'],
    ['above the limit, a minute away from the end', rising(930, 1.2), 'near'],
    ['half way from there to the end, whatever it does', steady(955), 'near'],
    ['the same, growing slowly', rising(955, 1), 'urgent'],
    ['less, but for seconds only', rising(800, 25), 'urgent'],
    ['little, but gone at once', rising(700, 120), 'urgent'],
    ['little, and fast', rising(600, 60), 'none'],
    ['one look, far up', looks([980]), 'near'],
    ['less than a second of looks', looks([700, 700]).slice(0, 1), 'none'],
    ['one step, which is over', looks([300, 300, 300, 870, 870, 870, 870]), 'none'],
    ['given back again', rising(930, -10), 'none'],
    ['waiting for memory most of the time', looks([850, 850, 850], 15), 'near'],
    ['waiting for the memory of others', looks([500, 500, 500], 50), 'none']
  ]
  for (const [name, seen, level] of table) assert.equal(strainOf(seen, 0.9).level, level, name)
  assert.equal(strainOf(steady(999), 0).level, 'none', 'nobody wants it')
  assert.equal(strainOf(rising(720, 3), 0.7).level, 'none')
  assert.equal(strainOf(rising(720, 6), 0.7).level, 'near', 'a lower limit')
})

test('strainOf() does not take a smaller container for growth', () => {
  const before = { at: 0, limitBytes: 2000 * mebibyte, freeBytes: 1090 * mebibyte, stalled: null }
  const after = { at: 5000, limitBytes: 1000 * mebibyte, freeBytes: 90 * mebibyte, stalled: null }
  assert.equal(strainOf([before, after], 0.9).bytesPerSecond, 0)
})

interface Case {
  readonly looks: readonly MemoryLook[]
  readonly candidates: readonly Candidate[]
  readonly replacedAt?: readonly number[]
}

const now = 1_010_000

const cases: readonly [string, Case, string][] = [
  ['nobody without need', { looks: steady(500), candidates: [candidate(400)] }, 'none'],
  [
    'who gives most back',
    { looks: rising(910, 2), candidates: [candidate(100), candidate(300), candidate(200)] },
    'api:300 beside'
  ],
  [
    'who gives most back, not who holds most',
    {
      looks: rising(910, 2),
      candidates: [candidate(300, { freshBytes: 290 * mebibyte }), candidate(200)]
    },
    'api:200 beside'
  ],
  [
    'the old one first, when a fresh one has no room',
    { looks: rising(960, 2), candidates: [candidate(300)] },
    'api:300 first within 10000'
  ],
  [
    'the old one first, when there is room now and none any more when the fresh one is there',
    { looks: rising(900, 25), candidates: [candidate(300)] },
    'api:300 first within 4000'
  ],
  [
    'the old one first, with little time where there is little',
    { looks: rising(950, 100), candidates: [candidate(300), candidate(200)] },
    'api:300 first within 1000'
  ],
  [
    'the only one beside, when there is room',
    { looks: rising(910, 2), candidates: [candidate(300, { others: 0 })] },
    'api:300 beside'
  ],
  [
    'the only one first, when all would be lost otherwise',
    { looks: rising(970, 2), candidates: [candidate(300, { others: 0 })] },
    'api:300 first within 5000'
  ],
  [
    'not the only one first, as long as there is time',
    { looks: steady(970), candidates: [candidate(300, { others: 0 })] },
    'none'
  ],
  [
    'the next one, when the only one has to wait',
    { looks: steady(970), candidates: [candidate(300, { others: 0 }), candidate(200)] },
    'api:200 first within 10000'
  ],
  [
    'nobody who does not turn',
    { looks: rising(910, 2), candidates: [candidate(300, { turns: false }), candidate(200)] },
    'api:200 beside'
  ],
  [
    'nobody of an application that wants none of it',
    { looks: rising(910, 2), candidates: [candidate(300, { maxMemory: 0 }), candidate(200)] },
    'api:200 beside'
  ],
  [
    'nobody when workers hold little, and says so',
    { looks: rising(910, 2), candidates: [candidate(40), candidate(45)] },
    'warn'
  ],
  ['nobody without workers', { looks: steady(970), candidates: [] }, 'none'],
  [
    'nobody again within a minute',
    { looks: rising(910, 2), candidates: [candidate(300)], replacedAt: [now - 59_000] },
    'none'
  ],
  [
    'another one after a minute',
    { looks: rising(910, 2), candidates: [candidate(300)], replacedAt: [now - 61_000] },
    'api:300 beside'
  ],
  [
    'nobody after a minute when the last ones have not helped',
    {
      looks: rising(910, 2),
      candidates: [candidate(300)],
      replacedAt: [now - 300_000, now - 200_000, now - 61_000]
    },
    'none'
  ],
  [
    'another one at once when all would be lost otherwise',
    { looks: rising(970, 2), candidates: [candidate(300)], replacedAt: [now - 2000] },
    'api:300 first within 10000'
  ]
]

test('strainOf() does not take the start of workers for growth that goes on', () => {
  const used = [500, 500, 500, 600, 700, 800]
  const seen = (loadedMb: readonly number[], startedMb: readonly number[]): readonly MemoryLook[] =>
    looks(used).map((look, index) =>
      Object.assign(look, {
        loadedBytes: (loadedMb[index] ?? 0) * mebibyte,
        startedBytes: (startedMb[index] ?? 0) * mebibyte
      })
    )
  assert.equal(strainOf(seen([], []), 0.9).level, 'urgent')
  const booting = seen([0, 0, 0, 0, 0, 300], [0, 0, 0, 300, 300, 300])
  assert.equal(strainOf(booting, 0.9).level, 'none')
  // Looks that begin while they load: most is still to come.
  assert.equal(strainOf(booting.slice(3), 0.9).level, 'none')
  // That hides nothing for longer than they take.
  const leak = looks([500, 530, 560, 590, 620, 650, 680, 710, 740, 770]).map((look, index) =>
    Object.assign(look, { loadedBytes: index === 0 ? 0 : 200 * mebibyte, startedBytes: 200 * mebibyte })
  )
  assert.equal(strainOf(leak, 0.9).bytesPerSecond, 30 * mebibyte)
  // Those that had loaded before are no reason.
  const before = used.map(() => 300)
  assert.equal(strainOf(seen(before, before), 0.9).level, 'urgent')
})

test('hasRoomToSpare() keeps a reserve, and what was promised to others', () => {
  const memory = { limitBytes: 1000 * mebibyte, freeBytes: 200 * mebibyte }
  assert.equal(hasRoomToSpare(memory, 100 * mebibyte, 0), true)
  assert.equal(hasRoomToSpare(memory, 101 * mebibyte, 0), false)
  assert.equal(hasRoomToSpare(memory, 100 * mebibyte, 1), false)
  const small = { limitBytes: 100 * mebibyte, freeBytes: 60 * mebibyte }
  assert.equal(hasRoomToSpare(small, 30 * mebibyte, 0), false)
})

for (const [name, { looks: seen, candidates, replacedAt = [] }, expected] of cases) {
  test(`reliefFor() replaces ${name}`, () => {
    assert.equal(words(reliefFor(seen, candidates, replacedAt)), expected)
  })
}

function words(relief: Relief): string {
  if (relief.act !== 'replace') return relief.act
  const { candidate: chosen, vacateMs } = relief
  return vacateMs === null ? `${chosen.worker} beside` : `${chosen.worker} first within ${vacateMs}`
}

test('reliefWords() has the numbers', () => {
  const relief = reliefFor(rising(970, 2), [candidate(300)], [])
  assert.ok(relief.act === 'replace')
  assert.equal(
    reliefWords(relief),
    'the container has 30 MiB of 1000 MiB left, enough for 15 s; this worker holds 300 MiB, and there is no room for its successor beside it'
  )
  const calm = reliefFor(steady(955), [candidate(300, { freshBytes: 0 })], [])
  assert.ok(calm.act === 'replace')
  assert.equal(reliefWords(calm), 'the container has 45 MiB of 1000 MiB left; this worker holds 300 MiB')
})
