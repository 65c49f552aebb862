/**
 * What the applications did in the last minute, from one look at the server to the next.
 *
 * Main thread of a command; pure. Requests are counted from differences, so that a gap is an average and no loss.
 */
import type { StatusReport } from '../../main/admin/report.ts'

/** Looks that are remembered: a minute of them. */
export const historyLength = 60

/** One look at one application. `null` where nothing was seen. */
export interface Sample {
  /** Requests answered a second since the look before. */
  readonly perSecond: number | null
  readonly p99Ms: number | null
}

/** What was seen, by application; the newest last. */
export interface History {
  readonly samples: ReadonlyMap<string, readonly Sample[]>
  /** What the next look is compared with; `null` before the first. */
  readonly last: Counts | null
}

interface Counts {
  readonly pid: number
  readonly uptimeMs: number
  readonly answered: ReadonlyMap<string, number>
}

/** Nothing has been seen. */
export const noHistory: History = { samples: new Map(), last: null }

/** The history with one more look. Applications that are gone are forgotten. */
export function remember({ samples, last }: History, report: StatusReport): History {
  const answered = new Map(
    report.applications.map(({ id, workers }) => [
      id,
      workers.reduce((total, worker) => total + worker.requests, 0)
    ])
  )
  const isSame = last !== null && last.pid === report.pid && last.uptimeMs < report.uptimeMs
  const passedMs = isSame ? report.uptimeMs - last.uptimeMs : 0
  const next = report.applications.map(({ id, recent }) => {
    const before = isSame ? last.answered.get(id) : undefined
    const count = (answered.get(id) ?? 0) - (before ?? 0)
    // Fewer than before: workers have gone, and what they had counted with them.
    const perSecond = before === undefined || count < 0 ? null : (count * 1000) / passedMs
    const earlier = isSame || last === null ? (samples.get(id) ?? []) : []
    return [id, [...earlier, { perSecond, p99Ms: recent.p99Ms }].slice(-historyLength)] as const
  })
  return { samples: new Map(next), last: { pid: report.pid, uptimeMs: report.uptimeMs, answered } }
}
