/** Runs a command of the command line in a process of its own, as people and programs do. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

import type { PaperServer } from './paper-server.ts'

/** What runs a command from the source: a build that lies about is not what is tested. */
export const command: readonly string[] = [
  process.execPath,
  '--conditions=@heddle/source',
  join(import.meta.dirname, '../../bin/heddle.js')
]

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Where a command runs: the directory of a server. */
export type CommandPlace = Pick<PaperServer, 'root' | 'env'>

/** Starts a command in the directory of a server. */
export function launch(
  t: TestContext,
  { root, env }: Pick<PaperServer, 'root' | 'env'>,
  argv: readonly string[]
): ChildProcess {
  const [program = '', ...rest] = command
  const child = spawn(program, [...rest, ...argv], { cwd: root, env, stdio: 'pipe' })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Runs a command to its end. */
export async function run(t: TestContext, server: CommandPlace, ...argv: readonly string[]): Promise<Ended> {
  const child = launch(t, server, argv)
  child.stdin?.end()
  return ended(child)
}

/** Waits for the end of a command. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('It does not write into pipes.')
  const [out, errors] = await Promise.all([text(stdout), text(stderr), once(child, 'close')])
  return { code: child.exitCode, stdout: out, stderr: errors }
}
