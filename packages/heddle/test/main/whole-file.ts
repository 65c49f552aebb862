/**
 * What lives as long as the tests of a file do: one server for all of them costs a start instead of one for each.
 *
 * Runs in the thread of the tests.
 */
import { after } from 'node:test'

/** For as long as it lasts something is kept: a test, or all tests of a file. */
export interface Scope {
  /** Has something done when it is over. */
  after(end: () => Promise<void> | void): void
}

/** The tests of the file that calls it. What was begun last is ended first. */
export function wholeFile(): Scope {
  const ends: (() => Promise<void> | void)[] = []
  after(async () => {
    for (const end of ends.toReversed()) await end()
  })
  return { after: end => void ends.push(end) }
}
