/** A server on paper: answers commands at a real socket with what a test wants, and remembers what was asked. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

import { eventsType } from '../../src/control/contract.ts'
import { bareEnv } from '../bare-env.ts'

/** What was asked. */
export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

/** Answers one request; a value is sent as JSON. */
export type Answer = (asked: Asked, response: ServerResponse) => unknown

/** A server at a socket. */
export interface PaperServer {
  readonly socket: string
  /** Directory it is found by. */
  readonly root: string
  /** With it commands find the server by its directory, its name or its process. */
  readonly env: NodeJS.ProcessEnv
  readonly asked: Asked[]
  readonly listener: Server
}

/** Where it is, and as whom. */
export interface PaperOptions {
  /** Answers by `METHOD /path` behind `/api/v1`, the query left out. */
  readonly answers: Readonly<Record<string, Answer>>
  readonly name?: string
  /** Where the sockets are; several servers may share one. */
  readonly runtime?: string
  /** Number of the process it says it is. Its own unless told. */
  readonly pid?: number
}

/** A directory for sockets that is gone after the test. */
export function runtimeDirectory(t: TestContext): string {
  const runtime = mkdtempSync(join(tmpdir(), 'heddle-paper-'))
  t.after(() => rmSync(runtime, { recursive: true }))
  mkdirSync(join(runtime, 'heddle'), { mode: 0o700 })
  return runtime
}

/** Begins to listen. */
export async function startPaperServer(t: TestContext, options: PaperOptions): Promise<PaperServer> {
  const { answers, name = 'shop', pid = process.pid, runtime = runtimeDirectory(t) } = options
  const root = join(runtime, `${name}-${pid}`)
  mkdirSync(root)
  const socket = join(runtime, 'heddle', `${pid}.sock`)
  const asked: Asked[] = []
  const listener = createServer((request, response) => void reply(request, response))
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    const path = (request.url ?? '').replace('/api/v1', '')
    const { method = '', headers } = request
    const one = { method, path, headers, body: body === '' ? null : JSON.parse(body) }
    asked.push(one)
    const answer = answers[`${method} ${path.split('?')[0]}`]
    if (answer === undefined) problem(response, 404, 'NOT_FOUND', `There is nothing at ${path}.`)
    else {
      const value = await answer(one, response)
      if (value === undefined || response.headersSent) return
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(value))
    }
  }
  await once(listener.listen(socket), 'listening')
  t.after(() => {
    listener.close()
    listener.closeAllConnections()
  })
  const facts = { name, pid, socket, root, file: null, applications: ['api'], url: null, startedAt: '' }
  writeFileSync(join(runtime, 'heddle', `${pid}.json`), JSON.stringify(facts))
  const env = { ...bareEnv, PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtime }
  return { socket, root, env, asked, listener }
}

/** Answers with a problem. */
export function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', title: 'Error', status, code, detail }))
}

/** Begins an answer of server-sent events. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': eventsType })
  response.flushHeaders()
}

/** Sends one. */
export function sendEvent(response: ServerResponse, id: string, data: unknown, name = ''): void {
  response.write(`id: ${id}\n${name === '' ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`)
}
