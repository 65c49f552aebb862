/**
 * Notices files that are no code and that an application writes itself when it starts: a restart for each of them would never come to an end.
 *
 * Main thread only. It decides by when files have changed alone, and knows no file.
 */

/** Starts in a row in which a file has to change. Nobody saves a file during each of so many. */
const startsMin = 5

/** Milliseconds after a start in which what is written may still come from it. */
const afterMs = 500

/**
 * So often somebody is believed who changes such a file later, and is not there when it changes in the start he has caused
 * as well: then it is a log that somebody keeps, say with `tee`.
 */
const doubtsMax = 3

/**
 * Whether a change counts. `known-now` is what the application writes itself when it starts, `left-out` what counts no more
 * at all; both are found out by this change.
 */
export type Verdict = 'meant' | 'known-now' | 'known' | 'left-out'

/** What is known of one file. */
interface Written {
  /** The number of the last start in which it changed, and in how many in a row. */
  last: number
  row: number
  isKnown: boolean
  /** Whether it was believed after it was known. */
  isDoubted: boolean
  /** How often that was wrong. */
  doubts: number
}

interface Starts {
  count: number
  isUnderWay: boolean
  endedAt: number
  readonly written: Map<string, Written>
}

/** What the applications write. Times are those of one clock, in milliseconds. */
export class SelfWritten {
  readonly #byApplication = new Map<string, Starts>()

  begin(id: string): void {
    const starts = this.#of(id)
    starts.count++
    starts.isUnderWay = true
  }

  end(id: string, at: number): void {
    const starts = this.#of(id)
    starts.isUnderWay = false
    starts.endedAt = at
  }

  /** Whether a file that has changed is to have the application started anew. */
  judge(id: string, file: string, at: number): Verdict {
    const starts = this.#of(id)
    const { count, written } = starts
    const before = written.get(file)
    if (before !== undefined && before.doubts >= doubtsMax) return 'known'
    if (!starts.isUnderWay && at - starts.endedAt > afterMs) {
      if (before?.isKnown === true) before.isDoubted = true
      else written.delete(file)
      return 'meant'
    }
    if (before?.isKnown === true) return relapse(before)
    const isSameStart = before?.last === count
    const isNext = before?.last === count - 1
    const row = before === undefined || !(isSameStart || isNext) ? 1 : before.row + (isNext ? 1 : 0)
    const isKnown = row >= startsMin
    written.set(file, { last: count, row, isKnown, isDoubted: false, doubts: 0 })
    return isKnown ? 'known-now' : 'meant'
  }

  #of(id: string): Starts {
    const known = this.#byApplication.get(id)
    if (known !== undefined) return known
    const fresh: Starts = { count: 0, isUnderWay: false, endedAt: -Infinity, written: new Map() }
    this.#byApplication.set(id, fresh)
    return fresh
  }
}

/** It is written by a start once more; whether that start was for it tells what it is. */
function relapse(file: Written): Verdict {
  if (!file.isDoubted) return 'known'
  file.isDoubted = false
  file.doubts++
  return file.doubts >= doubtsMax ? 'left-out' : 'known'
}
