/**
 * Says why a worker is not well, from what its server reports about it.
 *
 * Main thread of a command; pure. The limits here are for the eye and decide nothing: who gets no requests and who is
 * replaced is judged in the server, and what it found is said first.
 */
import type { ApplicationReportLine, WorkerReportLine } from '../../main/admin/report.ts'
import { counted, duration, latency, share } from '../terminal/amounts.ts'
import { cleanLine } from '../terminal/clean-text.ts'

/** What about a worker is not well. */
export type Subject =
  | 'state'
  | 'turning'
  | 'elu'
  | 'delay'
  | 'heap'
  | 'latency'
  | 'errors'
  | 'past'
  | 'scaling'

/** One thing that is not well. */
export interface Complaint {
  readonly subject: Subject
  /** In words, without an end. */
  readonly says: string
  /** `bad` costs requests or soon will; `worth knowing` may explain something. */
  readonly degree: 'bad' | 'worth knowing'
}

/** Milliseconds without a turn of its event loop after which a worker stands still for whoever looks. */
const standsStillMs = 1000
const busyElu = 0.9
const lateMs = 100
const fullHeap = 0.9
const muchGarbage = 0.2
const manyErrors = 0.05
/** How many times slower than the middle one of the others one is that stands out, and from how many milliseconds. */
const slower = 3
const slowMs = 20
/** Of fewer requests a percentile says nothing, nor does a part. */
const minRequests = 10

/** Everything that is not well with a worker, what matters most first; empty when all is well. */
export function complaintsOf(
  worker: WorkerReportLine,
  application: ApplicationReportLine
): readonly Complaint[] {
  if (application.phase === 'stopped') return []
  return [...ofState(worker), ...ofTurning(worker), ...ofHealth(worker, application), ...ofPast(worker)]
}

function ofState(worker: WorkerReportLine): readonly Complaint[] {
  const { state, circuit, keptOut, health } = worker
  if (state === 'zombie') return [bad('state', 'stuck in native code for good')]
  if (state === 'exited') {
    const tried = circuit === 'closed' ? [] : ['its restarts keep failing']
    return [bad('state', [...tried, endOf(worker) ?? 'no thread is there'].join(': '))]
  }
  const kept = keptOut ? [bad('state', 'an operator keeps it out')] : []
  const notReady = health?.notReady ?? null
  return notReady === null ? kept : [...kept, bad('state', notReady)]
}

function ofTurning({ state, heartbeatAgeMs, blocked }: WorkerReportLine): readonly Complaint[] {
  const isThere = state === 'ready' || state === 'ejected' || state === 'draining'
  if (!isThere || heartbeatAgeMs === null || heartbeatAgeMs < standsStillMs) return []
  return [bad('turning', `its event loop has stood still for ${duration(heartbeatAgeMs)}${placeOf(blocked)}`)]
}

function ofHealth(worker: WorkerReportLine, application: ApplicationReportLine): readonly Complaint[] {
  const { health, recent, state, keptOut } = worker
  const judged = [...new Set([...(keptOut ? [] : (health?.causes ?? [])), ...(health?.reasons ?? [])])]
  const stands = ofTurning(worker).length > 0
  const found = judged
    .map(says => bad(subjectOf(says), says))
    .filter(({ subject }) => !(stands && subject === 'turning'))
  // What it was before it stood still explains nothing now, and what starts is always busy.
  if (stands || (state !== 'ready' && state !== 'ejected')) return found
  const seen = [...ofLoop(worker), ...ofMemory(worker), ...ofAnswers(worker, application)]
  const isSaid = (subject: Subject): boolean => found.some(each => each.subject === subject)
  if (recent.windowMs === 0) return found
  return [...found, ...seen.filter(({ subject }) => !isSaid(subject))]
}

function ofLoop({ recent: { elu, loopDelayMs } }: WorkerReportLine): readonly Complaint[] {
  return [
    ...(elu !== null && elu >= busyElu
      ? [bad('elu', `its event loop is busy ${share(elu)} of the time`)]
      : []),
    ...(loopDelayMs !== null && loopDelayMs >= lateMs
      ? [bad('delay', `its event loop is late by ${latency(loopDelayMs)}`)]
      : [])
  ]
}

function ofMemory({ heapUsed, heapLimit, recent: { gcShare } }: WorkerReportLine): readonly Complaint[] {
  const full = heapLimit === 0 ? 0 : heapUsed / heapLimit
  return [
    ...(full >= fullHeap ? [bad('heap', `its heap is ${share(full)} full`)] : []),
    ...(gcShare !== null && gcShare >= muchGarbage
      ? [bad('heap', `${share(gcShare)} of its time goes into collecting garbage`)]
      : [])
  ]
}

