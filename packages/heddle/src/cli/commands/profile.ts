/**
 * `heddle profile`: records where a worker spends its time, or what allocates its memory, into a file.
 *
 * Main thread of a command.
 */
import { HeddleError } from '../../errors.ts'
import { openAnswer } from '../control-client.ts'
import { didYouMean } from '../../config/nearest.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run, Typed } from '../program.ts'
import { destinationOf, documentName, saveDocument } from '../save-document.ts'
import { size } from '../terminal/amounts.ts'
import { typedNumber } from '../typed-number.ts'
import { workerNamed } from '../worker-name.ts'

const types = ['cpu', 'heap'] as const

/** Seconds a profile takes when nobody has said, and the most it may. */
const secondsDefault = 5
const secondsMax = 300

/** Runs the command. */
export const profile: Run = async typed => {
  if (typed.options['json'] !== true) {
    const { path, bytes } = await record(typed)
    if (path !== '-') process.stdout.write(savedText(path, bytes))
    return 0
  }
  try {
    process.stdout.write(`${JSON.stringify({ ok: true, ...(await record(typed)) })}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

/** Where a profile is, and what opens it. */
export function savedText(path: string, bytes: number): string {
  const mark = paint('green', '✔', process.stdout)
  const panel = path.endsWith('.heapprofile') ? 'Memory' : 'Performance'
  return `${mark} ${path} (${size(bytes)})\n  Open it in the DevTools of Chrome (${panel}, Load profile) or at https://www.speedscope.app\n`
}

async function record(typed: Typed): Promise<{ path: string; bytes: number }> {
  const { words, options } = typed
  const [given = '', worker = ''] = words
  const type = types.find(each => each === given)
  if (type === undefined) {
    const reason = `a profile is of "cpu" or "heap", not "${given}"${didYouMean(given, types)}`
    throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
  }
  const place = workerNamed(worker)
  const seconds =
    typedNumber(typed, 'seconds', { min: 0.01, max: secondsMax, isFraction: true }) ?? secondsDefault
  const server = await findServer(typed)
  if (process.stderr.isTTY) {
    process.stderr.write(`${paint('dim', `  ${worker} is being watched for ${seconds} s`, process.stderr)}\n`)
  }
  const body = { type, durationMs: Math.round(seconds * 1000) }
  const response = await openAnswer(server, { operation: 'profile', place, body })
  const destination = destinationOf(options['output'], documentName(worker, `${type}profile`, new Date()))
  return { path: destination.path, bytes: await saveDocument(response, destination, 'profile') }
}
