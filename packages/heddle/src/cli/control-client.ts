/**
 * Asks a running server to do something, and hears how it goes: the other end of `main/admin/api.ts`.
 *
 * Main thread of a command. It waits as long as the server works: how long that may take is in the server's
 * configuration, not here. Only a server that does not even begin to answer is given up.
 */
import { createInterface } from 'node:readline'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import { answerType, operations, pathOf, problemType, streamType } from '../control/contract.ts'
import type { AnswerOf, OperationName, Place, Problem, ProgressLine } from '../control/contract.ts'
import { describeServer, runningServers, socketDirectory } from '../control/server-facts.ts'
import { HeddleError } from '../errors.ts'
import { RemoteFailure } from './remote-failure.ts'

/** Which server is asked. */
export interface Server {
  /** Absolute path of its socket. */
  readonly socket: string
  /** Number of its process; `null` when only the socket is known. */
  readonly pid: number | null
}

/** What is asked for. */
export interface Question {
  readonly operation: OperationName
  readonly place?: Place
  readonly body?: Readonly<Record<string, unknown>>
  /** What `undefined` is the value of is left out. */
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Called for everything that happens in the server meanwhile. */
  readonly onEvent?: (name: string, fact: unknown) => void
  /** Milliseconds in which an answer that needs no work has to begin. Defaults to 10 000. */
  readonly silenceMs?: number
}

/** An answer that goes on, or one too long to be kept: the caller reads it. */
export interface OpenQuestion extends Question {
  /** The media type that is wanted. Defaults to JSON. */
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Gives it up; what is being read ends with an error then. */
  readonly signal?: AbortSignal
}

/** A main thread that does not answer for so long has been stopped: it never runs what could block it. */
const silenceMaxMs = 10_000

/**
 * Asks and resolves with the answer when the operation is done: a value, or text where the answer is no JSON.
 *
 * @throws {RemoteFailure} what the server says went wrong.
 * @throws HEDDLE_NO_SERVER when nobody answers at the socket, HEDDLE_CONNECTION_LOST when the server went away,
 * HEDDLE_SOCKET_FAILED when it does not begin to answer.
 */
export async function ask<Name extends OperationName>(
  server: Server,
  question: Question & { readonly operation: Name }
): Promise<AnswerOf<Name>> {
  return (await answerOf(server, question)) as AnswerOf<Name>
}

async function answerOf(server: Server, question: Question): Promise<unknown> {
  const { onEvent, operation } = question
  const plain = operations[operation].answer.form === 'value' ? answerType : '*/*'
  const accept = onEvent === undefined ? plain : `${streamType}, ${answerType}`
  const response = await openAnswer(server, { ...question, accept })
  const type = response.headers['content-type'] ?? ''
  if (type.startsWith(streamType)) return followStream(response, server, question)
  const body = await whole(response, server, question)
  return type.startsWith(answerType) ? JSON.parse(body) : body
}

/**
 * Asks and resolves when the answer begins. It is read by the caller, and may break off.
 *
 * @throws {RemoteFailure} what the server says went wrong.
 * @throws what {@link ask} does.
 */
export async function openAnswer(server: Server, question: OpenQuestion): Promise<IncomingMessage> {
  const response = await open(server, question).catch(async (error: Error) => {
    throw await unreachable(server, question, error)
  })
  if (!(response.headers['content-type'] ?? '').startsWith(problemType)) return response
  throw new RemoteFailure(JSON.parse(await whole(response, server, question)) as Problem)
}

function open(server: Server, question: OpenQuestion): Promise<IncomingMessage> {
  const { operation, place = {}, body = {}, query = {}, onEvent, silenceMs = silenceMaxMs } = question
  const { method, changes, answer } = operations[operation]
  // A stream begins before the work does, and a stop is only announced.
  const beginsAtOnce = (!changes && answer.form === 'value') || onEvent !== undefined || operation === 'stop'
  // Not by `import`, which loads undici: a command would start 30 ms later.
  const { request } = process.getBuiltinModule('node:http')
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: server.socket,
      method,
      path: pathOf(operation, place) + searchOf(query),
      headers: { accept: question.accept ?? '*/*', 'content-type': answerType, ...question.headers },
      ...(question.signal === undefined ? {} : { signal: question.signal })
    })
    outgoing.on('response', response => {
      outgoing.setTimeout(0)
      resolve(response)
    })
    outgoing.on('error', reject)
    if (beginsAtOnce) {
      const reason = `the server has not answered for ${silenceMs} ms`
      outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(reason)))
    }
    outgoing.end(method === 'POST' || method === 'PUT' ? JSON.stringify(body) : undefined)
  })
}

function searchOf(query: NonNullable<Question['query']>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

async function unreachable(server: Server, { operation }: Question, error: Error): Promise<HeddleError> {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    const running = (await runningServers(socketDirectory(process.env))).map(describeServer)
    return new HeddleError('HEDDLE_NO_SERVER', { wanted: `at ${server.socket}`, running })
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return lost(server, operation)
  return new HeddleError('HEDDLE_SOCKET_FAILED', { path: server.socket, reason: error.message })
}

async function followStream(
  response: IncomingMessage,
  server: Server,
  { operation, onEvent }: Question
): Promise<unknown> {
  try {
    for await (const line of createInterface({ input: response })) {
      const value = JSON.parse(line) as ProgressLine
      if ('event' in value) onEvent?.(value.event, value.fact)
      else if ('problem' in value) throw new RemoteFailure(value.problem)
      else return value.done
    }
  } catch (error) {
    throw error instanceof RemoteFailure ? error : lost(server, operation)
  }
  throw lost(server, operation)
}

async function whole(response: IncomingMessage, server: Server, { operation }: Question): Promise<string> {
  try {
    return await text(response)
  } catch {
    // The connection broke in the middle of the answer.
    throw lost(server, operation)
  }
}

function lost({ pid }: Server, asked: OperationName): HeddleError {
  return new HeddleError('HEDDLE_CONNECTION_LOST', { pid, asked })
}
