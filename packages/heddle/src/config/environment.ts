/**
 * Puts the environment of the workers together.
 *
 * Pure over a {@link Disk}. From weak to strong: the top-level env file, the env file of the application,
 * the environment Heddle was started in, the top-level `env`, the `env` of the application. Env files give
 * way to the real environment, as they do in Node.js itself, so that a deployment can override them.
 */
import { parseEnv } from 'node:util'

import type { Disk } from './disk.ts'

/** Variables by name. */
export type Variables = Readonly<Record<string, string>>

/** The layers of one environment. */
export interface EnvironmentLayers {
  /** Variables of env files, the weakest first. */
  readonly files: readonly Variables[]
  /** The environment Heddle was started in. */
  readonly process: Readonly<Record<string, string | undefined>>
  /** The `env` keys, the weakest first. */
  readonly settings: readonly Variables[]
}

/** One environment from its layers. */
export function layerEnvironment({ files, process, settings }: EnvironmentLayers): Record<string, string> {
  const set = Object.entries(process).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.assign({}, ...files, Object.fromEntries(set), ...settings)
}

/** The variables in an env file; `null` when there is no such file. */
export function readEnvFile(disk: Disk, path: string): Variables | null {
  if (disk.kind(path) !== 'file') return null
  const text = disk.read(path)
  if (text === null) return null
  const parsed = Object.entries(parseEnv(text))
  return Object.fromEntries(parsed.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
