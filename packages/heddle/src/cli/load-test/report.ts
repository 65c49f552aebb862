/**
 * The outcome of a load test as text for people, and as a value for programs. Main thread of a command; pure.
 */
import { counted, duration, latency, rate, share, size } from '../terminal/amounts.ts'
import { tableLines } from '../terminal/table.ts'
import { chartLines } from './chart.ts'
import { Histogram } from './histogram.ts'
import type { LoadCounts, LoadPlan } from './messages.ts'
import type { SeenTime, ServerView, WorkerView } from './server-view.ts'
import { failures, requestsPerSecond } from './targets.ts'
import type { Verdict } from './targets.ts'

/** All there is to tell. */
export interface LoadReport {
  readonly plan: LoadPlan
  readonly counts: LoadCounts
  readonly verdicts: readonly Verdict[]
  readonly server: ServerView | null
  /** Whether it was ended early. */
  readonly isInterrupted: boolean
}

/** Puts a text into a style. */
export type Dress = (style: 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string) => string

/** What is shown of the times. */
const percentiles: readonly (readonly [string, number])[] = [
  ['p50', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p97.5', 0.975],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['max', 1]
]

/** Beyond this part of its time a thread that sends measures itself. */
const busyMax = 0.9
/** And when it is later than this by itself. Milliseconds. */
const lateMaxMs = 20
/** With less than this part of the wanted rate it was not held. */
const heldMin = 0.98

/** The report as lines, no wider than that. */
export function reportLines(report: LoadReport, width: number, dress: Dress): readonly string[] {
  const { counts, verdicts, server } = report
  const blocks = [
    [titleOf(report, dress)],
    summaryLines(report, dress),
    latencyLines(report, width, dress),
    chartLines(histogramOf(counts), width),
    server === null ? [] : serverLines(server, dress),
    warningsOf(report).map(text => `${dress('yellow', 'Warning:')} ${text}`),
    [...silenceOf(report, dress), ...verdicts.map(verdict => verdictLine(verdict, dress))]
  ]
  return blocks
    .filter(block => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : [''].concat(block)))
}

/** Nothing was wanted, and not even that was met. */
function silenceOf({ counts, isInterrupted }: LoadReport, dress: Dress): readonly string[] {
  return counts.answered === 0 && !isInterrupted ? [`${dress('red', '✘')} no request was answered`] : []
}

function histogramOf(counts: LoadCounts): Histogram {
  const histogram = new Histogram()
  histogram.add(counts.latency)
  return histogram
}

function titleOf({ plan, counts, isInterrupted }: LoadReport, dress: Dress): string {
  const { request, connections, pipelining, rate: wanted, warmUpMs } = plan
  const parts = [
    counted(connections, 'connection'),
    ...(pipelining > 1 ? [`${pipelining} requests at a time on each`] : []),
    ...(wanted === null ? [] : [`${wanted} requests a second wanted`]),
    `${duration(counts.elapsedMs)}${isInterrupted ? ', ended early' : ''}`,
    ...(warmUpMs > 0 ? [`after ${duration(warmUpMs)} of warm-up`] : [])
  ]
  return `${dress('bold', `${request.method} ${request.url}`)}: ${parts.join(', ')}`
}

function summaryLines({ counts }: LoadReport, dress: Dress): readonly string[] {
  const { answered, sent, bytes, elapsedMs } = counts
  const perSecond = requestsPerSecond(counts)
  const left = sent - answered
  const rows: readonly (readonly [string, string])[] = [
    [
      'Requests',
      `${answered} answered${left > 0 ? ` of ${sent}` : ''}${perSecond === null ? '' : `, ${rate(perSecond)}/s${spreadOf(counts)}`}`
    ],
    ['Traffic', `${size(bytes)}${elapsedMs > 0 ? `, ${size((bytes * 1000) / elapsedMs)}/s` : ''}`],
    ['Status', statusText(counts, dress)],
    ['Errors', errorText(counts, dress)]
  ]
  return rows.map(([name, text]) => `${name.padEnd(9)} ${text}`)
}

