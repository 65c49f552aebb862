/**
 * Writes the answers of the administrative server: texts, JSON, documents, problems, and streams of lines.
 *
 * Main thread only. Knows nothing of what is answered.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

import { answerType, problemType, streamType } from '../../control/contract.ts'
import type { Problem, ProgressLine } from '../../control/contract.ts'
import { plainProblem } from '../../control/failure-status.ts'
import { toJson } from './fact-json.ts'

/** Bytes from which an answer is compressed for who takes that. */
const compressFrom = 16 * 1024

/** One whole answer. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array
): void {
  // Who asked may have gone meanwhile.
  if (response.destroyed || response.headersSent) return
  const plain = Buffer.from(body)
  const isLarge = plain.length >= compressFrom
  if (isLarge) response.setHeader('vary', 'accept-encoding')
  const isCompressed = isLarge && takesGzip(response.req.headers['accept-encoding'])
  if (isCompressed) response.setHeader('content-encoding', 'gzip')
  const bytes = isCompressed ? compress(plain) : plain
  response.writeHead(status, { ...headers(type), 'content-length': bytes.length })
  response.end(bytes)
}

/** Not in the thread pool, which applications may have filled: a megabyte of metrics takes two milliseconds. */
function compress(plain: Buffer): Buffer {
  return process.getBuiltinModule('node:zlib').gzipSync(plain, { level: 1 })
}

function takesGzip(accepted: string | string[] | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(accepted ?? ''))
}

/** A value as JSON. Errors in it are written with name, message and stack. */
export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, answerType, `${toJson(value, 2)}\n`)
}

/** A problem, of the request or of the server. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  send(response, problem.status, problemType, `${toJson(problem)}\n`)
}

/** A problem with the usual words for its status. */
export function refuse(response: ServerResponse, status: number, detail: string): void {
  sendProblem(response, plainProblem(status, detail))
}

/**
 * A document that comes piece by piece, as fast as its reader takes it. The answer begins with the first piece, so
 * that what goes wrong before is told as a problem; what goes wrong later breaks the connection.
 *
 * @throws what the document fails with before its first piece.
 */
export async function sendDocument(response: ServerResponse, document: Readable): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  const handleClose = (): void => {
    document.destroy()
    controller.abort()
  }
  response.once('close', handleClose)
  if (response.destroyed) handleClose()
  try {
    for await (const piece of document as AsyncIterable<string | Uint8Array>) {
      if (!response.headersSent) response.writeHead(200, headers(answerType))
      if (!response.write(piece)) await once(response, 'drain', { signal })
    }
    if (!response.headersSent) response.writeHead(200, headers(answerType))
    response.end()
  } catch (error) {
    if (!response.headersSent && !response.destroyed) throw error
    // Half of it has left: a reader must not take it for the whole.
    response.destroy()
  } finally {
    response.off('close', handleClose)
  }
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

/** The headers of every answer of this media type. */
export function headers(type: string): Record<string, string> {
  return { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
}