function ofAnswers(worker: WorkerReportLine, { workers }: ApplicationReportLine): readonly Complaint[] {
  const { errorRate } = worker.recent
  const failing = isEnough(worker.recent) ? errorRate : null
  const p99Ms = percentileOf(worker.recent)
  const others = workers
    .filter(each => each !== worker)
    .flatMap(({ recent }) => percentileOf(recent) ?? [])
    .toSorted((a, b) => a - b)
  const middle = others[Math.floor((others.length - 1) / 2)]
  const isSlow =
    p99Ms !== null && middle !== undefined && p99Ms >= slowMs && p99Ms >= slower * Math.max(middle, 1)
  return [
    ...(failing !== null && failing >= manyErrors
      ? [bad('errors', `${share(failing)} of its requests fail`)]
      : []),
    ...(isSlow
      ? [bad('latency', `its 99th percentile is ${latency(p99Ms)}, that of the others ${latency(middle)}`)]
      : [])
  ]
}

/** The 99th percentile, when there were enough requests for one. */
function percentileOf(recent: WorkerReportLine['recent']): number | null {
  return isEnough(recent) ? recent.p99Ms : null
}

/** Whether there were so many requests that parts of them say something. */
function isEnough({ requestsPerSecond, windowMs }: WorkerReportLine['recent']): boolean {
  return (requestsPerSecond * windowMs) / 1000 >= minRequests
}

function ofPast(worker: WorkerReportLine): readonly Complaint[] {
  const { state, zombies, diagnoses } = worker
  const end = state === 'exited' ? null : endOf(worker)
  return [
    ...(zombies === 0
      ? []
      : [worthKnowing(`${counted(zombies, 'thread')} of it ${zombies === 1 ? 'is' : 'are'} stuck for good`)]),
    ...ofBlocks(worker),
    ...(end === null ? [] : [worthKnowing(`its last thread: ${end}`)]),
    ...diagnoses.map(({ kind, sinceMs }) => worthKnowing(`${lookedInto[kind]} for ${duration(sinceMs)}`))
  ]
}

/** What is told of the block it is in is not told again. */
function ofBlocks(worker: WorkerReportLine): readonly Complaint[] {
  const { blocks, blockedMs } = worker.blocked
  const isInOne = ofTurning(worker).length > 0
  if (blocks === 0 || (isInOne && blocks === 1)) return []
  const place = isInOne ? '' : placeOf(worker.blocked)
  const last = place === '' ? '' : `, last${place}`
  return [worthKnowing(`has stood still ${timesOf(blocks)}, for ${duration(blockedMs)} in all${last}`)]
}

const lookedInto: Readonly<Record<WorkerReportLine['diagnoses'][number]['kind'], string>> = {
  'cpu profile': 'its processor time has been profiled',
  'heap profile': 'its memory has been profiled',
  'heap snapshot': 'a heap snapshot has been taken of it',
  inspector: 'its inspector has been open'
}

/** Where the last block was, in words that follow: ` in parse (app.js:3:5)`. */
function placeOf({ function: name, location }: WorkerReportLine['blocked']): string {
  if (name === null) return location === null ? '' : ` at ${location}`
  return ` in ${name}${location === null ? '' : ` (${location})`}`
}

/** How the last thread ended; `null` when it was meant to. */
function endOf({ lastError, lastEnd }: WorkerReportLine): string | null {
  const text = lastError === null ? lastEnd : `${lastError.name}: ${lastError.message}`
  if (text === null || text === 'stopped') return null
  return text
}

const subjects: readonly (readonly [RegExp, Subject])[] = [
  [/utili[sz]ation|\bELU\b/i, 'elu'],
  [/stands still|stood still|not turn/i, 'turning'],
  [/event loop/i, 'delay'],
  [/heap|memory|external|garbage/i, 'heap'],
  [/percentile|response/i, 'latency'],
  [/fail|error/i, 'errors']
]

/** What a sentence of the server is about: so that the column it is about can be coloured. */
function subjectOf(sentence: string): Subject {
  return subjects.find(([words]) => words.test(sentence))?.[1] ?? 'state'
}

function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function bad(subject: Subject, says: string): Complaint {
  return { subject, says: phrase(says), degree: 'bad' }
}

function worthKnowing(says: string): Complaint {
  return { subject: 'past', says: phrase(says), degree: 'worth knowing' }
}

/** In one line, without a full stop: another one may follow. */
function phrase(says: string): string {
  return cleanLine(says).replace(/\.$/, '')
}
