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
import type { OperationName, Place, Problem, ProgressLine } from '../control/contract.ts'
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
  /** Called for everything that happens in the server meanwhile. */
  readonly onEvent?: (name: string, fact: unknown) => void
  /** Milliseconds in which an answer that needs no work has to begin. Defaults to 10 000. */
  readonly silenceMs?: number
}

/** A main thread that does not answer for so long has been stopped: it never runs what could block it. */
const silenceMaxMs = 10_000

/**
 * Asks and resolves with the answer when the operation is done.
 *
 * @throws {RemoteFailure} what the server says went wrong.
 * @throws HEDDLE_NO_SERVER when nobody answers at the socket, HEDDLE_CONNECTION_LOST when the server went away,
 * HEDDLE_SOCKET_FAILED when it does not begin to answer.
 */
export async function ask(server: Server, question: Question): Promise<unknown> {
  const response = await open(server, question).catch(async (error: Error) => {
    throw await unreachable(server, question, error)
  })
  const type = response.headers['content-type'] ?? ''
  if (type.startsWith(streamType)) return followStream(response, server, question)
  const body: unknown = JSON.parse(await whole(response, server, question))
  if (type.startsWith(problemType)) throw new RemoteFailure(body as Problem)
  return body
}

function open(server: Server, question: Question): Promise<IncomingMessage> {
  const { operation, place = {}, body = {}, onEvent, silenceMs = silenceMaxMs } = question
  const { method, changes } = operations[operation]
  // A stream begins before the work does, and a stop is only announced.
  const beginsAtOnce = !changes || onEvent !== undefined || operation === 'stop'
  // Not by `import`, which loads undici: a command would start 30 ms later.
  const { request } = process.getBuiltinModule('node:http')
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: server.socket,
      method,
      path: pathOf(operation, place),
      headers: {
        accept: changes && onEvent !== undefined ? `${streamType}, ${answerType}` : answerType,
        'content-type': answerType
      }
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
    outgoing.end(method === 'POST' ? JSON.stringify(body) : undefined)
  })
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
