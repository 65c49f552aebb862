/**
 * THE WALK of the command line: arguments → command → exit code.
 *
 * Main thread; the top floor, which nobody imports. Loads only the command that was asked for.
 */
import { readFileSync } from 'node:fs'

import { exitCodes } from './exit-codes.ts'
import { readPlainLine } from './plain-line.ts'
import type { Run } from './program.ts'

const runs: Readonly<Record<string, () => Promise<Run>>> = {
  start: async () => (await import('./commands/start.ts')).start,
  init: async () => (await import('./commands/init.ts')).init,
  dev: async () => (await import('./commands/dev.ts')).dev,
  check: async () => (await import('./commands/check.ts')).checkConfig,
  config: async () => (await import('./commands/config.ts')).printConfig,
  ps: async () => (await import('./commands/ps.ts')).ps,
  stop: async () => (await import('./commands/stop.ts')).stop,
  restart: async () => (await import('./commands/operate.ts')).restart,
  reload: async () => (await import('./commands/operate.ts')).reload,
  scale: async () => (await import('./commands/operate.ts')).scale,
  'apps add': async () => (await import('./commands/operate.ts')).addApplication,
  'apps remove': async () => (await import('./commands/operate.ts')).removeApplication,
  'apps start': async () => (await import('./commands/operate.ts')).startApplication,
  'apps stop': async () => (await import('./commands/operate.ts')).stopApplication,
  'apps list': async () => (await import('./commands/apps.ts')).listApplications,
  drain: async () => (await import('./commands/operate.ts')).drain,
  ready: async () => (await import('./commands/operate.ts')).ready,
  level: async () => (await import('./commands/operate.ts')).setLevel,
  top: async () => (await import('./commands/top.ts')).top,
  logs: async () => (await import('./commands/logs.ts')).logs,
  events: async () => (await import('./commands/events.ts')).events,
  metrics: async () => (await import('./commands/metrics.ts')).metrics,
  inject: async () => (await import('./commands/inject.ts')).inject,
  profile: async () => (await import('./commands/profile.ts')).profile,
  heap: async () => (await import('./commands/heap.ts')).heap,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  bench: async () => (await import('./commands/bench.ts')).bench,
  build: async () => (await import('./commands/build.ts')).build,
  completion: async () => (await import('./commands/completion.ts')).completion
}

process.stdout.on('error', error => loseOutput(error, true))
process.stderr.on('error', error => loseOutput(error, false))

try {
  const plain = readPlainLine(process.argv.slice(2))
  if (plain === null) await explain()
  else finish(await (await findRun(plain.command))(plain.typed))
} catch (error) {
  await fail(error)
}

/** Help, the version, and everything that is not typed right. */
async function explain(): Promise<void> {
  const { createProgram } = await import('./program.ts')
  await createProgram(readVersion(), findRun, finish).parseAsync()
}

async function findRun(name: string): Promise<Run> {
  const find = runs[name]
  if (find === undefined) throw new Error(`The command ${name} is listed but has no code.`)
  return find()
}

function finish(code: number | null): void {
  // Not process.exit(): output to a pipe may still be on its way.
  if (code !== null) process.exitCode ??= code
}

/** Who reads the output may have seen enough, as `head` has, or be gone, as a terminal: it is done all the same. */
function loseOutput(error: Error, canTell: boolean): void {
  const code = 'code' in error ? error.code : null
  if (code === 'EPIPE' || code === 'EIO' || process.exitCode === exitCodes.fileFailed.code) return
  process.exitCode = exitCodes.fileFailed.code
  if (canTell) process.stderr.write(`heddle: The standard output cannot be written: ${error.message}.\n`)
}

async function fail(error: unknown): Promise<void> {
  if (isCommanderError(error)) {
    // It has printed the message, the help or the version already.
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

/** By its code, since the class is in a module that is loaded only when it is needed. */
function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && code.startsWith('commander.')
}
