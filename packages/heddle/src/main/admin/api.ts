/**
 * The management API: from a request to the operation it asks for, and back.
 *
 * Main thread only. Who may ask is decided before: by the token over TCP, by the file system at the socket. It
 * has no time limit of its own: operations are bounded by the deadlines of the configuration.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { operations as contract, streamType } from '../../control/contract.ts'
import type { OperationName, Place } from '../../control/contract.ts'
import { matchOperation } from '../../control/match.ts'
import { problemOf } from '../../control/failure-status.ts'
import { openStream, refuse, sendJson, sendProblem } from './answer.ts'
import type { InjectedRequest, LogThreshold, Operations, ProfileOptions } from './operations.ts'
import { readInput } from './request-input.ts'
import type { Input } from './request-input.ts'

/** Calls the listener at each event of any name; returns how to take it back. */
export type Listen = (listener: (name: string, fact: unknown) => void) => () => void

type Act = (operations: Operations, place: Required<Place>, input: Input) => unknown

const acts: Readonly<Record<OperationName, Act>> = {
  status: operations => operations.status(),
  config: operations => operations.config(),
  metrics: operations => operations.metrics(),
  openapi: () => ({}),
  events: () => ({}),
  logs: () => ({}),
  restart: (operations, _place, { applications }) =>
    operations.restart(applications as readonly string[] | undefined),
  reload: (operations, _place, { reason }) => operations.reload(reasonOf(reason)),
  stop: (operations, _place, { reason }) => operations.stop(reasonOf(reason)),
  addApplication: (operations, _place, { id, ...settings }) =>
    operations.addApplication(String(id), settings),
  removeApplication: (operations, { id }) => operations.removeApplication(id),
  startApplication: (operations, { id }) => operations.startApplication(id),
  stopApplication: (operations, { id }) => operations.stopApplication(id),
  restartApplication: (operations, { id }) => operations.restart([id]),
  scaleApplication: (operations, { id }, { workers }) => operations.scale(id, Number(workers)),
  setLogLevel: (operations, { id }, { level }) => operations.setLogLevel(id, level as LogThreshold),
  inject: (operations, { id }, request) => operations.inject(id, request as unknown as InjectedRequest),
  restartWorker: (operations, { id, slot }) => operations.restartWorker(id, slot),
  drainWorker: (operations, { id, slot }) => operations.drainWorker(id, slot),
  readyWorker: (operations, { id, slot }) => operations.readyWorker(id, slot),
  profile: (operations, { id, slot }, options) =>
    operations.profile(id, slot, options as unknown as ProfileOptions),
  heapSnapshot: (operations, { id, slot }) => operations.heapSnapshot(id, slot),
  inspect: (operations, { id, slot }, { port = 0 }) => operations.inspect(id, slot, Number(port)),
  closeInspector: (operations, { id, slot }) => operations.closeInspector(id, slot)
}

/** The API of one server. */
export class Api {
  readonly #operations: Operations
  readonly #listen: Listen

  constructor(operations: Operations, listen: Listen) {
    this.#operations = operations
    this.#listen = listen
  }

  /** Answers one request. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    const method = request.method ?? 'GET'
    const match = matchOperation(method, pathname)
    if (!match.found) {
      if (match.methods.length === 0) return refuse(response, 404, `There is nothing at ${pathname}.`)
      response.setHeader('allow', match.methods.join(', '))
      return refuse(response, 405, `${method} is not possible here.`)
    }
    const { name, place } = match
    try {
      const input = method === 'POST' ? await readInput(request, contract[name]) : {}
      const act = (): unknown => acts[name](this.#operations, { id: '', slot: 0, ...place }, input)
      const wantsStream = contract[name].changes && request.headers.accept?.includes(streamType) === true
      if (wantsStream) await this.#stream(response, act)
      else sendJson(response, (await act()) ?? {})
    } catch (error) {
      sendProblem(response, problemOf(error))
    }
  }

  async #stream(response: ServerResponse, act: () => unknown): Promise<void> {
    const stream = openStream(response)
    const stopListening = this.#listen((event, fact) => stream.line({ event, fact }))
    try {
      stream.end({ done: (await act()) ?? {} })
    } catch (error) {
      stream.end({ problem: problemOf(error) })
    } finally {
      stopListening()
    }
  }
}

function reasonOf(given: unknown): string {
  return typeof given === 'string' ? given : 'asked for through the management API'
}
