/**
 * Reads server-sent events, and goes on where it was when the connection was lost.
 *
 * Main thread of a command. It asks the server for nothing it has seen already (`Last-Event-ID`).
 */
import { createInterface } from 'node:readline'

import { eventsType } from '../control/contract.ts'
import { HeddleError, isFailure } from '../errors.ts'
import { openAnswer } from './control-client.ts'
import type { Question, Server } from './control-client.ts'
import { RemoteFailure } from './remote-failure.ts'

/** One event as it was sent. */
export interface StreamEvent {
  /** Its name; `message` when it has none. */
  readonly name: string
  /** What the server goes on behind; the last one that was sent, `''` for none. */
  readonly id: string
  readonly data: string
}

/** What is read, and from whom. */
export interface Stream {
  /** Finds the server, at first and whenever the connection was lost. */
  readonly find: () => Promise<Server>
  readonly question: Question
  /** Whether to go on when the server has ended the answer, or the connection has broken. */
  readonly isFollowing: boolean
  /** Told when the connection is lost, and when there is one again: to another process, or the same. */
  readonly onChange?: (change: 'lost' | 'same' | 'other') => void
  /** Ends it. */
  readonly signal: AbortSignal
  /** Milliseconds between two attempts to find the server again. Defaults to 500. */
  readonly pauseMs?: number
}

/** How far it has come. */
interface Position {
  server: Server
  lastId: string
  /** Whether the server has begun to answer at least once. */
  hasBegun: boolean
}

/**
 * The events as they come. Ends when the server ends the answer and nobody follows, and with the signal.
 *
 * @throws what finding and asking the server does at first; later losses are waited out when following.
 */
export async function* readStream(stream: Stream): AsyncGenerator<StreamEvent, void, void> {
  const position: Position = { server: await stream.find(), lastId: '', hasBegun: false }
  do {
    try {
      yield* readOnce(stream, position)
    } catch (error) {
      if (stream.signal.aborted) return
      // What the server says is wrong with the question stays wrong.
      if (error instanceof RemoteFailure || !stream.isFollowing || !position.hasBegun) throw error
    }
  } while (stream.isFollowing && (await findAgain(stream, position)))
}

async function* readOnce(
  { question, signal }: Stream,
  position: Position
): AsyncGenerator<StreamEvent, void, void> {
  const { server, lastId } = position
  const headers = lastId === '' ? {} : { 'last-event-id': lastId }
  const response = await openAnswer(server, { ...question, accept: eventsType, headers, signal })
  position.hasBegun = true
  // Whoever stops reading here leaves the connection to nobody.
  try {
    for await (const event of parse(createInterface({ input: response, crlfDelay: Infinity }), lastId)) {
      if (event.id !== '') position.lastId = event.id
      yield event
    }
    if (!response.complete) throw new Error('The answer ended in the middle.')
  } catch (error) {
    throw signal.aborted ? error : lost(server, question)
  } finally {
    response.destroy()
  }
}

/** Lines to events, as the HTML standard has it; comments and retry times mean nothing here. */
async function* parse(lines: AsyncIterable<string>, lastId: string): AsyncGenerator<StreamEvent, void, void> {
  let name = ''
  let id = lastId
  let data: string[] = []
  for await (const line of lines) {
    if (line === '') {
      if (data.length > 0) yield { name: name === '' ? 'message' : name, id, data: data.join('\n') }
      name = ''
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') name = value
    else if (field === 'id') id = value
  }
}

/** Waits until there is a server again; `false` when the signal has come first. */
async function findAgain(stream: Stream, position: Position): Promise<boolean> {
  const { find, signal, pauseMs = 500, onChange } = stream
  if (!signal.aborted) onChange?.('lost')
  while (await pause(pauseMs, signal)) {
    try {
      const server = await find()
      const isSame = server.socket === position.server.socket && server.pid === position.server.pid
      // Another process counts anew.
      if (!isSame) position.lastId = ''
      position.server = server
      onChange?.(isSame ? 'same' : 'other')
      return true
    } catch (error) {
      if (!isFailure(error, 'HEDDLE_NO_SERVER')) throw error
    }
  }
  return false
}

/** Whether so much time has passed before the signal. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise(resolve => {
    const end = (isOver: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(isOver)
    }
    const stop = (): void => end(false)
    const timer = setTimeout(() => end(true), ms)
    signal.addEventListener('abort', stop)
  })
}

function lost({ pid }: Server, { operation }: Question): HeddleError {
  const asked = operation === 'logs' ? 'reading of the log' : `reading of the ${operation}`
  return new HeddleError('HEDDLE_CONNECTION_LOST', { pid, asked })
}