/** How even it was: of whole seconds only. */
function spreadOf({ seconds, elapsedMs }: LoadCounts): string {
  const whole = seconds.slice(0, Math.floor(elapsedMs / 1000 + 0.01))
  if (whole.length < 2) return ''
  const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length
  const deviation = Math.sqrt(whole.reduce((sum, value) => sum + (value - mean) ** 2, 0) / whole.length)
  return ` (± ${rate(deviation)}, from ${rate(Math.min(...whole))} to ${rate(Math.max(...whole))})`
}

function statusText({ statuses }: LoadCounts, dress: Dress): string {
  const entries = Object.entries(statuses).toSorted(([a], [b]) => a.localeCompare(b))
  const texts = entries.map(([status, count]) => {
    const style = status >= '500' ? 'red' : status >= '400' ? 'yellow' : 'green'
    return `${dress(style, status)} ${count}`
  })
  return texts.length === 0 ? 'none' : texts.join(', ')
}

const errorWords: Readonly<Record<string, string>> = {
  timeout: 'not answered in time',
  closed: 'connection closed before the answer',
  unanswered: 'left when the test was ended',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset'
}

function errorText({ errors }: LoadCounts, dress: Dress): string {
  const entries = Object.entries(errors).toSorted(([, a], [, b]) => b - a)
  if (entries.length === 0) return 'none'
  return entries
    .map(([kind, count]) => `${dress('red', String(count))} ${errorWords[kind] ?? kind}`)
    .join(', ')
}

/** Which times are left out first where there is no room for all. */
const ranks: Readonly<Record<string, number>> = { '±': 5, 'p97.5': 4, p75: 3, 'p99.9': 2, mean: 1 }

function latencyLines({ plan, counts }: LoadReport, width: number, dress: Dress): readonly string[] {
  const rows = [
    { name: plan.rate === null ? 'Latency' : 'Latency from when due', histogram: histogramOf(counts) },
    ...(plan.rate === null ? [] : [{ name: 'from when sent', histogram: serviceOf(counts) }])
  ]
  if (rows[0]?.histogram.most === null) return []
  return tableLines(
    [
      { head: '', cell: ({ name }) => name },
      ...percentiles.map(([head, part]) => ({
        head,
        isRight: true,
        rank: ranks[head] ?? 0,
        cell: ({ histogram }: (typeof rows)[number]) => fine(histogram.percentile(part)),
        paint: (text: string) => (head === 'p99' ? dress('bold', text) : text)
      })),
      {
        head: 'mean',
        isRight: true,
        rank: ranks['mean'] ?? 0,
        cell: ({ histogram }) => fine(histogram.mean)
      },
      { head: '±', isRight: true, rank: ranks['±'] ?? 0, cell: ({ histogram }) => fine(histogram.deviation) }
    ],
    rows,
    width
  )
}

function serviceOf(counts: LoadCounts): Histogram {
  const histogram = new Histogram()
  histogram.add(counts.service)
  return histogram
}

/** A time with a digit more than tables of live numbers have. */
function fine(ms: number | null): string {
  if (ms === null) return '–'
  return ms < 0.995 ? `${ms.toFixed(2)} ms` : latency(ms)
}

function serverLines(
  { application, requests, workers, queue, response, processCpus }: ServerView,
  dress: Dress
) {
  const table = tableLines<WorkerView>(
    [
      { head: 'WORKER', cell: ({ name }) => name },
      { head: 'REQUESTS', isRight: true, cell: each => String(each.requests) },
      { head: 'SHARE', isRight: true, cell: each => share(each.share) },
      { head: 'CPUS', isRight: true, cell: ({ cpus }) => cpus.toFixed(2) },
      { head: 'BUSY', isRight: true, cell: ({ busy }) => share(busy) }
    ],
    workers
  )
  return [
    dress(
      'bold',
      `What the server saw of ${application}: ${counted(requests, 'request')}, ${processCpus.toFixed(1)} CPUs in the whole process`
    ),
    ...table,
    `waiting for a worker: ${seenText(queue)}`,
    `in the worker, until the head of the response: ${seenText(response)}`
  ]
}

