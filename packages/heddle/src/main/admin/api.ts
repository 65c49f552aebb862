/**
 * The management API: from a request to the operation it asks for, and back.
 *
 * Main thread only. Who may ask is decided before: by the token over TCP, by the file system at the socket. It
 * has no time limit of its own: operations are bounded by the deadlines of the configuration. Every operation that
 * changes something is announced with who asked for it and what came of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

import {
  answerType,
  eventsType,
  operations as contract,
  progresses,
  streamType
} from '../../control/contract.ts'
import type { OperationName, Place } from '../../control/contract.ts'
import { problemOf } from '../../control/failure-status.ts'
import { matchOperation } from '../../control/match.ts'
import type { Operation } from '../../control/operation.ts'
import { HeddleError } from '../../errors.ts'
import type { Announce } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'
import { acts } from './acts.ts'
import { openStream, refuse, send, sendDocument, sendJson, sendProblem } from './answer.ts'
import { isNamed } from './event-ring.ts'
import type { EventRing, Listen } from './event-ring.ts'
import { EventStream } from './event-stream.ts'
import type { Feed } from './feed.ts'
import { LogFeed } from './log-feed.ts'
import type { LogFilter, LogSource } from '../../control/log-source.ts'
import { accepts, names } from './negotiation.ts'
import type { Operations } from './operations.ts'
import { RequestRefused } from './refused.ts'
import type { StatusReport } from './report.ts'
import { readInput, readQuery } from './request-input.ts'
import type { Input } from './request-input.ts'

/** What the API is made of. */
export interface ApiOptions {
  readonly operations: Operations
  readonly listen: Listen
  readonly events: EventRing
  /** The names events may have. */
  readonly eventNames: readonly string[]
  readonly logs: LogSource
  readonly announce: Announce
  readonly clock: Clock
}

/** One request to the API, and who sends it. */
export interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly pathname: string
  /** Without its question mark. */
  readonly query: string
  readonly via: 'socket' | 'tcp'
}

/** Clients that may read events and log lines at a time. */
const streamsMax = 64

/** Lines of the log a reader begins with. */
const tailDefault = 100

/** The API of one server. */
export class Api {
  readonly #options: ApiOptions
  readonly #streams = new Set<EventStream>()

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /** Ends all streams of events and lines, so that their clients know that there will be no more. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end()
  }

  /** Answers one request. Never rejects. */
  async answer(asked: Asked): Promise<void> {
    const { request, response, pathname } = asked
    const method = request.method ?? 'GET'
    const match = matchOperation(method, pathname)
    if (!match.found) {
      if (match.methods.length === 0) return refuse(response, 404, `There is nothing at ${pathname}.`)
      response.setHeader('allow', match.methods.join(', '))
      return refuse(response, 405, `${method} is not possible here.`)
    }
    try {
      await this.#do(asked, match.name, match.place)
    } catch (error) {
      if (!(error instanceof RequestRefused)) return sendProblem(response, problemOf(error))
      for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
      sendProblem(response, error.problem)
    }
  }

  async #do(asked: Asked, name: OperationName, place: Place): Promise<void> {
    const { request, query } = asked
    const operation = contract[name]
    assertAcceptable(request.headers.accept, operation)
    const wanted = readQuery(operation, query)
    const hasBody = request.method === 'POST' || request.method === 'PUT'
    const input = hasBody ? await readInput(request, operation) : wanted
    if (operation.answer.form === 'events') assertKnown(this.#options.operations.status(), input)
    const isFollowing = input['follow'] !== false
    if (name === 'events') {
      return this.#follow(asked, this.#eventFeed(request, input), 'events', isFollowing)
    }
    if (name === 'logs') return this.#follow(asked, this.#logFeed(request, input), 'lines', isFollowing)
    const act = (): unknown => acts[name](this.#options.operations, { id: '', slot: 0, ...place }, input)
    if (!operation.changes) return answer(asked.response, operation, await act())
    // What is added is not in the path.
    const subject = name === 'addApplication' ? { id: String(input['id']) } : place
    await this.#change({ asked, name, place: subject }, act)
  }

  /** Does something, tells how it goes when that is wanted, and announces what came of it. */
  async #change(change: Change, act: () => unknown): Promise<void> {
    const { request, response } = change.asked
    const operation = contract[change.name]
    const isStreamed = progresses(operation) && names(request.headers.accept, streamType)
    const stream = isStreamed ? openStream(response) : null
    const stopListening =
      stream === null ? null : this.#options.listen((event, fact) => stream.line({ event, fact }))
    const startedAt = this.#options.clock.now()
    try {
      const outcome = await act()
      stopListening?.()
      this.#tell(change, startedAt, null)
      if (stream === null) await answer(response, operation, outcome)
      else stream.end({ done: outcome ?? {} })
    } catch (error) {
      stopListening?.()
      if (!(error instanceof RequestRefused)) this.#tell(change, startedAt, error)
      if (stream === null) throw error
      stream.end({ problem: error instanceof RequestRefused ? error.problem : problemOf(error) })
    }
  }

