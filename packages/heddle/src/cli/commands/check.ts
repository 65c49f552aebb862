/**
 * `heddle check`: says whether the configuration is right, and everything that is wrong with it.
 *
 * Main thread. Starts no other thread and runs no application.
 */
import { relative } from 'node:path'

import type { ResolvedConfig } from '../../config/resolved.ts'
import { HeddleError, isFailure } from '../../errors.ts'
import { codeOf } from '../failure.ts'
import { loadTyped } from '../load-typed.ts'
import { paint } from '../paint.ts'
import type { Run } from '../program.ts'

/** Runs the command. */
export const checkConfig: Run = async typed => {
  if (typed.options['json'] === true) return checkAsJson(() => loadTyped(typed))
  const config = await loadTyped(typed)
  const out = process.stdout
  const least = config.applications.reduce((sum, { workers }) => sum + workers, 0)
  const most = config.applications.reduce(
    (sum, { workers, scaling }) => sum + (scaling.enabled ? scaling.max : workers),
    0
  )
  const workers = plural(most, 'worker')
  const name = config.file === null ? 'The configuration' : relative(process.cwd(), config.file)
  const applications = plural(config.applications.length, 'application')
  out.write(
    `${paint('green', '✔', out)} ${name} is right: ${applications}, ${least === most ? '' : `${least} to `}${workers}.\n`
  )
  for (const warning of config.warnings) out.write(`${paint('yellow', 'Warning:', out)} ${warning}\n`)
  return 0
}

async function checkAsJson(load: () => Promise<ResolvedConfig>): Promise<number> {
  try {
    const { file, warnings } = await load()
    print({ ok: true, file, mistakes: [], warnings })
    return 0
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error
    const invalid = isFailure(error, 'HEDDLE_CONFIG_INVALID') ? error.detail : null
    const mistakes = invalid?.mistakes ?? [{ path: '', message: error.message }]
    print({ ok: false, code: error.code, file: invalid?.file ?? null, mistakes, warnings: [] })
    return codeOf(error)
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
