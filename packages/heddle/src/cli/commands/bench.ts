/**
 * `heddle bench`: puts load on a URL or on an application of the running server, and judges what it measures.
 *
 * Main thread of a command. Requests are sent by threads of their own.
 */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'

import { HeddleError } from '../../errors.ts'
import { failureAsJson } from '../failure.ts'
import { exitCodes } from '../exit-codes.ts'
import { findAutocannon, placesOf } from '../load-test/autocannon.ts'
import { assertReachable, runLoadTest } from '../load-test/load-test.ts'
import type { LoadCounts, LoadPlan } from '../load-test/messages.ts'
import { reportLines, reportValue } from '../load-test/report.ts'
import type { Dress, LoadReport } from '../load-test/report.ts'
import { judgeTargets } from '../load-test/targets.ts'
import { paint } from '../paint.ts'
import { wrap } from '../terminal/wrap.ts'
import type { OptionValue, Run, Typed } from '../program.ts'
import { typedNumber } from '../typed-number.ts'
import { untilSignal } from '../until-signal.ts'
import { aim, observe } from './bench-target.ts'
import type { Aim } from './bench-target.ts'
import { progressLine } from './bench-progress.ts'
import { readHeaders } from './inject.ts'
import { typedTargets } from './typed-targets.ts'

/** Width of a report that goes into a pipe. */
const pipeWidth = 80

const dress: Dress = (style, text) => paint(style, text, process.stdout)

/** Runs the command. */
export const bench: Run = async typed => {
  if (typed.options['json'] !== true) {
    const { report, code } = await measure(typed)
    const { isTTY, columns } = process.stdout
    const lines = reportLines(report, (isTTY && columns) || pipeWidth, dress)
    // Sentences fit a terminal, and stay whole in a pipe.
    const shown = isTTY && columns ? lines.map(line => wrap(line, columns, 10)) : lines
    process.stdout.write(`${shown.join('\n')}\n`)
    return code
  }
  try {
    const { report, code } = await measure(typed)
    process.stdout.write(`${JSON.stringify({ ok: code === 0, ...reportValue(report) })}\n`)
    return code
  } catch (error) {
    return failureAsJson(error)
  }
}

async function measure(typed: Typed): Promise<{ report: LoadReport; code: number }> {
  const autocannon = findAutocannon(placesOf(process.cwd()))
  const targets = typedTargets(typed)
  const limits = limitsOf(typed)
  const threads = typedNumber(typed, 'threads', { min: 1, max: 64 }) ?? 1
  const body = await bodyOf(typed.options)
  const target = await aim(typed)
  const plan = { ...limits, request: requestOf(typed, target, body) }
  await assertReachable(target.url)
  const end = untilSignal()
  const progress = progressLine(plan, process.stderr)
  const observation = target.application === null ? null : await observe(target.server, target.application)
  try {
    const { signal } = end
    const onProgress = (counts: LoadCounts): void => progress.show(counts)
    const counts = await runLoadTest({ plan, threads, autocannon, signal, onProgress })
    const server = observation === null ? null : await observation.end()
    const verdicts = judgeTargets(targets, counts)
    const report = { plan, counts, verdicts, server, isInterrupted: signal.aborted }
    return { report, code: codeFor(report, end.code()) }
  } finally {
    progress.end()
    end.release()
  }
}

/**
 * The exit code. A test that was not complete proves nothing, whatever it has measured, nor does one that nobody answered.
 *
 * @param ending The code of the signal that ended it; 0 without one.
 */
export function codeFor(
  { counts, verdicts, isInterrupted }: Pick<LoadReport, 'counts' | 'verdicts' | 'isInterrupted'>,
  ending: number
): number {
  if (isInterrupted) return ending === 0 ? exitCodes.interrupted.code : ending
  const isWell = counts.answered > 0 && verdicts.every(({ isMet }) => isMet)
  return isWell ? exitCodes.ok.code : exitCodes.targetMissed.code
}

function limitsOf(typed: Typed): Omit<LoadPlan, 'request'> {
  const seconds = (name: string, min: number, most: number): number | undefined => {
    const value = typedNumber(typed, name, { min, max: most, isFraction: true })
    return value === undefined ? undefined : value * 1000
  }
  const durationMs = seconds('duration', 0.1, 86_400)
  const amount = typedNumber(typed, 'amount', { min: 1, max: 1_000_000_000 })
  if (durationMs !== undefined && amount !== undefined) {
    throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason: '--duration and --amount exclude each other' })
  }
  return {
    connections: typedNumber(typed, 'connections', { min: 1, max: 100_000 }) ?? 10,
    pipelining: typedNumber(typed, 'pipelining', { min: 1, max: 1000 }) ?? 1,
    rate: typedNumber(typed, 'rate', { min: 0.1, max: 1_000_000, isFraction: true }) ?? null,
    amount: amount ?? null,
    durationMs: durationMs ?? 10_000,
    warmUpMs: seconds('warm-up', 0, 3600) ?? 0,
    timeoutMs: seconds('timeout', 0.01, 3600) ?? 10_000
  }
}

function requestOf({ options }: Typed, { url, host }: Aim, body: Buffer | null): LoadPlan['request'] {
  const { method } = options
  const headers = Object.fromEntries(
    Object.entries(readHeaders(options['header'])).map(([name, value]) => [name, [value].flat().join(', ')])
  )
  const isNamed = Object.keys(headers).some(name => name.toLowerCase() === 'host')
  return {
    url,
    method: typeof method === 'string' ? method.toUpperCase() : body === null ? 'GET' : 'POST',
    headers: host === null || isNamed ? headers : { ...headers, host },
    body
  }
}

async function bodyOf({ data }: Readonly<Record<string, OptionValue>>): Promise<Buffer | null> {
  if (typeof data !== 'string') return null
  if (data === '@-') return buffer(process.stdin)
  if (!data.startsWith('@')) return Buffer.from(data)
  const path = data.slice(1)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new HeddleError('HEDDLE_FILE_FAILED', { path, reason: (error as Error).message })
  }
}
