/**
 * Holds a terminal for a command that draws on all of it: keys, size, signals, and the way back.
 *
 * Main thread of a command. However the process ends, but for SIGKILL, the terminal is as it was before.
 */
import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'

import { Screen } from './screen.ts'
import type { Size } from './screen.ts'

/** What the command is told. */
export interface Handlers {
  /** A key by its name or its character: `up`, `return`, `q`, `S`, `?`. */
  key(name: string): void
  /** All has to be drawn again. */
  redraw(): void
  /** It was asked to end, by Ctrl-C or by a signal. */
  end(signal: Ending): void
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A signal that ends the command. */
export type Ending = (typeof endings)[number]

/** Milliseconds after which a process that has not been stopped by its own signal goes on. */
const resumeMs = 200

interface Key {
  readonly name?: string
  readonly sequence?: string
  readonly ctrl?: boolean
}

/** A terminal that is held, from {@link FullScreen.open} to {@link FullScreen.close}. */
export class FullScreen {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #handlers: Handlers
  readonly #screen: Screen
  readonly #signals: readonly (readonly [NodeJS.Signals, () => void])[]
  readonly #atExit = (): void => this.#restore()
  readonly #atKey = (text: string | undefined, key: Key): void => this.#press(text, key)
  readonly #atResize = (): void => this.#handlers.redraw()
  #resume: NodeJS.Timeout | null = null

  constructor(input: ReadStream, output: WriteStream, handlers: Handlers) {
    this.#input = input
    this.#output = output
    this.#handlers = handlers
    // Done when it returns, also at the exit of the process: so are all writes to terminals.
    this.#screen = new Screen(text => output.write(text))
    this.#signals = [
      ...endings.map(name => [name, () => handlers.end(name)] as const),
      ['SIGTSTP', () => this.#suspend()],
      ['SIGCONT', () => this.#continue()]
    ]
  }

  /** The size of the terminal as it is now. */
  get size(): Size {
    const { columns, rows } = this.#output
    // A terminal that does not say, such as a serial line.
    return { columns: columns || 80, rows: rows || 24 }
  }

  /** Takes the terminal over. */
  open(): void {
    process.on('exit', this.#atExit)
    for (const [name, listener] of this.#signals) process.on(name, listener)
    emitKeypressEvents(this.#input)
    this.#input.on('keypress', this.#atKey)
    this.#output.on('resize', this.#atResize)
    this.#enter()
  }

  /** Gives the terminal back and lets the process end. */
  close(): void {
    this.#restore()
    process.off('exit', this.#atExit)
    for (const [name, listener] of this.#signals) process.off(name, listener)
    this.#input.off('keypress', this.#atKey)
    this.#output.off('resize', this.#atResize)
    this.#input.pause()
    this.#input.unref()
  }

  /** Shows a page. */
  draw(lines: readonly string[]): void {
    this.#screen.draw(lines, this.size)
  }

  #enter(): void {
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#screen.open()
  }

  #restore(): void {
    if (this.#resume !== null) clearTimeout(this.#resume)
    this.#resume = null
    if (!this.#screen.isOpen) return
    this.#screen.close()
    try {
      this.#input.setRawMode(false)
    } catch {
      // The terminal has gone, and its settings with it.
    }
  }

  #press(text: string | undefined, { name, sequence, ctrl = false }: Key): void {
    if (ctrl && name === 'c') this.#handlers.end('SIGINT')
    else if (ctrl && name === 'z') this.#suspend()
    else if (ctrl && name === 'l') {
      this.#screen.forget()
      this.#handlers.redraw()
    } else if (!ctrl) {
      const isCharacter = text !== undefined && text.length === 1 && text > ' '
      this.#handlers.key(isCharacter ? text : (name ?? sequence ?? ''))
    }
  }

  /** Back to the shell as any other program: the terminal is its own until `fg`. */
  #suspend(): void {
    if (process.platform === 'win32') return
    this.#restore()
    const [, listener] = this.#signals.find(([name]) => name === 'SIGTSTP') ?? []
    if (listener !== undefined) process.off('SIGTSTP', listener)
    // The whole job, as the terminal itself would have told it: who has started us, too.
    process.kill(0, 'SIGTSTP')
    // Without a shell that looks after jobs the signal does nothing, and nobody will say that it goes on.
    this.#resume = setTimeout(() => this.#continue(), resumeMs)
  }

  /** It goes on, and whatever the terminal shows or is set to by now is not what was left there. */
  #continue(): void {
    if (this.#resume !== null) clearTimeout(this.#resume)
    this.#resume = null
    const [, listener] = this.#signals.find(([name]) => name === 'SIGTSTP') ?? []
    if (listener !== undefined && !process.listeners('SIGTSTP').includes(listener))
      process.on('SIGTSTP', listener)
    // Said again even if it is so already: the shell has set the terminal to its own liking.
    this.#input.setRawMode(false)
    this.#screen.lose()
    this.#enter()
    this.#handlers.redraw()
  }
}
