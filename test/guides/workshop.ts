/**
 * An empty directory, a shell and a terminal for a server: where a guide is followed. Runs in the process of a test.
 *
 * First on the PATH are stand-ins for what would need a network or a fixed port: `npm` links what is installed in this
 * repository, `npx` runs what was linked, `curl` finds the port a server was given, and `node` runs Heddle from its
 * source. Everything else is what the reader has.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { bareEnv } from '../../packages/heddle/test/bare-env.ts'
import { foundIn, isSame } from './compare.ts'
import type { Step, Unit } from './page.ts'

const repository = join(import.meta.dirname, '../..')
/** What `start` says, and what `dev` does. */
const answersAt = /^ {2}(?:● Heddle answers at|[a-z][a-z\d-]*) +http:\/\/[^\s:]+:(\d+)/m
const statusAt = /Probes and status at http:\/\/[^\s:]+:(\d+)/
/** Ports of a guide that shows none. */
const usual = { public: '3000', admin: '9090' }

/** What goes on until it is stopped. */
const goesOn =
  /^(?:\w+=\S+ )*(?:npx heddle|heddle|node node_modules\/heddle\/bin\/heddle\.js) (?:start|dev)\b|^npm (?:start|run dev)\b/

/** A server in a terminal of its own. */
interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  printed: string
  /** How much of it the guide has shown. */
  shown: number
  look: () => void
}

/** Where one guide is followed. */
export class Workshop {
  /** How many outputs were compared. */
  compared = 0
  readonly #root: string
  readonly #packages: readonly string[]
  #directory: string
  #server: Server | null = null
  #lastCode = 0

