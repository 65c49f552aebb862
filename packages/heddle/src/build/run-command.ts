/**
 * Runs one build in a process group of its own, and leaves nothing of it running.
 *
 * Main thread of a command. A build gets no input, its output comes here, and when it is ended all its processes are:
 * asked first, made to after {@link graceMs}.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'

import type { Cancel, Clock } from '../shared/clock.ts'
import type { StepEnd } from './run-steps.ts'
import type { Step } from './plan.ts'

/** What is needed to run one. */
export interface CommandContext {
  readonly clock: Clock
  /** Ends it in good order. */
  readonly signal: AbortSignal
  /** Ends it at once. */
  readonly hurry: AbortSignal
  /** Called with everything it writes, to either stream, as it comes. */
  readonly onOutput: (chunk: Buffer) => void
}

/** Milliseconds a build has to end by itself when it is asked to. */
const graceMs = 3000

/** Milliseconds for the last output of processes that a build has left behind. */
const lateOutputMs = 200

/** Runs it to its end. Never rejects. */
export async function runCommand({ command, path }: Step, context: CommandContext): Promise<StepEnd> {
  const { clock, signal, hurry, onOutput } = context
  const startedAt = clock.now()
  const end = (reason: string | null): StepEnd => {
    return { isDone: reason === null, reason, durationMs: clock.now() - startedAt }
  }
  if (signal.aborted) return end('was ended')
  const child = spawn(command.program, [...command.args], {
    cwd: path,
    env: { ...command.env },
    shell: command.isShell,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: a signal to it reaches the programs that its scripts have started.
    detached: process.platform !== 'win32'
  })
  const atExit = (): void => killGroup(child, 'SIGKILL')
  process.on('exit', atExit)
  child.stdout.on('data', onOutput)
  child.stderr.on('data', onOutput)
  const kills: Cancel[] = []
  const stop = (): void => {
    killGroup(child, 'SIGTERM')
    kills.push(clock.after(graceMs, atExit))
  }
  signal.addEventListener('abort', stop, { once: true })
  hurry.addEventListener('abort', atExit, { once: true })
  try {
    const reason = await reasonOf(child, path)
    for (const cancel of kills) cancel()
    // What it has left running in the background would go on for ever, and hold its output open.
    killGroup(child, 'SIGKILL')
    await outputEnded(child, clock)
    return end(signal.aborted ? 'was ended' : reason)
  } finally {
    signal.removeEventListener('abort', stop)
    hurry.removeEventListener('abort', atExit)
    process.off('exit', atExit)
  }
}

/** Why it has failed, as words that follow its name; `null` when it has not. */
function reasonOf(child: ChildProcess, directory: string): Promise<string | null> {
  return new Promise(resolve => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = existsSync(directory) ? `program ${child.spawnfile}` : `directory ${directory}`
      resolve(`could not be begun: ${error.code === 'ENOENT' ? `there is no ${missing}` : error.message}`)
    })
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(null)
      else resolve(code === null ? `was ended by ${signal}` : `ended with code ${code}`)
    })
  })
}

/** Resolves when all of its output has been read, and no later than a moment after its end. */
function outputEnded(child: ChildProcess, clock: Clock): Promise<void> {
  return new Promise(resolve => {
    const cancel = clock.after(lateOutputMs, () => {
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve()
    })
    child.once('close', () => {
      cancel()
      resolve()
    })
  })
}

/** Sends a signal to all processes of a build. */
function killGroup({ pid, exitCode }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  if (process.platform === 'win32') {
    if (exitCode === null) spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' })
    return
  }
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody of the group is left, as it should be.
  }
}
