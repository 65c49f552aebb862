/**
 * `heddle restart`, `reload`, `scale`, `drain`, `ready`, `level` and `apps …`: ask the running server, show how it
 * goes, and end with a code that says how it went.
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
import type { OptionValue, Run, Typed } from '../program.ts'
import { workerNamed } from '../worker-name.ts'

/** `heddle restart [application...]`, of which each may be a worker as well */
export const restart: Run = typed => {
  const { words } = typed
  if (words.some(word => word.includes(':'))) return restartSome(typed)
  const body = words.length === 0 ? {} : { applications: words }
  const subject = words.length === 0 ? 'Every worker' : `Every worker of ${words.join(', ')}`
  return run(typed, { operation: 'restart', body }, () => `${subject} is a fresh one.`)
}

/** One after the other: a list with workers in it is no single operation of the server. */
async function restartSome(typed: Typed): Promise<number> {
  const questions = typed.words.map((word): Question => {
    if (!word.includes(':')) return { operation: 'restart', body: { applications: [word] } }
    return { operation: 'restartWorker', place: workerNamed(word) }
  })
  const act = async (): Promise<void> => {
    const server = await findServer(typed)
    const onEvent = typed.options['json'] === true ? {} : { onEvent: showProgress }
    for (const question of questions) await ask(server, { ...question, ...onEvent })
  }
  return conclude(typed, act, () => `${typed.words.join(', ')} ${plural(typed.words)} fresh.`)
}

/** `heddle drain <worker>` */
export const drain: Run = typed => {
  const [name = ''] = typed.words
  const question: Question = { operation: 'drainWorker', place: workerNamed(name) }
  return run(typed, question, () => `${name} gets no new requests until "heddle ready ${name}".`)
}

/** `heddle ready <worker>` */
export const ready: Run = typed => {
  const [name = ''] = typed.words
  const question: Question = { operation: 'readyWorker', place: workerNamed(name) }
  return run(typed, question, () => `${name} gets requests.`)
}

/** `heddle level <application> <level>` */
export const setLevel: Run = typed => {
  const [id = '', level = ''] = typed.words
  const question: Question = { operation: 'setLogLevel', place: { id }, body: { level } }
  return run(typed, question, () => `${id} logs at level ${level}.`)
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

/** `heddle scale <application> <workers>`, which may be `auto` */
export const scale: Run = typed => {
  const [id = '', count = ''] = typed.words
  const workers = /^\d+$/.test(count) ? Number(count) : count
  const question: Question = { operation: 'scaleApplication', place: { id }, body: { workers } }
  return run(typed, question, () =>
    count === 'auto'
      ? `${id} has as many workers as the configuration says and, between min and max, its load needs.`
      : `${id} has ${count} ${count === '1' ? 'worker' : 'workers'}.`
  )
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
    ...(typeof workers === 'string' ? { workers: workersOf(workers) } : {}),
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

function run(typed: Typed, question: Question, say: (answer: unknown) => string): Promise<number> {
  const onEvent = typed.options['json'] === true ? {} : { onEvent: showProgress }
  return conclude(typed, async () => ask(await findServer(typed), { ...question, ...onEvent }), say)
}

/** Prints what came of it: a sentence, or one JSON object. */
async function conclude(
  typed: Typed,
  act: () => Promise<unknown>,
  say: (answer: unknown) => string
): Promise<number> {
  if (typed.options['json'] !== true) {
    const answer = await act()
    process.stdout.write(`${paint('green', '✔', process.stdout)} ${say(answer)}\n`)
    return 0
  }
  try {
    const answer = (await act()) as object | undefined
    process.stdout.write(`${JSON.stringify({ ok: true, ...answer })}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

function plural(words: readonly string[]): string {
  return words.length === 1 ? 'is' : 'are'
}

function readSettings(given: OptionValue): Readonly<Record<string, unknown>> {
  if (typeof given !== 'string') return {}
  try {
    const settings: unknown = JSON.parse(given)
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) {
      return settings as Record<string, unknown>
    }
  } catch {
    // Told below, as what is JSON but no object.
  }
  throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason: '--settings has to be a JSON object' })
}

/** `4`, or bounds: `2-6`. What is neither is for the server to refuse. */
function workersOf(typed: string): unknown {
  const [min, max] = /^(\d+)-(\d+)$/.exec(typed)?.slice(1).map(Number) ?? []
  return min === undefined ? Number(typed) : { min, max }
}

/** A path that was typed contains no variables of the configuration. */
function literal(path: string): string {
  return path.replaceAll('{', '{{')
}
