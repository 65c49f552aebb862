/**
 * `heddle config --diff`: what differs between the configuration as it is written now and the one in force.
 *
 * Main thread of a command. Values of environment variables and tokens are hidden on both sides, and so never differ.
 */
import type { ResolvedConfig } from '../../config/resolved.ts'
import { withoutSecrets } from '../../control/shown-config.ts'
import { ask } from '../control-client.ts'
import { exitCodes } from '../exit-codes.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { loadTyped } from '../load-typed.ts'
import { paint } from '../paint.ts'
import type { Typed } from '../program.ts'

/** One key that differs; a side is `undefined` where there is no such key. */
export interface Difference {
  readonly path: string
  readonly inForce: unknown
  readonly written: unknown
}

/** Prints what differs, and returns the exit code `diff` would have. */
export async function printDifferences(typed: Typed): Promise<number> {
  const isJson = typed.options['json'] === true
  try {
    const differences = await read(typed)
    const isSame = differences.length === 0
    const text = isJson
      ? JSON.stringify({ ok: true, same: isSame, differences })
      : differencesText(differences)
    process.stdout.write(`${text}\n`)
    return isSame ? exitCodes.ok.code : exitCodes.differs.code
  } catch (error) {
    if (!isJson) throw error
    return failureAsJson(error)
  }
}

async function read(typed: Typed): Promise<readonly Difference[]> {
  const { config, pid, name, socket } = typed.options
  const inForce = (await ask(await findServer(typed), { operation: 'config' })) as unknown as ResolvedConfig
  // A server named in another way is compared with its own configuration, wherever this is.
  const isElsewhere = config === undefined && [pid, name, socket].some(option => option !== undefined)
  const place = inForce.file ?? inForce.root
  const written = await loadTyped(
    isElsewhere ? { ...typed, options: { ...typed.options, config: place } } : typed
  )
  return differencesOf(inForce, withoutSecrets(written, process.env, false))
}

/** Key by key, in the order of the keys; applications are compared by their ids. What is only said to people is not. */
export function differencesOf(inForce: ResolvedConfig, written: ResolvedConfig): readonly Difference[] {
  return compare('', comparable(inForce), comparable(written))
}

function comparable({ applications, admin, warnings: _warnings, ...rest }: ResolvedConfig): unknown {
  // No key of a configuration.
  const { portChosen: _portChosen, ...own } = admin
  const byId = Object.fromEntries(applications.map(({ id, ...application }) => [id, application]))
  // What is `undefined` here is absent in what a server has sent.
  return JSON.parse(JSON.stringify({ ...rest, admin: own, applications: byId }))
}

function compare(path: string, inForce: unknown, written: unknown): readonly Difference[] {
  if (!isRecord(inForce) || !isRecord(written)) {
    return JSON.stringify(inForce) === JSON.stringify(written) ? [] : [{ path, inForce, written }]
  }
  const keys = [...new Set([...Object.keys(inForce), ...Object.keys(written)])]
  return keys.flatMap(key => compare(path === '' ? key : `${path}.${key}`, inForce[key], written[key]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One line for each key: `~ applications.api.workers: 2 → 4`. */
export function differencesText(differences: readonly Difference[]): string {
  const out = process.stdout
  if (differences.length === 0) return `${paint('green', '✔', out)} The configuration is the one in force.`
  return differences
    .map(({ path, inForce, written }) => {
      if (inForce === undefined) return paint('green', `+ ${path}: ${valueText(written)}`, out)
      if (written === undefined) return paint('red', `- ${path}: ${valueText(inForce)}`, out)
      const before = paint('red', valueText(inForce), out)
      return `~ ${path}: ${before} → ${paint('green', valueText(written), out)}`
    })
    .join('\n')
}

function valueText(value: unknown): string {
  return JSON.stringify(value)
}
