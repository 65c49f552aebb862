/**
 * Counts which worker answered how many of many calls.
 *
 * The counting is pure; only {@link askAll} calls other applications.
 */
import type { WhoAmI } from '../shared/contract.ts'
import { applications, readJson } from './services.ts'
import type { Application, CallApplication } from './services.ts'

/** One call and what became of it; `who` is `null` when it failed. */
export interface Sample {
  readonly application: Application
  readonly who: WhoAmI | null
  readonly tookMs: number
}

/** What one worker answered. */
export interface Tally {
  readonly application: Application
  /** Name of the worker; for calls that nobody answered that of the application. */
  readonly worker: string
  readonly threadId: number | null
  readonly answers: number
  readonly failures: number
  /** Part of the application's answers that came from this worker, from 0 to 1. */
  readonly share: number
  /** Median time of its answers; `null` when it gave none. */
  readonly medianMs: number | null
}

/** Calls every application so many times, all at once. A call that fails is counted, never thrown. */
export async function askAll(call: CallApplication, calls: number): Promise<readonly Sample[]> {
  const wanted = applications.flatMap(application => Array<Application>(calls).fill(application))
  return Promise.all(wanted.map(application => ask(call, application)))
}

/** One row per worker, in the order of the applications and then of the workers' names. */
export function tally(samples: readonly Sample[]): readonly Tally[] {
  const rows = applications.flatMap(application => {
    const own = samples.filter(sample => sample.application === application)
    const answered = own.filter(sample => sample.who !== null).length
    const workers = Map.groupBy(own, sample => sample.who?.worker ?? application)
    return Array.from(workers, ([worker, its]) => toTally(worker, its, answered))
  })
  return rows.toSorted(
    (a, b) =>
      applications.indexOf(a.application) - applications.indexOf(b.application) ||
      a.worker.localeCompare(b.worker, 'en', { numeric: true })
  )
}

function toTally(worker: string, samples: readonly Sample[], answered: number): Tally {
  const good = samples.filter(sample => sample.who !== null)
  const times = good.map(sample => sample.tookMs).toSorted((a, b) => a - b)
  return {
    application: samples[0]?.application ?? 'storefront',
    worker,
    threadId: good.at(-1)?.who?.threadId ?? null,
    answers: good.length,
    failures: samples.length - good.length,
    share: answered === 0 ? 0 : good.length / answered,
    medianMs: times[Math.floor(times.length / 2)] ?? null
  }
}

async function ask(call: CallApplication, application: Application): Promise<Sample> {
  const from = performance.now()
  try {
    const who = await readJson<WhoAmI>(await call(application, { path: '/whoami' }))
    return { application, who, tookMs: performance.now() - from }
  } catch {
    // The page is there to show failures too: this one becomes a figure in its row.
    return { application, who: null, tookMs: performance.now() - from }
  }
}
