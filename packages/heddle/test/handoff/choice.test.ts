/** Tests which worker a connection is handed to, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { chooseWorker, staleMs } from '../../src/handoff/choice.ts'

interface Paper {
  readonly ready?: boolean
  readonly age?: number
  readonly has?: number
}

function choose(papers: readonly Paper[], turn: number): number {
  const workers = papers.map(({ ready = true, age = 0, has = 0 }) => ({
    isReady: () => ready,
    heartbeatAge: () => age,
    connections: () => has
  }))
  const chosen = chooseWorker(workers, turn)
  return chosen === null ? -1 : workers.indexOf(chosen)
}

const table: readonly [what: string, workers: readonly Paper[], turn: number, chosen: number][] = [
  ['nobody is there', [], 0, -1],
  ['one is there', [{}], 7, 0],
  ['the one with the fewest', [{ has: 3 }, { has: 1 }, { has: 2 }], 0, 1],
  ['wherever the look begins', [{ has: 3 }, { has: 1 }, { has: 2 }], 2, 1],
  ['ties go in turn: the first', [{}, {}, {}], 0, 0],
  ['ties go in turn: the second', [{}, {}, {}], 1, 1],
  ['ties go in turn: the first again', [{}, {}, {}], 3, 0],
  ['a tie among the fewest', [{ has: 1 }, { has: 9 }, { has: 1 }], 1, 2],
  ['one that is not ready gets none', [{ ready: false }, { has: 100 }], 0, 1],
  ['one that is blocked gets none', [{ age: staleMs + 1 }, { has: 100 }], 0, 1],
  ['one that is merely slow does', [{ age: staleMs }, { has: 100 }], 0, 0],
  ['none is ready', [{ ready: false }, { ready: false }], 1, -1],
  ['all are blocked', [{ age: 10_000 }, { age: 10_000 }], 1, -1]
]

for (const [what, workers, turn, chosen] of table) {
  test(`chooseWorker() when ${what}`, () => {
    assert.equal(choose(workers, turn), chosen)
  })
}
