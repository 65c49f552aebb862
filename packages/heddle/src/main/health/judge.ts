/**
 * Judges one worker by what was seen of it over one interval, and by what was seen of the others of its
 * application meanwhile.
 *
 * Pure: no clock, no thread, no memory of earlier checks; `tally.ts` counts. What every worker has at the same
 * time, load or a database that is slow, says nothing of one of them, and a fresh worker would not cure it. So
 * event loop utilization, response time and errors count against a worker only when most others are better.
 */
import type { ResolvedHealth } from '../../config/resolved.ts'

/** What was seen of a worker over one interval. Milliseconds and bytes; `null` where there was nothing to see. */
export interface Sample {
  /** Since its event loop last turned. */
  readonly standsStillMs: number
  /** Event loop utilization, 0 to 1. */
  readonly elu: number | null
  readonly heapUsed: number
  /** 0 as long as the worker has not said. */
  readonly heapLimit: number
  readonly external: number
  /** 99th percentile. */
  readonly loopDelayMs: number
  /** Requests that ended, with an answer or without. */
  readonly answers: number
  /** Part of them that were errors. */
  readonly errorRate: number | null
  /** 99th percentile of the times to the response head. */
  readonly responseMs: number | null
  /** What the checks of the application say that is wrong, one sentence each. */
  readonly complaints: readonly string[]
  /** For how long a worker that has checks has not answered one. */
  readonly silentMs: number | null
}

/** What became of it: good, or the reasons why not, each a sentence with the value and the limit. */
export interface Verdict {
  readonly good: boolean
  readonly reasons: readonly string[]
}

/** How much less busy the others have to be before one that is always busy stands out. */
const clearlyLess = 0.1

/** A worker that answers more than this many times what the others do is busy with that. */
const fairShare = 1.25

/** Milliseconds by which answers of checks may be late before their silence counts: one round, and the machine's. */
const silenceGraceMs = 1000

/**
 * The verdict on one worker.
 *
 * @param others What was seen of those of its application that took requests in the same interval.
 */
export function judge(sample: Sample, others: readonly Sample[], limits: ResolvedHealth): Verdict {
  // Nothing else is known of a worker that does not turn: what it wrote last is old.
  const stands = judgeTurning(sample, limits)
  const found = stands === null ? judgeRest(sample, others, limits) : [stands]
  const reasons = found.filter(reason => reason !== null)
  return { good: reasons.length === 0, reasons }
}

/** A block of fewer milliseconds is no bad check, however short the interval: it is the business of ejection. */
const blockMinMs = 1000

/** Milliseconds without a turn of the event loop after which a check is bad. */
export function turnLimit({ interval }: ResolvedHealth): number {
  return Math.max(interval, blockMinMs)
}

/** It has not turned once in a whole interval. */
function judgeTurning({ standsStillMs }: Sample, limits: ResolvedHealth): string | null {
  const limitMs = turnLimit(limits)
  if (standsStillMs < limitMs) return null
  return `its event loop has not turned for ${seconds(standsStillMs)} (limit ${seconds(limitMs)})`
}

function judgeRest(
  sample: Sample,
  others: readonly Sample[],
  limits: ResolvedHealth
): readonly (string | null)[] {
  return [
    judgeUtilization(sample, others, limits),
    judgeHeap(sample, limits),
    judgeExternal(sample, limits),
    judgeDelay(sample, limits),
    judgeResponses(sample, others, limits),
    judgeErrors(sample, others, limits),
    ...sample.complaints,
    judgeSilence(sample, limits)
  ]
}

/**
 * A busy event loop is no illness: one that is always busy has more work than one thread can do, and a fresh
 * one would have the same, with cold caches. It is one when the others of the same code are clearly less busy
 * while this one answers no more than they do. So with one worker it never is, nor when all are busy.
 */
function judgeUtilization(sample: Sample, others: readonly Sample[], limits: ResolvedHealth): string | null {
  const { maxELU } = limits
  const { elu, answers } = sample
  if (maxELU === 0 || elu === null || elu <= maxELU) return null
  const usual = median(others.flatMap(other => other.elu ?? []))
  if (usual === null || usual > maxELU - clearlyLess) return null
  const usualAnswers = median(others.map(other => other.answers)) ?? 0
  if (answers > usualAnswers * fairShare) return null
  return `event loop utilization is ${ratio(elu)} (limit ${ratio(maxELU)}) while that of others is ${ratio(usual)}`
}

function judgeHeap({ heapUsed, heapLimit }: Sample, { maxHeapUsed }: ResolvedHealth): string | null {
  if (maxHeapUsed === 0 || heapLimit === 0 || heapUsed <= heapLimit * maxHeapUsed) return null
  const part = percent(heapUsed / heapLimit)
  return `heap in use is ${part} of ${mebibytes(heapLimit)} (limit ${percent(maxHeapUsed)})`
}

function judgeExternal({ external }: Sample, { maxExternal }: ResolvedHealth): string | null {
  const limit = maxExternal * 1024 ** 2
  if (limit === 0 || external <= limit) return null
  return `memory outside of the heap is ${mebibytes(external)} (limit ${mebibytes(limit)})`
}

function judgeDelay({ loopDelayMs }: Sample, { maxLoopDelay }: ResolvedHealth): string | null {
  if (maxLoopDelay === 0 || loopDelayMs <= maxLoopDelay) return null
  return `event loop delay is ${milliseconds(loopDelayMs)} (99th percentile; limit ${milliseconds(maxLoopDelay)})`
}

function judgeResponses(sample: Sample, others: readonly Sample[], limits: ResolvedHealth): string | null {
  const { maxResponseTime } = limits
  const { responseMs } = sample
  if (maxResponseTime === 0 || responseMs === null || responseMs <= maxResponseTime) return null
  if (isUsual(others, ({ responseMs: theirs }) => theirs, maxResponseTime)) return null
  const limit = milliseconds(maxResponseTime)
  return `response time is ${milliseconds(responseMs)} (99th percentile; limit ${limit})`
}

function judgeErrors(sample: Sample, others: readonly Sample[], limits: ResolvedHealth): string | null {
  const { maxErrorRate } = limits
  const { errorRate, answers } = sample
  if (maxErrorRate === 0 || errorRate === null || errorRate <= maxErrorRate) return null
  if (isUsual(others, ({ errorRate: theirs }) => theirs, maxErrorRate)) return null
  return `${percent(errorRate)} of ${answers} requests failed (limit ${percent(maxErrorRate)})`
}

function judgeSilence({ silentMs }: Sample, { interval, timeout }: ResolvedHealth): string | null {
  const limitMs = interval + timeout + silenceGraceMs
  if (silentMs === null || silentMs < limitMs) return null
  return `its checks have not answered for ${seconds(silentMs)} (limit ${seconds(limitMs)})`
}

/** Whether most others are beyond the limit as well. */
function isUsual(others: readonly Sample[], read: (sample: Sample) => number | null, limit: number): boolean {
  const usual = median(others.flatMap(other => read(other) ?? []))
  return usual !== null && usual > limit
}

/** The middle of some numbers, the lower one of two; `null` of none. */
export function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(1))} %`
}

/** Three places: what is beyond a limit of 0.98 must not read 0.98. */
function ratio(part: number): string {
  return String(Number(part.toFixed(3)))
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}
