/**
 * Runs a load test in threads of its own and gathers what they have counted.
 *
 * Main thread of a command. All threads begin at the same time; the test ends when all have ended.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'

import { HeddleError } from '../../errors.ts'
import { Histogram } from './histogram.ts'
import type { FromGenerator, GeneratorData, LoadCounts, LoadPlan, ToGenerator } from './messages.ts'

/** The whole test. */
export interface LoadTest {
  /** What all threads together do. */
  readonly plan: LoadPlan
  readonly threads: number
  /** Absolute path of autocannon. */
  readonly autocannon: string
  /** Ends it early. */
  readonly signal: AbortSignal
  /** Milliseconds for what is under way then. Defaults to 1000. */
  readonly graceMs?: number
  /** Called about twice a second. */
  readonly onProgress?: (counts: LoadCounts) => void
}

/** Milliseconds for reaching the server before the test. */
const reachMs = 10_000

/** Runs it. @throws HEDDLE_LOAD_TEST_FAILED when a thread that sends fails. */
export async function runLoadTest(test: LoadTest): Promise<LoadCounts> {
  const { plan, threads, autocannon, signal, graceMs = 1000, onProgress } = test
  const generators = divide(plan, threads).map(part => startGenerator({ plan: part, autocannon }))
  const stop = (): void => generators.forEach(({ post }) => post({ type: 'stop', graceMs }))
  try {
    await Promise.all(generators.map(({ ready }) => ready))
    for (const generator of generators) {
      generator.onCounts = () => onProgress?.(mergeCounts(generators.map(({ latest }) => latest)))
      generator.post({ type: 'start' })
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    return mergeCounts(await Promise.all(generators.map(({ done }) => done)))
  } finally {
    signal.removeEventListener('abort', stop)
    await Promise.all(generators.map(({ worker }) => worker.terminate()))
  }
}

/** The shares of the threads: each has a connection at least, and the sums are those of the whole. */
export function divide(plan: LoadPlan, threads: number): readonly LoadPlan[] {
  const { connections, amount, rate } = plan
  const most = Math.max(1, Math.min(threads, connections, amount ?? Infinity, Math.floor(rate ?? Infinity)))
  return Array.from({ length: most }, (_, index) => ({
    ...plan,
    connections: shareOf(connections, most, index),
    amount: amount === null ? null : shareOf(amount, most, index),
    rate: rate === null ? null : rate / most
  }))
}

function shareOf(whole: number, parts: number, index: number): number {
  return Math.floor(whole / parts) + (index < whole % parts ? 1 : 0)
}

/** What several threads have counted, as if it had been one. */
export function mergeCounts(all: readonly (LoadCounts | null)[]): LoadCounts {
  const counts = all.filter(each => each !== null)
  const sum = (of: (each: LoadCounts) => number): number =>
    counts.reduce((total, each) => total + of(each), 0)
  const most = (of: (each: LoadCounts) => number): number => Math.max(0, ...counts.map(of))
  const longest = most(({ seconds }) => seconds.length)
  const histogram = (of: (each: LoadCounts) => LoadCounts['latency']): LoadCounts['latency'] => {
    const merged = new Histogram()
    for (const each of counts) merged.add(of(each))
    return merged.data
  }
  return {
    sent: sum(({ sent }) => sent),
    answered: sum(({ answered }) => answered),
    bytes: sum(({ bytes }) => bytes),
    statuses: mergeRecords(counts.map(({ statuses }) => statuses)),
    errors: mergeRecords(counts.map(({ errors }) => errors)),
    unsent: sum(({ unsent }) => unsent),
    seconds: Array.from({ length: longest }, (_, second) => sum(({ seconds }) => seconds[second] ?? 0)),
    elapsedMs: most(({ elapsedMs }) => elapsedMs),
    latency: histogram(({ latency }) => latency),
    service: histogram(({ service }) => service),
    lateMs: most(({ lateMs }) => lateMs),
    busy: most(({ busy }) => busy)
  }
}

function mergeRecords(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const merged: Record<string, number> = {}
  for (const [name, count] of records.flatMap(record => Object.entries(record))) {
    merged[name] = (merged[name] ?? 0) + count
  }
  return merged
}

interface GeneratorThread {
  readonly worker: Worker
  readonly ready: Promise<void>
  readonly done: Promise<LoadCounts>
  latest: LoadCounts | null
  onCounts: () => void
  readonly post: (message: ToGenerator) => void
}

function startGenerator(workerData: GeneratorData): GeneratorThread {
  const worker = new Worker(new URL(import.meta.resolve('#load-test')), { name: 'load', workerData })
  const { promise: ready, resolve: beReady, reject: failReady } = Promise.withResolvers<void>()
  const { promise: done, resolve: beDone, reject: failDone } = Promise.withResolvers<LoadCounts>()
  // Whoever waits for one of them hears of it; the other has no listener then.
  ready.catch(() => {})
  done.catch(() => {})
  const fail = (reason: string, cause?: unknown): void => {
    const error = new HeddleError('HEDDLE_LOAD_TEST_FAILED', { reason }, { cause })
    failReady(error)
    failDone(error)
  }
  const thread: GeneratorThread = {
    worker,
    ready,
    done,
    latest: null,
    onCounts: () => {},
    post: message => worker.postMessage(message)
  }
  worker.on('message', (message: FromGenerator) => {
    if (message.type === 'ready') return beReady()
    thread.latest = message.counts
    if (message.isLast) beDone(message.counts)
    else thread.onCounts()
  })
  worker.on('error', error => fail(error instanceof Error ? error.message : String(error), error))
  worker.on('exit', () => fail('a thread that sends has ended'))
  return thread
}

/**
 * Opens a connection to the server of a URL and closes it again, so that a wrong address is told at once and not as
 * thousands of errors. No request is sent.
 *
 * @throws HEDDLE_LOAD_UNREACHABLE
 */
export async function assertReachable(url: string): Promise<void> {
  const { protocol, hostname, port } = new URL(url)
  const socket = connect({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(reachMs) })
  } catch (error) {
    const { code, message, name } = error as NodeJS.ErrnoException
    const reason = name === 'AbortError' ? `no answer within ${reachMs / 1000} s` : (code ?? message)
    throw new HeddleError('HEDDLE_LOAD_UNREACHABLE', { url, reason })
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}
