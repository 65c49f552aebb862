/**
 * A shell in a real pseudo-terminal, typed into as a person would, and everything it has shown, with its time.
 *
 * Runs in the process of a test or of `tools/session.ts`; the terminal is that of `script` of util-linux.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { Terminal } from './terminal.ts'
import type { Run } from './terminal.ts'

/** How a shell is started. */
export interface ShellOptions {
  readonly columns: number
  readonly rows: number
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds between two keys; 0 types all at once. */
  readonly keyMs: number
  /** What is shown instead of what is of this machine alone, such as paths and ports. */
  readonly instead: ReadonlyMap<string, string>
}

/** Something that was shown, and when: seconds since the shell was started. */
export interface Moment {
  readonly at: number
  readonly text: string
}

/** The mark a prompt begins with, as shells tell terminals. */
const promptMark = '133;A'
const deadlineMs = 60_000

/** A shell that can be typed into. */
export class Shell {
  /** Everything it has shown. */
  readonly moments: Moment[] = []
  readonly #child: ChildProcess
  readonly #terminal: Terminal
  readonly #options: ShellOptions
  readonly #waiting = new Set<() => void>()
  readonly #startedAt = performance.now()
  #rest = ''
  #prompts = 0
  #promptRow = 0
  #hasEnded = false

  private constructor(options: ShellOptions) {
    const { columns, rows, directory, env } = options
    this.#options = options
    this.#terminal = new Terminal(columns, rows, command => {
      if (command !== promptMark) return
      this.#prompts += 1
      this.#promptRow = this.#terminal.row
    })
    // Shells that are not asked for commands forget their prompt.
    const command = `stty cols ${columns} rows ${rows}; PS1=$SESSION_PROMPT exec bash --noprofile --norc -i`
    this.#child = spawn(
      'script',
      ['--quiet', '--flush', '--echo', 'always', '--command', command, '/dev/null'],
      {
        cwd: directory,
        env: {
          ...env,
          TERM: 'xterm-256color',
          SESSION_PROMPT: String.raw`\[\e]133;A\a\]\[\e[1;32m\]$\[\e[0m\] `,
          HISTFILE: '',
          BASH_SILENCE_DEPRECATION_WARNING: '1'
        },
        stdio: ['pipe', 'pipe', 'inherit']
      }
    )
    const { stdout } = this.#child
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#show(text))
    this.#child.once('close', () => {
      this.#hasEnded = true
      this.#tell()
    })
  }

  /** Starts a shell; resolves when it waits for a command. */
  static async start(options: ShellOptions): Promise<Shell> {
    const shell = new Shell(options)
    try {
      await shell.until(() => shell.#prompts === 1, 'the first prompt')
      return shell
    } catch (error) {
      await shell.end()
      throw error
    }
  }

  /**
   * Types a command and waits until the shell asks for the next one.
   *
   * @param moment When it is sent off; at once when it is left out.
   * @returns what was shown from its line on.
   */
  async run(command: string, moment?: Promise<void>): Promise<readonly (readonly Run[])[]> {
    const from = this.#promptRow
    await this.type(command)
    await moment
    const back = this.prompt()
    await this.type('\r')
    await back
    return this.#terminal.runs().slice(from, this.#promptRow)
  }

  /** Resolves when the shell asks for the next command. */
  async prompt(): Promise<void> {
    const prompts = this.#prompts
    await this.until(() => this.#prompts > prompts, 'the next prompt')
  }

  /** Lets the terminal be looked at for a while. */
  async look(ms: number): Promise<void> {
    await delay(ms)
  }

  /** Types keys. */
  async type(keys: string): Promise<void> {
    for (const key of keys) {
      this.#child.stdin?.write(key)
      if (this.#options.keyMs > 0) await delay(this.#options.keyMs)
    }
  }

  /** Resolves as soon as the condition holds; it is looked at whenever something was shown. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (condition()) resolve()
      else if (this.#hasEnded)
        reject(new Error(`The shell has ended before ${what}:\n${this.#terminal.lines.join('\n')}`))
    }
    const late = setTimeout(() => {
      reject(
        new Error(
          `Not within ${deadlineMs} ms: ${what}. The terminal shows:\n${this.#terminal.lines.join('\n')}`
        )
      )
    }, deadlineMs)
    this.#waiting.add(look)
    look()
    await promise.finally(() => {
      clearTimeout(late)
      this.#waiting.delete(look)
    })
  }

  /** Resolves when the screen shows it. */
  async shows(pattern: RegExp): Promise<void> {
    await this.until(() => this.#terminal.lines.some(line => pattern.test(line)), `a line like ${pattern}`)
  }

  /** Whether a full-screen program has the terminal. */
  get isFullScreen(): boolean {
    return this.#terminal.isFullScreen
  }

  /** What the screen shows. */
  screen(): readonly (readonly Run[])[] {
    return this.#terminal.runs()
  }

  /** Ends the shell, and resolves when it has gone. */
  async end(): Promise<void> {
    if (this.#hasEnded) return
    const closed = once(this.#child, 'close')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    this.#child.stdin?.end('\u0003exit\r')
    await closed
    clearTimeout(late)
  }

  #show(text: string): void {
    const { shown, rest } = replaced(this.#rest + text, this.#options.instead)
    this.#rest = rest
    this.moments.push({ at: (performance.now() - this.#startedAt) / 1000, text: shown })
    this.#terminal.write(shown)
    this.#tell()
  }

  #tell(): void {
    for (const look of this.#waiting) look()
  }
}

/**
 * A text with words replaced; `rest` is its end when that may be the beginning of such a word, and has to be put in
 * front of what comes next.
 */
export function replaced(
  text: string,
  instead: ReadonlyMap<string, string>
): { readonly shown: string; readonly rest: string } {
  let whole = text
  for (const [word, other] of instead) whole = whole.replaceAll(word, other)
  const rests = [...instead.keys()].map(word => {
    let length = Math.min(word.length - 1, whole.length)
    while (length > 0 && !whole.endsWith(word.slice(0, length))) length -= 1
    return length
  })
  const kept = Math.max(0, ...rests)
  return { shown: whole.slice(0, whole.length - kept), rest: kept === 0 ? '' : whole.slice(-kept) }
}

/** Lines of runs as text. */
export function textOf(lines: readonly (readonly Run[])[]): string {
  return lines
    .map(runs => runs.reduce((line, { column, text }) => line.padEnd(column) + text, '').trimEnd())
    .join('\n')
    .trimEnd()
}
