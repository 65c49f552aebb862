/**
 * In which order applications start; backwards it is the order in which they stop.
 *
 * Main thread only. Pure.
 */
import assert from 'node:assert/strict'

import type { ResolvedApplication } from '../config/resolved.ts'

/**
 * Groups applications into levels: each one's dependencies are all in earlier levels, and those of one
 * level start at the same time.
 *
 * @param last Id of an application that is to start alone at the end unless another one depends on it.
 */
export function bootLevels(
  applications: readonly ResolvedApplication[],
  last: string | null
): readonly (readonly ResolvedApplication[])[] {
  const isNeeded = applications.some(({ dependencies }) => last !== null && dependencies.includes(last))
  const [held, free] = partition(applications, ({ id }) => id === last && !isNeeded)
  const levels: ResolvedApplication[][] = []
  const done = new Set<string>()
  let waiting = free
  while (waiting.length > 0) {
    const [level, rest] = partition(waiting, ({ dependencies }) => dependencies.every(id => done.has(id)))
    assert(level.length > 0, 'the configuration lets no dependency be unknown or go round in a circle')
    levels.push(level)
    for (const { id } of level) done.add(id)
    waiting = rest
  }
  return held.length === 0 ? levels : [...levels, held]
}

function partition<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(belongs), items.filter(item => !belongs(item))]
}
