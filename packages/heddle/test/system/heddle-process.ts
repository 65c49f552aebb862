/** The command line as a process of its own, its log in a pipe, for tests that play its user. */
import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

import { bareEnv } from '../bare-env.ts'

const bin = join(import.meta.dirname, '../../bin/heddle.js')

/** Where the servers of this test file have their sockets for commands, apart from those of anybody else. */
export const runtimeDirectory: string = mkdtempSync(join(tmpdir(), 'heddle-run-'))
process.on('exit', () => rmSync(runtimeDirectory, { recursive: true, force: true }))

/** One line of the log. */
export type Line = Readonly<Record<string, unknown>>

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command line that runs. */
export interface HeddleProcess {
  readonly child: ChildProcess
  readonly exited: Promise<End>
  /** What it has written to standard error, when it has ended. */
  readonly stderr: Promise<string>
  /** Every line of its log so far. Standard output that is no JSON is an error. */
  readonly lines: readonly Line[]
  /**
   * The line with this message, written already or still to come; fails when the process ends first.
   *
   * @param nth Which of them, the first unless told.
   */
  readonly line: (message: string, nth?: number) => Promise<Line>
}

/** A server that has started. */
export interface Started extends HeddleProcess {
  readonly url: string
}

/** Runs `heddle` with the arguments, from the source whatever has been built. Gone when the test is over. */
export function runHeddle(t: TestContext, ...argv: readonly string[]): HeddleProcess {
  return runHeddleIn(t, process.cwd(), ...argv)
}

/** The same in a directory. */
export function runHeddleIn(t: TestContext, cwd: string, ...argv: readonly string[]): HeddleProcess {
  return runHeddleUnder(t, { cwd }, ...argv)
}

/** Where a command line runs. */
export interface Surroundings {
  readonly cwd: string
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** The same with variables of its own. */
export function runHeddleUnder(
  t: TestContext,
  { cwd, env = {} }: Surroundings,
  ...argv: readonly string[]
): HeddleProcess {
  const child = launch(cwd, argv, env)
  const exited = once(child, 'close').then((): End => ({ code: child.exitCode, signal: child.signalCode }))
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => {
    lines.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  return { child, exited, lines, stderr: text(child.stderr), line: find }

  function find(message: string, nth = 1): Promise<Line> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.filter(line => line['msg'] === message)[nth - 1]
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      void exited.then(end => reject(new Error(`No line "${message}": ${JSON.stringify({ end, lines })}`)))
    })
  }
}

/** What a command that ends by itself has printed. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. */
export async function command(cwd: string, ...argv: readonly string[]): Promise<Ended> {
  const child = launch(cwd, argv)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}

function launch(
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {}
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, ['--conditions=@heddle/source', bin, ...argv], {
    cwd,
    env: { ...bareEnv, PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtimeDirectory, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

/** Runs `heddle start` on free ports and waits until the server has started. */
export async function startHeddle(t: TestContext, ...argv: readonly string[]): Promise<Started> {
  const heddle = runHeddle(t, 'start', ...argv, '--port', '0', '--admin-port', '0')
  const { url } = await heddle.line('Server has started.')
  return { ...heddle, url: String(url) }
}
