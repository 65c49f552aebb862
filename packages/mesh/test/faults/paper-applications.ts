/**
 * What the upstreams of a schedule run: handlers that answer at once, later, in pieces, before they have
 * read, or never; that break off, or take their thread with them. Each step they take after the first is
 * a task of their thread, so that anything may happen between two of them.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import type { PaperThread, Stage } from './paper-threads.ts'
import { http } from '../../src/node-http.ts'

const { createServer } = http

/** What happened in the upstreams, over all of them, by request number. */
export interface Ledger {
  /** Times a request was given to application code. */
  readonly executions: number[]
  /** Connections opened and not yet told their end, by thread. */
  readonly open: Map<PaperThread, number>
  /** Set while everything is brought to its end: nobody dies or stalls any more. */
  calm: boolean
}

/** The byte all of a request's bodies, both ways, consist of. */
export function letterOf(id: number): string {
  return String.fromCodePoint(97 + (id % 26))
}

/** Lengths of the pieces the `stream` handler writes: some over the window of the mesh. */
export const pieceSizes: readonly number[] = [1, 900, 17_000, 200_000, 600_000]

interface Visit {
  readonly stage: Stage
  readonly thread: PaperThread
  readonly ledger: Ledger
  readonly id: number
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** The handlers, by the first segment of the path. */
export const handlers: Readonly<Record<string, (visit: Visit) => void>> = {
  now: ({ res, id }) => void res.end(`now ${id}`),
  early: ({ res, id }) => void res.end(`early ${id}`),
  later: ({ stage, res, id }) => stage.later(() => res.end(`later ${id}`)),
  head: ({ stage, res, id }) => {
    res.flushHeaders()
    stage.later(() => res.end(`head ${id}`))
  },
  inform: ({ stage, res, id }) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    stage.later(() => res.end(`inform ${id}`))
  },
  stream: visit => pieces(visit, 0),
  echo: ({ req, res }) => void req.pipe(res),
  count: ({ stage, req, res }) => {
    let bytes = 0
    const read = (): void => {
      const chunk = req.read() as Buffer | null
      if (chunk !== null) bytes += chunk.length
      if (req.readableEnded || req.destroyed) return
      stage.later(read)
    }
    req.on('end', () => res.end(`count ${bytes}`))
    stage.later(read)
  },
  never: ({ stage, res, id, ledger }) => {
    const wait = (): void => {
      if (ledger.calm) res.end(`never ${id}`)
      else stage.later(wait)
    }
    stage.later(wait)
  },
  broken: ({ stage, res }) => {
    res.write('half')
    stage.later(() => res.destroy())
  },
  refused: ({ req }) => void req.socket.destroy(),
  dying: ({ stage, thread, res, id, ledger }) => {
    const spared = ledger.calm || thread.name.startsWith('solid')
    if (spared || stage.random() < 0.5) res.end(`dying ${id}`)
    if (!spared) thread.die()
  }
}

function pieces(visit: Visit, index: number): void {
  const { stage, res, id } = visit
  const size = pieceSizes[index]
  if (res.destroyed) return
  if (size === undefined) {
    res.addTrailers({ 'x-trailer': String(id) })
    res.end()
    return
  }
  const more = res.write(letterOf(id).repeat(size))
  if (more) stage.later(() => pieces(visit, index + 1))
  else res.once('drain', () => pieces(visit, index + 1))
}

/** The server of one upstream. */
export function application(stage: Stage, thread: PaperThread, ledger: Ledger): Server {
  const enter = (req: IncomingMessage, end: { once(event: 'close', done: () => void): unknown }): number => {
    const id = Number(req.headers['x-id'])
    // Long enough for a server to interrupt a burst of requests.
    if (stage.random() < 0.3) stage.nowMs += 2
    ledger.executions[id] = (ledger.executions[id] ?? 0) + 1
    ledger.open.set(thread, (ledger.open.get(thread) ?? 0) + 1)
    end.once('close', () => ledger.open.set(thread, (ledger.open.get(thread) ?? 0) - 1))
    return id
  }
  const server = createServer((req, res) => {
    const id = enter(req, res)
    res.setHeader('x-id', id)
    const name = (req.url ?? '').slice(1)
    handlers[name]?.({ stage, thread, ledger, id, req, res })
  })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex) => {
    const id = enter(req, socket)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nx-id: ${id}\r\n\r\n`)
    socket.on('data', (chunk: Buffer) => socket.write(chunk))
    socket.on('end', () => socket.end())
  })
  return server
}
