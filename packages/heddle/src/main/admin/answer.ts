/**
 * Writes the answers of the administrative server: texts, JSON, problems, and streams of lines.
 *
 * Main thread only. Knows nothing of what is answered.
 */
import type { ServerResponse } from 'node:http'

import { problemType, streamType } from '../../control/contract.ts'
import type { Problem, ProgressLine } from '../../control/contract.ts'
import { plainProblem } from '../../control/failure-status.ts'

/** One whole answer. */
export function send(response: ServerResponse, status: number, type: string, body: string): void {
  // Who asked may have gone meanwhile.
  if (response.destroyed) return
  response.writeHead(status, { ...headers(type), 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** A value as JSON. Errors in it are written with name, message and stack. */
export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, 'application/json', `${toJson(value, 2)}\n`)
}

/** A problem, of the request or of the server. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  send(response, problem.status, problemType, `${toJson(problem)}\n`)
}

/** A problem with the usual words for its status. */
export function refuse(response: ServerResponse, status: number, detail: string): void {
  sendProblem(response, plainProblem(status, detail))
}

/** An answer that tells how it goes. */
export interface Stream {
  line(line: ProgressLine): void
  end(line: ProgressLine): void
}

/** Begins a stream: its head leaves at once. Lines to somebody who has gone are dropped. */
export function openStream(response: ServerResponse): Stream {
  response.writeHead(200, headers(streamType))
  response.flushHeaders()
  // A reader that stands still costs what it has not read, so it is told no more than it can take in.
  const line = (value: ProgressLine): void => {
    if (response.destroyed || response.writableNeedDrain) return
    response.write(`${toJson(value)}\n`)
  }
  return { line, end: value => response.end(`${toJson(value)}\n`) }
}

function headers(type: string): Record<string, string> {
  return { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
}

function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, withErrors, indent)
}

function withErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const { name, message, stack = null } = value
  return { name, message, stack }
}
