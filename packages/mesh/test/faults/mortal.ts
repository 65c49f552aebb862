/**
 * A fixture that answers in phases and ends, when it is told to, in every way a thread can. Worker thread.
 * It counts what it executes in memory it shares with the test.
 */
import { pbkdf2Sync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { letterOf, pieceSizes } from './paper-applications.ts'
import { http } from '../../src/node-http.ts'

const { createServer } = http

/** What the test shares with it: executions by request number, and a cell that tells it stands still. */
export interface SharedMemory {
  readonly executions: Int32Array
  readonly standing: Int32Array
}

/** Milliseconds it stands still before it ends: longer than it takes to be found stuck. */
const STANDING_MS = 700

const { executions, standing } = Reflect.get(globalThis, Symbol.for('heddle.test.data')) as SharedMemory
const held = new Set<() => void>()
let released = false

const routes: Readonly<Record<string, (id: number, req: IncomingMessage, res: ServerResponse) => void>> = {
  now: (id, _req, res) => void res.end(`now ${id}`),
  never: (id, _req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    hold(() => res.end(`never ${id}`))
  },
  head: (id, _req, res) => {
    res.flushHeaders()
    hold(() => res.end(`head ${id}`))
  },
  stream: (id, _req, res) => {
    const letter = letterOf(id)
    for (const size of pieceSizes.slice(0, 2)) res.write(letter.repeat(size))
    hold(() => {
      for (const size of pieceSizes.slice(2)) res.write(letter.repeat(size))
      res.end()
    })
  },
  echo: (_id, req, res) => {
    res.flushHeaders()
    req.pipe(res)
  },
  count: (_id, req, res) => {
    let bytes = 0
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    req.on('end', () => res.end(String(bytes)))
  }
}

/** What the thread serves. */
export const target = createServer((req, res) => {
  const id = enter(req)
  res.setHeader('x-id', id)
  routes[(req.url ?? '').slice(1)]?.(id, req, res)
})

target.on('upgrade', (req: IncomingMessage, socket: Duplex) => {
  const id = enter(req)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nx-id: ${id}\r\n\r\n`)
  socket.on('data', (chunk: Buffer) => socket.write(chunk))
  socket.on('end', () => socket.end())
})

function enter(req: IncomingMessage): number {
  const id = Number(req.headers['x-id'])
  Atomics.add(executions, id, 1)
  return id
}

function hold(finish: () => void): void {
  if (released) finish()
  else held.add(finish)
}

/** Answers what waits, now and from now on: what is sent again may come after this was said. */
export function release(): void {
  released = true
  for (const finish of held) finish()
  held.clear()
}

/** Ways to end, or to come near it. Each begins a turn later, and stands still before. */
const manners: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(3),
  crash: () => {
    throw new Error('crash')
  },
  heap: () => {
    const hoard: unknown[] = []
    for (;;) hoard.push(Array.from({ length: 200_000 }, () => hoard.length))
  },
  // Ended from outside.
  wait: () => {
    Atomics.wait(standing, 1, 0)
  },
  native: () => {
    const before = performance.now()
    while (performance.now() - before < STANDING_MS) pbkdf2Sync('a', 'b', 20_000, 32, 'sha256')
  }
}

/** Stands still, says so in shared memory, and ends in that manner. */
export function end(manner: string): void {
  setImmediate(() => {
    Atomics.store(standing, 0, 1)
    Atomics.notify(standing, 0)
    Atomics.wait(standing, 1, 0, manner === 'wait' ? 0 : 40)
    manners[manner]?.()
  })
}
