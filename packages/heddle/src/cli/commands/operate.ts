/**
 * `heddle restart`, `reload`, `scale` and `apps …`: ask the running server, show how it goes, and end with a
 * code that says how it went.
 *
 * Main thread. What is done happens in the server; a command that is interrupted does not stop it.
 */
import { resolve } from 'node:path'

import type { OperationName } from '../../control/contract.ts'
import { HeddleError } from '../../errors.ts'
import type { ReloadReport } from '../../main/admin/operations.ts'
import { ask } from '../control-client.ts'
import type { Question } from '../control-client.ts'
import { findServer } from '../find-server.ts'
import { failureAsJson } from '../failure.ts'
import { paint } from '../paint.ts'
import { showProgress } from '../progress.ts'
import type { Run, Typed } from '../program.ts'

/** `heddle restart [application...]` */
export const restart: Run = typed => {
  const { words } = typed
  const body = words.length === 0 ? {} : { applications: words }
  const subject = words.length === 0 ? 'Every worker' : `Every worker of ${words.join(', ')}`
  return run(typed, { operation: 'restart', body }, () => `${subject} is a fresh one.`)
}

/** `heddle reload` */
export const reload: Run = typed =>
  run(typed, { operation: 'reload', body: { reason: 'heddle reload' } }, answer => {
    const { changes, warnings, reloadMs } = answer as ReloadReport
    const lines =
      changes.length === 0 ? ['  The configuration is the same.'] : changes.map(line => `  ${line}`)
    return [
      `Reloaded in ${(reloadMs / 1000).toFixed(1)} s: every worker runs the code of now.`,
      ...lines,
      ...warnings.map(warning => `${paint('yellow', 'Warning:', process.stdout)} ${warning}`)
    ].join('\n')
  })

/** `heddle scale <application> <workers>` */
export const scale: Run = typed => {
  const [id = '', count = ''] = typed.words
  const workers = /^\d+$/.test(count) ? Number(count) : count
  const question: Question = { operation: 'scaleApplication', place: { id }, body: { workers } }
  return run(typed, question, () => `${id} has ${count} ${count === '1' ? 'worker' : 'workers'}.`)
}

/** `heddle apps add <id> [path]` */
export const addApplication: Run = typed => {
  const { words, options } = typed
  const [id = '', path] = words
  const { entry, workers } = options
  const body = {
    ...readSettings(options['settings']),
    ...(path === undefined ? {} : { path: literal(resolve(path)) }),
    ...(typeof entry === 'string' ? { entry: literal(path === undefined ? resolve(entry) : entry) } : {}),
    ...(typeof workers === 'string' ? { workers: Number(workers) } : {}),
    id
  }
  return run(typed, { operation: 'addApplication', body }, () => `${id} was added and is ready.`)
}

/** `heddle apps remove <application>` */
export const removeApplication: Run = typed => one(typed, 'removeApplication', 'was removed')

/** `heddle apps start <application>` */
export const startApplication: Run = typed => one(typed, 'startApplication', 'is ready')

/** `heddle apps stop <application>` */
export const stopApplication: Run = typed => one(typed, 'stopApplication', 'has stopped')

function one(typed: Typed, operation: OperationName, done: string): Promise<number> {
  const [id = ''] = typed.words
  return run(typed, { operation, place: { id } }, () => `${id} ${done}.`)
}

async function run(typed: Typed, question: Question, say: (answer: unknown) => string): Promise<number> {
  if (typed.options['json'] === true) return runAsJson(typed, question)
  const server = await findServer(typed)
  const answer = await ask(server, { ...question, onEvent: showProgress })
  process.stdout.write(`${paint('green', '✔', process.stdout)} ${say(answer)}\n`)
  return 0
}

async function runAsJson(typed: Typed, question: Question): Promise<number> {
  try {
    const answer = await ask(await findServer(typed), question)
    process.stdout.write(`${JSON.stringify({ ok: true, ...(answer as object) })}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

function readSettings(given: string | boolean | undefined): Readonly<Record<string, unknown>> {
  if (typeof given !== 'string') return {}
  try {
    const settings: unknown = JSON.parse(given)
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) {
      return settings as Record<string, unknown>
    }
  } catch {
    // Told below, as what is JSON but no object.
  }
  throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason: '--settings has to be a JSON object' })
}

/** A path that was typed contains no variables of the configuration. */
function literal(path: string): string {
  return path.replaceAll('{', '{{')
}