  #tell({ asked, name, place }: Change, startedAt: number, thrown: unknown): void {
    const { announce, clock } = this.#options
    const fact = {
      operation: name,
      application: place.id ?? null,
      slot: place.slot ?? null,
      via: asked.via,
      address: asked.request.socket.remoteAddress ?? null,
      operationMs: Math.round(clock.now() - startedAt)
    }
    if (thrown === null) return announce('operation:finished', fact)
    const { code, detail } = problemOf(thrown)
    announce('operation:failed', { ...fact, code, reason: detail })
  }

  #eventFeed({ headers }: IncomingMessage, input: Input): Feed {
    const {
      since,
      name,
      follow: _follow,
      ...filter
    } = input as {
      readonly since?: number
      readonly follow?: boolean
      readonly name?: string
      readonly application?: string
      readonly worker?: string
    }
    const last = headers['last-event-id']
    const after = typeof last === 'string' && /^\d{1,16}$/.test(last) ? Number(last) : (since ?? null)
    const wanted = name?.split(',') ?? []
    const unknown = wanted.find(each => !this.#options.eventNames.some(known => isNamed(known, each)))
    if (unknown !== undefined) {
      const known = this.#options.eventNames.join(', ')
      const reason = `there is no event ${JSON.stringify(unknown)}; there are ${known}`
      throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
    }
    return this.#options.events.open({ ...filter, names: wanted }, after)
  }

  #logFeed({ headers }: IncomingMessage, input: Input): Feed {
    const {
      tail = tailDefault,
      follow: _follow,
      ...filter
    } = input as LogFilter & {
      readonly tail?: number
      readonly follow?: boolean
    }
    const last = headers['last-event-id']
    const from = typeof last === 'string' && last !== '' ? { tail, after: last } : { tail }
    return new LogFeed(this.#options.logs.open(filter, from), this.#options.clock)
  }

  #follow(
    { request, response }: Asked,
    feed: Feed,
    lostField: 'events' | 'lines',
    isFollowing = true
  ): Promise<void> {
    if (this.#streams.size >= streamsMax) {
      feed.close()
      throw new RequestRefused(503, `${streamsMax} clients read events or log lines already.`, {
        'retry-after': '10'
      })
    }
    const { clock } = this.#options
    // Whoever wants the head alone wants no messages either.
    const isWanted = request.method !== 'HEAD'
    const stream = new EventStream(response, feed, { clock, lostField, isFollowing: isFollowing && isWanted })
    this.#streams.add(stream)
    if (!isWanted) stream.end()
    return stream.ended.then(() => void this.#streams.delete(stream))
  }
}

interface Change {
  readonly asked: Asked
  readonly name: OperationName & keyof typeof acts
  readonly place: Place
}

/** A stream about nobody would say nothing for ever. @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_REQUEST_INVALID */
function assertKnown({ applications }: StatusReport, { application, worker }: Input): void {
  const known = applications.map(({ id }) => id)
  const [, of] = typeof worker === 'string' ? (/^(.+):\d{1,4}$/.exec(worker) ?? []) : []
  if (worker !== undefined && of === undefined) {
    const reason = '"worker" has to be application:slot or edge:index'
    throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
  }
  const isEdge = of === 'edge' || of === 'handoff'
  for (const id of [application, isEdge ? undefined : of]) {
    if (typeof id !== 'string' || known.includes(id)) continue
    throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: id, known })
  }
}

/** Answers with the outcome of an operation, in the form the contract says. */
function answer(response: ServerResponse, operation: Operation, outcome: unknown): void | Promise<void> {
  const { form } = operation.answer
  if (form === 'value') return sendJson(response, outcome ?? {})
  if (form === 'document' && typeof outcome !== 'string') return sendDocument(response, outcome as Readable)
  return send(response, 200, typesOf(operation)[0] ?? answerType, String(outcome))
}

/** The media types an operation can answer with, the usual one first. */
function typesOf(operation: Operation): readonly string[] {
  const { answer: wanted } = operation
  if (wanted.form === 'text') return [wanted.type]
  if (wanted.form === 'events') return [eventsType]
  return progresses(operation) ? [answerType, streamType] : [answerType]
}

function assertAcceptable(header: string | undefined, operation: Operation): void {
  const types = typesOf(operation)
  if (accepts(header, types)) return
  throw new RequestRefused(
    406,
    `The answer is ${types.join(' or ')}, which the header "accept" does not take.`
  )
}