  /** @param packages Where `npm` finds what it installs, the first that has it. */
  constructor(t: TestContext, packages: readonly string[] = [join(repository, 'node_modules')]) {
    this.#packages = packages
    this.#root = mkdtempSync(join(tmpdir(), 'heddle-guide-'))
    this.#directory = join(this.#root, 'project')
    for (const folder of ['project', 'bin', 'run']) mkdirSync(join(this.#root, folder), { mode: 0o700 })
    writeFileSync(join(this.#root, 'ports.json'), '{}')
    this.#provide()
    t.after(() => this.#leave())
  }

  /** Does everything a guide says, and fails where it is not as the guide says. */
  async follow({ steps }: Unit): Promise<void> {
    for (const [index, step] of steps.entries()) {
      try {
        await this.#do(step, steps[index + 1])
      } catch (error) {
        throw new Error(`Line ${step.line}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error
        })
      }
    }
    await this.#stopServer()
  }

  async #do(step: Step, next: Step | undefined): Promise<void> {
    if (step.kind === 'file') this.#write(step.name, step.text)
    else if (step.kind === 'shown') await this.#serverShows(step.expected)
    else if (goesOn.test(step.command)) await this.#startServer(step.command, step.expected)
    else await this.#run(step, next?.kind === 'command' && next.command === 'echo $?')
  }

  #write(name: string, text: string): void {
    const file = join(this.#directory, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Types one command and compares what it prints; nothing expected is anything. */
  async #run({ command, expected }: Step & { kind: 'command' }, mayFail: boolean): Promise<void> {
    const where = join(this.#root, 'where')
    // The next command goes on where this one has gone to, and knows how it ended.
    const lines = ['exec 2>&1', `(exit ${this.#lastCode})`, command, `code=$?; pwd >'${where}'; exit $code`]
    const child = this.#spawn(lines.join('\n'))
    const ended = once(child, 'close')
    let printed = ''
    child.stdout?.on('data', (text: string) => (printed += text))
    await ended
    this.#lastCode = child.exitCode ?? 1
    this.#directory = readFileSync(where, 'utf8').trim()
    if (this.#lastCode !== 0 && !mayFail)
      throw new Error(`"${command}" ended with code ${child.exitCode} and printed:\n${printed}${this.#log()}`)
    if (expected.length === 0) return
    this.compared += 1
    if (!isSame(expected, this.#asWritten(printed))) throw notAsShown(command, expected, printed, this.#log())
  }

  async #startServer(command: string, expected: readonly string[]): Promise<void> {
    await this.#stopServer()
    // The terminal's Ctrl-C goes to everything that runs in it.
    const child = this.#spawn(`exec 2>&1\nexec env ${command}`, true)
    const server: Server = {
      child,
      ended: once(child, 'close').then(() => server.look()),
      printed: '',
      shown: 0,
      look: () => undefined
    }
    child.stdout?.on('data', (text: string) => {
      server.printed += text
      server.look()
    })
    this.#server = server
    await this.#printed(server, text => answersAt.test(text))
    this.#learnPorts(server.printed, expected.join('\n'))
    if (expected.length > 0) await this.#serverShows(expected)
  }

  /** Which ports of the guide are which of this server. */
  #learnPorts(printed: string, written: string): void {
    const port = (of: RegExp, otherwise: string): readonly (readonly [string, number])[] => {
      const real = of.exec(printed)?.[1]
      return real === undefined ? [] : [[of.exec(written)?.[1] ?? otherwise, Number(real)]]
    }
    const ports = [...port(answersAt, usual.public), ...port(statusAt, usual.admin)]
    writeFileSync(join(this.#root, 'ports.json'), JSON.stringify(Object.fromEntries(ports)))
  }

  /** Resolves when the server has printed the lines, behind those the guide has shown already. */
  async #serverShows(expected: readonly string[]): Promise<void> {
    const server = this.#server
    if (server === null) throw new Error('No server runs that could show this.')
    const from = server.shown
    this.compared += 1
    await this.#printed(
      server,
      text => foundIn(expected, this.#asWritten(text.slice(from))) === expected.length,
      () => {
        const found = foundIn(expected, this.#asWritten(server.printed.slice(from)))
        return `not: ${expected[found]}`
      }
    )
    server.shown = server.printed.length
  }

  /** Resolves when the server has printed what is looked for; rejects when it ends before, or takes too long. */
  async #printed(
    server: Server,
    isThere: (text: string) => boolean,
    missing: () => string = () => ''
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`The server ${why} and had printed\n${server.printed}\n${missing()}`))
      const late = setTimeout(() => fail('has taken too long'), 40_000)
      const done = (act: () => void): void => {
        clearTimeout(late)
        server.look = () => undefined
        act()
      }
      server.look = () => {
        if (isThere(server.printed)) done(resolve)
        else if (server.child.exitCode !== null || server.child.signalCode !== null)
          done(() => fail('has ended'))
      }
      server.look()
    })
  }

  /** Ctrl-C. */
  async #stopServer(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    signal(server.child, 'SIGINT')
    await server.ended
    const { exitCode, signalCode } = server.child
    // Threads get some seconds to end, which may not be enough for a machine that is very busy. Stops have their own tests.
    const isOverdue = signalCode === 'SIGKILL' && server.printed.includes('Threads are stuck')
    if (exitCode !== 0 && !isOverdue)
      throw new Error(`After Ctrl-C the server ended with ${exitCode ?? signalCode}:\n${server.printed}`)
  }

  async #leave(): Promise<void> {
    const server = this.#server
    if (server !== null) {
      signal(server.child, 'SIGKILL')
      await server.ended
    }
    rmSync(this.#root, { recursive: true, force: true })
  }

  #log(): string {
    return this.#server === null ? '' : `\nThe server has printed:\n${this.#server.printed}`
  }

  /** What was printed, with the ports and directories of the guide. */
  #asWritten(printed: string): string {
    const ports = Object.entries(
      JSON.parse(readFileSync(join(this.#root, 'ports.json'), 'utf8')) as Record<string, number>
    )
    const text = ports.reduce(
      (text, [written, real]) => text.replaceAll(new RegExp(`:${real}\\b`, 'g'), `:${written}`),
      printed
    )
    return text.replaceAll(join(this.#root, 'project'), '')
  }

  #spawn(script: string, detached = false): ChildProcess {
    const child = spawn('sh', ['-c', script], {
      cwd: this.#directory,
      detached,
      env: {
        ...bareEnv,
        PATH: `${join(this.#root, 'bin')}:${process.env['PATH']}`,
        HOME: this.#root,
        XDG_RUNTIME_DIR: join(this.#root, 'run'),
        NO_COLOR: '1',
        HEDDLE_PORT: '0',
        HEDDLE_ADMIN_PORT: '0',
        NPM_PACKAGES: this.#packages.join(':'),
        CURL_PORTS: join(this.#root, 'ports.json')
      },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    child.stdout?.setEncoding('utf8')
    return child
  }

  /** The stand-ins. */
  #provide(): void {
    const node = `'${process.execPath}'`
    const own = (name: string): string =>
      `NODE_NO_WARNINGS=1 exec ${node} '${join(import.meta.dirname, name)}' "$@"`
    const terminal = join(import.meta.dirname, 'terminal.cjs')
    const standIns = {
      node: [
        `set -- --conditions=@heddle/source "$@"`,
        `case "$*" in *heddle.js" start"* | *heddle.js" dev"*) set -- --require '${terminal}' "$@" ;; esac`,
        `exec ${node} "$@"`
      ].join('\n'),
      npm: own('npm.ts'),
      curl: own('curl.ts'),
      npx: [
        'name=$1; shift',
        '[ -x "node_modules/.bin/$name" ] && exec "node_modules/.bin/$name" "$@"',
        // What is not installed it fetches for this once.
        `[ "$name" = heddle ] && exec node '${join(repository, 'packages/heddle/bin/heddle.js')}' "$@"`,
        'echo "npx: $name is not installed"; exit 127'
      ].join('\n')
    }
    for (const [name, script] of Object.entries(standIns))
      writeFileSync(join(this.#root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
}

function notAsShown(command: string, expected: readonly string[], printed: string, log: string): Error {
  return new Error(
    `"${command}" does not print what the guide shows.\nThe guide:\n${expected.join('\n')}\nIt printed:\n${printed}${log}`
  )
}

/** A signal for everything in the terminal of a process. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, name)
}
