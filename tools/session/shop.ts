/**
 * The shop with the fault, running: a copy of `examples/slow-shop`, its server, and its customers, of whom one makes
 * it slow.
 *
 * Runs in the process of a test or of `tools/session.ts`; the server is a process of its own.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const root = join(import.meta.dirname, '..', '..')
const customers = ['c-1001', 'c-1002', 'c-1003', 'c-1004', 'c-1006', 'c-1007', 'c-1008', 'c-1009']
/** The one whose note is hard on the delivery. */
const unlucky = 'c-1005'
const thinkMs = 120
const pages = ['/', '/', '/checkout']
/** So many pages make two checkouts. */
const warmTurns = 6
const unluckyThinkMs = 1500
/** Figures of the last seconds are of so many. */
const recentMs = 11_000
/** What is wrong with the delivery: a word can be taken apart in as many ways as it has places, and so can the next. */
const faulty = String.raw`/^(?:[\p{L}\p{N}]+[ ,.'-]?)*$/u`
/** The same notes, one way to read each. */
const harmless = String.raw`/^(?:[ ,.'-]?[\p{L}\p{N}])*[ ,.'-]?$/u`

type Line = Readonly<Record<string, unknown>>

/** The shop and its customers. */
export class Shop {
  /** Where it lies. */
  readonly directory: string
  /** The environment of a shell in which `heddle` is a command and finds this server. */
  readonly env: Readonly<Record<string, string | undefined>>
  #url = ''
  readonly #base: string
  readonly #child: ChildProcess
  readonly #waiting = new Set<(line: Line | null) => void>()
  readonly #ending = new AbortController()
  #visits: Promise<unknown> = Promise.resolve()

  private constructor() {
    this.#base = mkdtempSync(join(tmpdir(), 'heddle-session-'))
    this.directory = join(this.#base, 'slow-shop')
    cpSync(join(root, 'examples', 'slow-shop'), this.directory, { recursive: true })
    mkdirSync(join(this.directory, 'node_modules'))
    symlinkSync(join(root, 'packages', 'heddle'), join(this.directory, 'node_modules', 'heddle'))
    this.env = {
      ...process.env,
      PATH: [commandDirectory(this.#base), process.env['PATH']].join(delimiter),
      XDG_RUNTIME_DIR: join(this.#base, 'run'),
      HOME: this.#base,
      NO_COLOR: undefined,
      FORCE_COLOR: undefined,
      LANG: 'C.UTF-8'
    }
    mkdirSync(join(this.#base, 'run'), { mode: 0o700 })
    const flags = ['--port', '0', '--hostname', '127.0.0.1', '--log-format', 'json']
    this.#child = spawn('heddle', ['start', ...flags], {
      cwd: this.directory,
      env: this.env,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', text => this.#read(text))
    this.#child.once('exit', () => this.#tell(null))
  }

  /** Opens the shop, and lets customers in for good. */
  static async open(): Promise<Shop> {
    const shop = new Shop()
    try {
      const started = await shop.next(({ msg }) => msg === 'Server has started.')
      shop.#url = String(started['url'])
    } catch (error) {
      await shop.close()
      throw error
    }
    const visits = customers.map((customer, index) => shop.#visitSoon(customer, index * 15))
    const served = Promise.all(visits.map(({ served }) => served))
    shop.#visits = Promise.all([...visits.map(({ gone }) => gone), shop.#visitAfter(served)])
    return shop
  }

  /** Where it is reached. */
  get url(): string {
    return this.#url
  }

  /** The next line of the log that fits. Rejects when the server ends. */
  next(fits: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve, reject) => {
      const look = (line: Line | null): void => {
        if (line !== null && !fits(line)) return
        this.#waiting.delete(look)
        if (line === null) reject(new Error('The server has ended.'))
        else resolve(line)
      }
      this.#waiting.add(look)
    })
  }

  /** Resolves when a worker has begun to stand still. */
  async blocks(): Promise<void> {
    await this.next(({ msg }) => String(msg).startsWith('Worker is blocked'))
  }

  /** Takes the fault out of the code; the server has to be told. */
  repair(): void {
    const file = join(this.directory, 'delivery', 'notes.js')
    const text = readFileSync(file, 'utf8')
    const repaired = text.replace(faulty, () => harmless)
    if (repaired === text) throw new Error(`There is no fault in ${file}.`)
    writeFileSync(file, repaired)
  }

  /** Resolves when what figures of the last seconds are about is over. */
  async forget(): Promise<void> {
    await delay(recentMs)
  }

  /** Ends the customers and the server, and removes the copy. */
  async close(): Promise<void> {
    this.#ending.abort()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exit
    }
    await this.#visits
    rmSync(this.#base, { recursive: true, force: true })
  }

  /** A customer who comes and goes on; `served` when there have been a few answers. */
  #visitSoon(
    customer: string,
    waitMs: number
  ): { readonly served: Promise<void>; readonly gone: Promise<void> } {
    const { promise: served, resolve } = Promise.withResolvers<void>()
    const visit = async (): Promise<void> => {
      await this.#pause(waitMs)
      for (let turn = 0; !this.#ending.signal.aborted; turn += 1) {
        await this.#ask(customer, pages[turn % pages.length] ?? '/')
        if (turn === warmTurns) resolve()
        await this.#pause(thinkMs)
      }
      resolve()
    }
    return { served, gone: visit() }
  }

  /** Others come first: an expression that has been used before is compiled, and takes as long each time. */
  async #visitAfter(others: Promise<unknown>): Promise<void> {
    await others
    while (!this.#ending.signal.aborted) {
      await this.#ask(unlucky, '/checkout')
      await this.#pause(unluckyThinkMs)
    }
  }

  async #ask(customer: string, page: string): Promise<void> {
    const { signal } = this.#ending
    try {
      const response = await fetch(`${this.#url}${page}`, { headers: { 'x-customer': customer }, signal })
      await response.text()
    } catch (error) {
      // The shop has closed, and whoever was in it goes.
      if (!signal.aborted) throw error
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#ending
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #read(text: string): void {
    try {
      this.#tell(JSON.parse(text) as Line)
    } catch {
      // Something else than a line of the log: nobody waits for that.
    }
  }

  #tell(line: Line | null): void {
    for (const look of this.#waiting) look(line)
  }
}

/** A directory with `heddle` in it: the command of this checkout, from its source. */
function commandDirectory(base: string): string {
  const directory = join(base, 'bin')
  mkdirSync(directory)
  const entry = join(root, 'packages', 'heddle', 'src', 'cli', 'main.ts')
  const command = join(directory, 'heddle')
  writeFileSync(
    command,
    `#!/bin/sh\nexec '${process.execPath}' --conditions=@heddle/source '${entry}' "$@"\n`
  )
  chmodSync(command, 0o755)
  return directory
}
