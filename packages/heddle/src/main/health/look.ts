/**
 * Looks at a worker: what can be read of it from outside, over the time since the last look.
 *
 * Main thread only. Everything is read from shared memory or answered at once, also by a worker that is blocked.
 */
import { percentileMs } from '@heddle/mesh'
import type { MemberCounts } from '@heddle/mesh'

import { checkNames, readVitals } from '../../channel/vitals.ts'
import type { VitalsReading } from '../../channel/vitals.ts'
import type { Sample } from './judge.ts'
import type { WatchedWorker } from './watched.ts'

/** What one look leaves for the next. */
export interface Look {
  readonly sample: Sample
  readonly counts: MemberCounts
  /** Milliseconds idle and active since the thread began. */
  readonly loop: { readonly idle: number; readonly active: number }
  /** The rounds of the checks, and when one of them last changed. */
  readonly rounds: string
  readonly heardAt: number
}

/** What is seen of a worker since the last look; without one, what can be seen in a moment. */
export function lookAt(
  worker: Pick<WatchedWorker, 'vitals' | 'counts' | 'eventLoopUtilization' | 'heartbeatAge'>,
  last: Look | null,
  at: { readonly now: number; readonly minRequests: number }
): Look {
  const vitals = readVitals(worker.vitals)
  const counts = worker.counts()
  const { idle, active } = worker.eventLoopUtilization()
  const rounds = checkNames.map(name => vitals.checks[name].round).join()
  const heardAt = last !== null && last.rounds === rounds ? last.heardAt : at.now
  const answered = countAnswers(counts, last?.counts ?? null)
  const isEnough = answered.all >= at.minRequests
  const sample: Sample = {
    standsStillMs: worker.heartbeatAge(),
    elu: last === null ? null : utilization(idle - last.loop.idle, active - last.loop.active),
    heapUsed: vitals.heapUsed,
    heapLimit: vitals.heapLimit,
    external: vitals.external,
    loopDelayMs: vitals.loopDelay.p99,
    answers: answered.all,
    errorRate: isEnough ? answered.errors / answered.all : null,
    responseMs: isEnough ? percentileMs(answered.durations, 0.99) : null,
    complaints: complaintsOf(vitals),
    silentMs: isChecked(vitals) ? at.now - heardAt : null
  }
  return { sample, counts, loop: { idle, active }, rounds, heardAt }
}

function utilization(idle: number, active: number): number | null {
  return idle + active > 0 ? active / (idle + active) : null
}

/** What is wrong by the checks that say how the worker is. Readiness only says whether it wants requests. */
function complaintsOf({ checks }: VitalsReading): readonly string[] {
  return [checks.health, checks.path].flatMap(({ state, reason }) => (state === 'bad' ? [reason] : []))
}

function isChecked({ checks }: VitalsReading): boolean {
  return checkNames.some(name => checks[name].state !== 'none')
}

interface Answered {
  readonly all: number
  readonly errors: number
  readonly durations: readonly number[]
}

/** What was asked between two looks: an error is an answer of the class 5xx, or none. */
function countAnswers(now: MemberCounts, before: MemberCounts | null): Answered {
  const answered = now.answered.map((count, index) => since(count, before?.answered[index]))
  const durations = now.durations.map((count, index) => since(count, before?.durations[index]))
  const lost = since(now.lost, before?.lost)
  const answers = answered.reduce((sum, count) => sum + count, 0)
  return { all: answers + lost, errors: (answered[4] ?? 0) + lost, durations }
}

/** Counts wrap at 2^32. */
function since(count: number, earlier: number | undefined): number {
  return (count - (earlier ?? 0)) >>> 0
}
