/**
 * The configuration `heddle dev` begins with: one that is wrong is told, and read again when a file has changed.
 *
 * Main thread, before there is a server. A file that is broken ends nothing.
 */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'

import { loadFresh } from '../../config/fresh.ts'
import { loadConfig } from '../../config/load.ts'
import type { LoadOptions } from '../../config/load.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { isFailure } from '../../errors.ts'
import type { AwaitedChange } from '../../main/await-change.ts'
import { systemClock } from '../../shared/clock.ts'
import { printFailure } from '../failure.ts'
import { paint } from '../paint.ts'

/** Milliseconds the configuration may take to load. */
const limitMs = 30_000

/**
 * The configuration, as soon as there is one.
 *
 * @throws {HeddleError} what no change of a file mends: HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_INVALID of flags.
 */
export async function firstConfig(options: LoadOptions): Promise<ResolvedConfig> {
  const env = { ...process.env }
  let change: AwaitedChange | null = null
  // Only a thread of its own reads again what was loaded before.
  for (let load = loadConfig; ; load = from => loadFresh({ ...from, env }, limitMs)) {
    // oxlint-disable-next-line no-await-in-loop -- Until there is one.
    const outcome = await load(options).catch(asWrong)
    const directory = 'wrong' in outcome ? mendedIn(outcome.wrong, options) : null
    if (directory === null) change?.close()
    if (!('wrong' in outcome)) return outcome
    if (directory === null) throw outcome.wrong
    printFailure(outcome.wrong)
    // oxlint-disable-next-line no-await-in-loop -- The same.
    change ??= await watchIn(directory)
    process.stderr.write(`${paint('dim', 'Waiting for a change of a file.', process.stderr)}\n`)
    // oxlint-disable-next-line no-await-in-loop -- The same.
    await change.happened
    // Before it is read again: what changes while it is read, or just after, is not to be missed.
    // oxlint-disable-next-line no-await-in-loop -- The same.
    change = await watchIn(directory)
  }
}

function asWrong(wrong: unknown): { readonly wrong: unknown } {
  return { wrong }
}

async function watchIn(directory: string): Promise<AwaitedChange> {
  const { awaitChange } = await import('../../main/await-change.ts')
  const change = awaitChange(directory, systemClock)
  await change.watched
  return change
}

/** The directory a change in which may mend a failure; `null` when none does. */
function mendedIn(error: unknown, { cwd }: LoadOptions): string | null {
  if (isFailure(error, 'HEDDLE_CONFIG_UNREADABLE')) return directoryOf(error.detail.file)
  if (!isFailure(error, 'HEDDLE_CONFIG_INVALID')) return null
  const { file, mistakes } = error.detail
  if (mistakes.every(({ path }) => path.startsWith('--') || path === 'entry')) return null
  return file === null ? cwd : directoryOf(file)
}

/** `null` when there is none: a name that was typed wrong. */
function directoryOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return null
  return found.isDirectory() ? file : dirname(file)
}
