/**
 * Notices files that are no code and that an application writes itself when it starts: a restart for each of them would never come to an end.
 *
 * Main thread only. It decides by when files have changed alone, and knows no file.
 */

/** Starts in a row in which a file has to change. Nobody saves a file during each of so many. */
const startsMin = 5

/** Milliseconds after a start in which what is written may still come from it. */
const afterMs = 500

/** Whether a change counts; `known-now` is what the application writes itself, found out by this change. */
export type Verdict = 'meant' | 'known-now' | 'known'

interface Starts {
  count: number
  isUnderWay: boolean
  endedAt: number
  /** By file, the number of the last start in which it changed, and in how many in a row. */
  readonly written: Map<string, { readonly last: number; readonly row: number }>
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
    if (!starts.isUnderWay && at - starts.endedAt > afterMs) {
      written.delete(file)
      return 'meant'
    }
    const before = written.get(file)
    const isSameStart = before?.last === count
    const isNext = before?.last === count - 1
    const row = before === undefined || !(isSameStart || isNext) ? 1 : before.row + (isNext ? 1 : 0)
    written.set(file, { last: count, row })
    if (row < startsMin) return 'meant'
    return row === startsMin && !isSameStart ? 'known-now' : 'known'
  }

  #of(id: string): Starts {
    const known = this.#byApplication.get(id)
    if (known !== undefined) return known
    const fresh: Starts = { count: 0, isUnderWay: false, endedAt: -Infinity, written: new Map() }
    this.#byApplication.set(id, fresh)
    return fresh
  }
}
