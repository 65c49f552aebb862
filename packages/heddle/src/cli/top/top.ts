/**
 * `heddle top` on a terminal: looks once a second, draws, does what the keys ask for.
 *
 * Main thread of a command. What is shown and what a key means is decided in `state.ts` and `view.ts`.
 */
import { styleText } from 'node:util'

import type { OperationName } from '../../control/contract.ts'
import { ask, openAnswer } from '../control-client.ts'
import type { Question, Server } from '../control-client.ts'
import { readStream } from '../event-stream.ts'
import { findServer } from '../find-server.ts'
import { lineText } from '../log-text.ts'
import type { Typed } from '../program.ts'
import { destinationOf, documentName, saveDocument } from '../save-document.ts'
import { FullScreen } from '../terminal/full-screen.ts'
import { endingCodes } from '../until-signal.ts'
import type { Row } from '../workers/rows.ts'
import { logged, looked, pressed, startState } from './state.ts'
import type { Message, Task, TopState } from './state.ts'
import { topLines } from './view.ts'
import type { TopDress } from './view.ts'

/** Milliseconds between two looks, and those after which a look has failed. */
const lookMs = 1000
const silenceMs = 3000

/** Lines of a log that are shown at first. */
const tail = '200'

/** Milliseconds for which processor time is watched. */
const profileMs = 5000

/** Which row is chosen has to be seen without colours too. */
const dress: TopDress = (style, text) =>
  style === 'inverse' ? `\u001B[7m${text}\u001B[27m` : styleText(style, text, { stream: process.stdout })

/** Runs until somebody quits, and resolves with the exit code. @throws what finding the server does, at first. */
export async function runTop(typed: Typed): Promise<number> {
  const first = await findServer(typed)
  const top = new Top(typed, first)
  try {
    return await top.run()
  } finally {
    top.close()
  }
}

class Top {
  readonly #typed: Typed
  readonly #terminal: FullScreen
  readonly #ended = Promise.withResolvers<number>()
  #server: Server | null
  #state: TopState = startState
  #timer: NodeJS.Timeout | null = null
  #drawing: NodeJS.Immediate | null = null
  #isLooking = false
  #isClosed = false
  /** Ends the log that is read. */
  #log: AbortController | null = null

  constructor(typed: Typed, server: Server) {
    this.#typed = typed
    this.#server = server
    this.#terminal = new FullScreen(process.stdin, process.stdout, {
      key: name => this.#press(name),
      redraw: () => this.#draw(),
      end: signal => this.#ended.resolve(endingCodes[signal])
    })
  }

  run(): Promise<number> {
    this.#terminal.open()
    this.#draw()
    void this.#look()
    this.#timer = setInterval(() => void this.#look(), lookMs)
    return this.#ended.promise
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    if (this.#drawing !== null) clearImmediate(this.#drawing)
    this.#log?.abort()
    this.#terminal.close()
  }

  /** Drawn once for all that happens in one turn: a log may come in hundreds of lines. */
  #set(state: TopState): void {
    this.#state = state
    if (this.#drawing !== null) return
    this.#drawing = setImmediate(() => {
      this.#drawing = null
      this.#draw()
    })
  }

  #draw(): void {
    if (this.#isClosed) return
    this.#terminal.draw(topLines(this.#state, this.#terminal.size, dress))
  }

  /** One look at a time: a server that is slow to answer is not asked once more meanwhile. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      this.#server ??= await findServer(this.#typed)
      const report = await ask(this.#server, { operation: 'status', silenceMs })
      this.#set(looked(this.#state, report))
    } catch (error) {
      // It may have been started anew, elsewhere.
      this.#server = null
      const [trouble = ''] = messageOf(error).split('\n')
      this.#set({ ...this.#state, trouble })
    } finally {
      this.#isLooking = false
    }
  }

  #press(key: string): void {
    const { state, task } = pressed(this.#state, key)
    this.#set(state)
    if (task !== undefined) this.#begin(task)
  }

  #begin(task: Task): void {
    if (task.do === 'quit') this.#ended.resolve(0)
    if (task.do === 'leave log') this.#log?.abort()
    if (!('row' in task)) return
    if (task.do === 'read log') void this.#readLog(task.row)
    else void this.#operate(task.do, task.row)
  }

  async #operate(what: 'drain' | 'ready' | 'restart' | 'profile', row: Row): Promise<void> {
    const { name } = row
    const begun = { drain: 'is being drained', ready: 'is taken back', restart: 'is being restarted' }
    const text = what === 'profile' ? `is being watched for ${profileMs / 1000} s` : begun[what]
    this.#tell({ text: `${name} ${text}…`, look: 'under way' })
    try {
      const server = this.#server ?? (await findServer(this.#typed))
      if (what === 'profile') {
        this.#tell({ text: `${await saveProfile(server, row)} is written.`, look: 'done' })
        return
      }
      await ask(server, questionFor(what, row))
      const done = { drain: 'gets no new requests', ready: 'gets requests', restart: 'is fresh' }
      this.#tell({ text: `${name} ${done[what]}.`, look: 'done' })
      void this.#look()
    } catch (error) {
      this.#tell({ text: messageOf(error).split('\n')[0] ?? '', look: 'wrong' })
    }
  }

  #tell(message: Message): void {
    this.#set({ ...this.#state, message })
  }

  async #readLog({ kind, application, name }: Row): Promise<void> {
    this.#log?.abort()
    const log = new AbortController()
    this.#log = log
    const about = kind === 'application' ? { application: application ?? undefined } : { worker: name }
    const stream = {
      find: () => findServer(this.#typed),
      question: { operation: 'logs', query: { ...about, tail } } as const,
      isFollowing: true,
      signal: log.signal
    }
    try {
      for await (const event of readStream(stream)) {
        if (event.name === 'lost') continue
        const text = lineText(event.data, process.stdout)
        if (!log.signal.aborted) this.#set(logged(this.#state, text.split('\n')))
      }
    } catch (error) {
      if (!log.signal.aborted) this.#set(logged(this.#state, [messageOf(error)]))
    }
  }
}

function questionFor(what: 'drain' | 'ready' | 'restart', { application, slot }: Row): Question {
  const id = application ?? ''
  if (slot === null) return { operation: 'restartApplication', place: { id } }
  const names: Readonly<Record<typeof what, OperationName>> = {
    drain: 'drainWorker',
    ready: 'readyWorker',
    restart: 'restartWorker'
  }
  return { operation: names[what], place: { id, slot } }
}

async function saveProfile(server: Server, { application, slot, name }: Row): Promise<string> {
  const place = { id: application ?? '', slot: slot ?? 0 }
  const body = { type: 'cpu', durationMs: profileMs }
  const response = await openAnswer(server, { operation: 'profile', place, body })
  const destination = destinationOf(undefined, documentName(name, 'cpuprofile', new Date()))
  await saveDocument(response, { ...destination, isQuiet: true }, 'profile')
  return destination.path
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
