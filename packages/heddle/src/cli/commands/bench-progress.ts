/**
 * The line that tells how a load test goes, on a terminal. Main thread of a command.
 */
import { Histogram } from '../load-test/histogram.ts'
import type { LoadCounts, LoadPlan } from '../load-test/messages.ts'
import { failures } from '../load-test/targets.ts'
import { paint } from '../paint.ts'
import { counted, duration, latency, rate } from '../terminal/amounts.ts'
import { clip } from '../terminal/clip.ts'

/** A line that is drawn again and again, and gone at the end. */
export interface ProgressLine {
  show(counts: LoadCounts): void
  end(): void
}

/** A line on that stream; nothing when it is no terminal. */
export function progressLine(plan: LoadPlan, out: NodeJS.WriteStream): ProgressLine {
  if (!out.isTTY) return { show() {}, end() {} }
  const draw = (text: string): void =>
    void out.write(`\r\u001B[K${paint('dim', clip(`  ${text}`, (out.columns || 80) - 1), out)}`)
  return {
    show: counts => draw(progressText(plan, counts)),
    end: () => void out.write('\r\u001B[K')
  }
}

/** How far it is, in words. */
export function progressText({ durationMs, amount }: LoadPlan, counts: LoadCounts): string {
  const { elapsedMs, seconds, sent, latency: times } = counts
  if (elapsedMs <= 0) return 'warming up'
  const far =
    amount === null
      ? `${duration(elapsedMs)} of ${duration(durationMs)}`
      : `${counted(counts.answered, 'request')} of ${amount}`
  const histogram = new Histogram()
  histogram.add(times)
  const p99 = histogram.percentile(0.99)
  const last = seconds.at(-2)
  return [
    far,
    ...(last === undefined ? [] : [`${rate(last)} requests/s`]),
    ...(p99 === null ? [] : [`p99 ${latency(p99)}`]),
    ...(sent === 0 ? [] : [counted(failures(counts), 'error')])
  ].join(', ')
}
