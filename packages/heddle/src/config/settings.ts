/**
 * The settings that can be given on the command line and in the environment, and what was given there.
 *
 * Pure, for any thread. The list itself is read off the schema. The order of precedence, stated here and
 * nowhere else in code: flags > environment > file > default.
 */
import type { Mistake } from '../errors.ts'
import { check } from './check.ts'
import type { Key } from './key.ts'
import { schema } from './schema.ts'
import { workerCount } from './workers-schema.ts'

/** A key that has a flag. */
export interface Setting {
  /** The option of the command line without dashes. */
  readonly flag: string
  /** Environment variables, the strongest first. */
  readonly variables: readonly string[]
  /** Where it is in the configuration, from the top. */
  readonly path: readonly string[]
  readonly key: Key
}

/** Values of flags by their names without dashes, as they were typed. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = settingsIn(schema, [])

function settingsIn(key: Key, path: readonly string[]): Setting[] {
  const own = key.flag === undefined ? [] : [{ flag: key.flag, variables: key.variables ?? [], path, key }]
  if (key.kind !== 'object') return own
  return [...own, ...Object.entries(key.keys).flatMap(([name, inner]) => settingsIn(inner, [...path, name]))]
}

/** A setting that was given outside the file. */
export interface Override {
  readonly path: readonly string[]
  readonly value: unknown
}

/** A number of workers, or bounds of one. */
export interface WorkersRange {
  readonly min: number
  readonly max: number
}

/** How many workers were asked for outside the file: for all applications, and for single ones. */
export interface WorkersOverride {
  /** Where it was given, for messages: `--workers` or `HEDDLE_WORKERS`. */
  readonly source: string
  readonly all: WorkersRange | null
  readonly byId: ReadonlyMap<string, WorkersRange>
}

/** Everything that was given outside the file. */
export interface Overrides {
  readonly values: readonly Override[]
  readonly workers: WorkersOverride | null
}

/** Reads what outranks the file. An empty variable counts as not set. Mistakes are added to `mistakes`. */
export function readOverrides(
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
  mistakes: Mistake[]
): Overrides {
  const values: Override[] = []
  let workers: WorkersOverride | null = null
  for (const setting of settings) {
    const given = findGiven(setting, flags, env)
    if (given === null) continue
    if (setting.flag === 'workers') {
      workers = readWorkers(given, mistakes)
      continue
    }
    const value = check(setting.key, given.text, given.source, { asText: new Set([given.source]), mistakes })
    if (value !== undefined) values.push({ path: setting.path, value })
  }
  return { values, workers }
}

interface Given {
  readonly source: string
  readonly text: string
}

function findGiven(
  { flag, variables }: Setting,
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>
): Given | null {
  const typed = flags[flag]
  if (typed !== undefined) return { source: `--${flag}`, text: typed }
  const variable = variables.find(name => env[name] !== undefined && env[name] !== '')
  return variable === undefined ? null : { source: variable, text: env[variable] ?? '' }
}

/** Reads `4`, `2-6` or `api=2-6,jobs=1`. */
function readWorkers(given: Given, mistakes: Mistake[]): WorkersOverride {
  let all: WorkersRange | null = null
  const byId = new Map<string, WorkersRange>()
  for (const part of given.text.split(',')) {
    const match = /^\s*(?:([^=\s]+)=)?(.*)$/.exec(part)
    const range = readRange(match?.[2] ?? '', given.source, mistakes)
    if (range === null) continue
    if (match?.[1] === undefined) all = range
    else byId.set(match[1], range)
  }
  return { source: given.source, all, byId }
}

/** Reads `4` or `2-6`; `null` after a mistake. */
function readRange(text: string, source: string, mistakes: Mistake[]): WorkersRange | null {
  const bounds = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(text)
  const texts = bounds === null ? [text] : bounds.slice(1)
  const counts = texts.map(count =>
    check(workerCount, count, source, { asText: new Set([source]), mistakes })
  )
  const [min, max = min] = counts
  if (typeof min !== 'number' || typeof max !== 'number') return null
  if (min <= max) return { min, max }
  mistakes.push({ path: source, message: 'the first number has to be at most the second', offered: text })
  return null
}
