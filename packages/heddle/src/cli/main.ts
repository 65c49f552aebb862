/**
 * THE WALK of the command line: arguments → command → exit code.
 *
 * Main thread; the top floor, which nobody imports. Loads only the command that was asked for.
 */
import { readFileSync } from 'node:fs'

import { CommanderError } from 'commander'

import { exitCodes } from './exit-codes.ts'
import { createProgram } from './program.ts'
import type { Run } from './program.ts'

const runs: Readonly<Record<string, () => Promise<Run>>> = {
  start: async () => (await import('./commands/start.ts')).start,
  check: async () => (await import('./commands/check.ts')).checkConfig,
  config: async () => (await import('./commands/config.ts')).printConfig
}

try {
  const program = createProgram(readVersion(), findRun, finish)
  await program.parseAsync()
} catch (error) {
  await fail(error)
}

async function findRun(name: string): Promise<Run> {
  const find = runs[name]
  if (find === undefined) throw new Error(`The command ${name} is listed but has no code.`)
  return find()
}

function finish(code: number | null): void {
  // Not process.exit(): output to a pipe may still be on its way.
  if (code !== null) process.exitCode = code
}

async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError) {
    // Commander has printed the message, the help or the version already.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code
    return
  }
  const { printFailure } = await import('./failure.ts')
  process.exitCode = printFailure(error)
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isManifest ? String(manifest.version) : 'unknown'
}
