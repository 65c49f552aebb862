/**
 * A terminal without a screen: runs a program on one, presses keys, and knows what is to be seen.
 *
 * The calls of the system come from `koffi`. The program has no controlling terminal: signals of the terminal are sent
 * by hand, and job control is tested in `test/system`.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, writeSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { ReadStream } from 'node:tty'

import koffi from 'koffi'

import { PaperScreen } from './terminal/paper-screen.ts'

const library = koffi.load(null)
const openpty = library.func(
  'int openpty(_Out_ int *master, _Out_ int *slave, void *name, void *settings, void *size)'
)
const ioctl = library.func('int ioctl(int descriptor, unsigned long request, ...)')
const fcntl = library.func('int fcntl(int descriptor, int command, ...)')
const setFlags = 2
const closeOnExec = 1
const setSize = process.platform === 'darwin' ? 0x80087467 : 0x5414

/** How a terminal and what runs on it begins. */
export interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A program on a terminal. */
export class PseudoTerminal {
  readonly child: ChildProcess
  readonly screen: PaperScreen
  /** Everything that was written to it. */
  output = ''
  readonly #master: number
  readonly #slave: number
  readonly #reader: ReadStream
  readonly #looking = new Set<() => void>()

  constructor(t: TestContext, argv: readonly string[], { columns, rows, env, cwd }: TerminalOptions) {
    const master = [0]
    const slave = [0]
    if (openpty(master, slave, null, null, null) !== 0) throw new Error('There is no pseudo-terminal.')
    this.#master = master[0] ?? 0
    this.#slave = slave[0] ?? 0
    // The other end is this process's alone: with it gone the program finds its terminal gone, and does not wait for ever.
    fcntl(this.#master, setFlags, 'int', closeOnExec)
    this.screen = new PaperScreen(columns, rows)
    this.#tellSize()
    const [program = '', ...rest] = argv
    this.child = spawn(program, rest, {
      stdio: [this.#slave, this.#slave, this.#slave],
      // A group of its own: what it sends to its job must not reach this process.
      detached: true,
      env: { ...env, TERM: 'xterm-256color' },
      ...(cwd === undefined ? {} : { cwd })
    })
    this.#reader = new ReadStream(this.#master)
    this.#reader.setEncoding('utf8')
    this.#reader.on('data', (text: string) => {
      this.output += text
      this.screen.write(text)
      for (const look of this.#looking) look()
    })
    // The end of a terminal is an error to Linux.
    this.#reader.on('error', () => {})
    t.after(() => {
      this.child.kill('SIGKILL')
      this.#reader.destroy()
      closeSync(this.#slave)
    })
  }

  press(keys: string): void {
    writeSync(this.#master, keys)
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows)
    this.#tellSize()
    this.child.kill('SIGWINCH')
  }

  /** Resolves when the condition holds of what is seen; looks whenever something is written. */
  until(holds: (terminal: PseudoTerminal) => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!holds(this)) return
        this.#looking.delete(look)
        resolve()
      }
      this.#looking.add(look)
      look()
    })
  }

  /** Resolves when this is to be seen. */
  sees(pattern: RegExp): Promise<void> {
    return this.until(({ screen }) => pattern.test(screen.text))
  }

  /** Resolves with the exit code when the program has ended. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }

  /** Whether the terminal takes lines and shows what is typed, as a shell wants it. */
  isCooked(): boolean {
    const { stdout } = spawnSync('stty', ['-a'], {
      stdio: [this.#slave, 'pipe', 'inherit'],
      encoding: 'utf8'
    })
    return / icanon/.test(stdout) && / echo /.test(stdout)
  }

  #tellSize(): void {
    const { columns, rows } = this.screen
    ioctl(this.#master, setSize, 'void *', Buffer.from(Uint16Array.of(rows, columns, 0, 0).buffer))
  }
}