function seenText({ mean, p99, isBelow }: SeenTime): string {
  if (mean === null || p99 === null) return 'nothing seen'
  return `mean ${fine(mean)}, p99 ${p99 === 0 ? 'none' : `${isBelow ? 'under' : 'about'} ${fine(p99)}`}`
}

/** What makes the numbers worth less than they look. */
export function warningsOf({ plan, counts }: Pick<LoadReport, 'plan' | 'counts'>): readonly string[] {
  const warnings: string[] = []
  const { busy, lateMs, unsent } = counts
  const perSecond = requestsPerSecond(counts) ?? 0
  if (busy > busyMax) {
    warnings.push(
      `a thread that sends was busy for ${share(busy)} of the time: what is measured may be its own limit. Try --threads.`
    )
  }
  if (plan.rate !== null && lateMs > lateMaxMs) {
    warnings.push(`requests were sent up to ${latency(lateMs)} late, since this machine was busy.`)
  }
  if (plan.rate !== null && unsent > 0 && perSecond < heldMin * plan.rate) {
    warnings.push(
      `${counted(unsent, 'request')} could not be sent in time: ${rate(perSecond)} requests a second were answered, not ${plan.rate}. More --connections, or a lower --rate.`
    )
  }
  return warnings
}

function verdictLine({ name, limit, actual, isMet, isShare = false }: Verdict, dress: Dress): string {
  const unit = (value: number): string => {
    if (name === 'rps') return `${rate(value)} requests/s`
    if (name === 'errors') return isShare ? `${(value * 100).toFixed(2)}%` : counted(value, 'error')
    return fine(value)
  }
  const mark = isMet ? dress('green', '✔') : dress('red', '✘')
  const wanted = `${name === 'rps' ? 'at least' : 'at most'} ${unit(limit)}`
  const text = actual === null ? 'nothing was measured' : unit(actual)
  return `${mark} ${name === 'rps' || name === 'errors' ? '' : `${name.replace('p999', 'p99.9')}: `}${text}, wanted ${wanted}`
}

/** The report as a value: times in milliseconds. */
export function reportValue(report: LoadReport): Record<string, unknown> {
  const { plan, counts, verdicts, server, isInterrupted } = report
  const { request, ...limits } = plan
  const { sent, answered, bytes, statuses, errors, unsent, elapsedMs, lateMs, busy } = counts
  return {
    url: request.url,
    method: request.method,
    connections: limits.connections,
    pipelining: limits.pipelining,
    rate: limits.rate,
    warmUpMs: limits.warmUpMs,
    elapsedMs,
    interrupted: isInterrupted,
    sent,
    answered,
    failed: failures(counts),
    unsent,
    requestsPerSecond: requestsPerSecond(counts),
    perSecond: counts.seconds,
    bytes,
    statuses,
    errors,
    latencyMs: timesOf(histogramOf(counts)),
    fromSendingMs: timesOf(serviceOf(counts)),
    generator: { lateMs, busy },
    server,
    warnings: warningsOf(report),
    targets: verdicts.map(({ name, limit, actual, isMet }) => ({ name, limit, actual, met: isMet }))
  }
}

function timesOf(histogram: Histogram): Record<string, number | null> {
  const { mean, deviation, least } = histogram
  const parts = percentiles.map(
    ([name, part]) => [name.replace('.', '_'), histogram.percentile(part)] as const
  )
  return { mean, deviation, min: least, ...Object.fromEntries(parts) }
}
