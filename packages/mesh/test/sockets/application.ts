/**
 * What the tests of sockets and upgrades talk to: one server, reached over TCP and through the mesh. Runs in a
 * worker thread, or in the thread of the test as a member of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type WebSocket } from 'ws'

import { http } from '../../src/node-http.ts'

const { createServer } = http

const notes: string[] = []
const waiting = new Set<() => void>()
const held: ServerResponse[] = []
let tunnels = 0
const slow: Duplex[] = []

type Handler = (req: IncomingMessage, res: ServerResponse) => void

const handlers: { readonly [path: string]: Handler } = {
  '/': (_req, res) => void res.end('ok'),
  '/echo': (req, res) => void req.pipe(res),
  '/count': (req, res) => {
    let size = 0
    req.on('data', (chunk: Buffer) => (size += chunk.byteLength)).on('end', () => res.end(String(size)))
  },
  '/chunks': (_req, res) => {
    res.write('one ')
    setImmediate(() => {
      res.write('two ')
      setImmediate(() => res.end('three'))
    })
  },
  '/trailers': (req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200, { trailer: 'x-sum' })
      res.write('body')
      res.addTrailers({ 'x-sum': req.rawTrailers.join('=') })
      res.end()
    })
  },
  '/hints': (_req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    setImmediate(() => res.end('after the hint'))
  },
  '/204': (_req, res) => void res.writeHead(204).end(),
  '/304': (_req, res) => void res.writeHead(304, { etag: '"x"' }).end(),
  '/early': (_req, res) => void res.writeHead(413, { connection: 'close' }).end('too much'),
  '/close': (_req, res) => void res.writeHead(200, { connection: 'close' }).end('bye'),
  '/destroy': req => void req.socket.destroy(),
  '/cut': (_req, res) => void res.write('first', () => setImmediate(() => res.destroy())),
  '/hold': (_req, res) => void held.push(res),
  '/begin': (_req, res) => {
    res.write('first')
    held.push(res)
  },
  '/drip': (_req, res) => {
    let left = 8
    const timer = setInterval(() => {
      res.write('drop')
      if (--left > 0) return
      clearInterval(timer)
      res.end()
    }, 50)
  }
}

/** What the thread serves. */
export const target = createServer((req, res) => {
  const path = (req.url ?? '').split('?')[0] ?? ''
  note(`begun ${req.url}`)
  res.on('close', () => note(`${res.writableFinished ? 'finished' : 'broken'} ${req.url}`))
  const handler = handlers[path]
  if (handler === undefined) res.writeHead(404).end('no such handler')
  else handler(req, res)
})

const webSockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: { threshold: 256 },
  handleProtocols: offered => (offered.has('chat') ? 'chat' : false)
})

target.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
  const url = req.url ?? ''
  const path = url.split('?')[0] ?? ''
  tunnels++
  // A client that resets its connection is no failure of ours.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    tunnels--
    note(`tunnel closed ${url}`)
  })
  note(`upgrade ${url}`)
  if (path.startsWith('/ws')) {
    webSockets.handleUpgrade(req, socket, head, ws => talk(ws, path, url))
  } else upgrades[path]?.(socket, head, url)
})

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'

const upgrades: { readonly [path: string]: (socket: Duplex, head: Buffer, url: string) => void } = {
  '/refuse': socket => {
    socket.once('finish', () => socket.destroy())
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope')
  },
  '/destroy': socket => void socket.destroy(),
  '/end': socket => void socket.end(),
  // Ends its own side, and goes when the client has said something.
  '/deaf': socket => {
    socket.end(`${switching}bye`)
    socket.once('data', () => socket.destroy())
  },
  '/silent': socket => void socket.resume().on('end', () => socket.end()),
  '/raw': (socket, head) => {
    socket.write(`${switching}hello `)
    if (head.byteLength > 0) socket.write(head)
    socket.pipe(socket)
  },
  // Ends its own side first, and still reads what comes.
  '/half': (socket, head, url) => {
    socket.end(`${switching}all I have`)
    let size = head.byteLength
    socket.on('data', (chunk: Buffer) => (size += chunk.byteLength))
    socket.on('end', () => note(`read ${size} ${url}`))
  },
  // Ends its own side, and does not wait for the other's.
  '/leave': socket => {
    socket.end(`${switching}bye`)
    socket.on('finish', () => setImmediate(() => socket.destroy()))
  },
  // Answers what it has read only when the client's side has ended.
  '/sum': (socket, _head, url) => {
    socket.write(switching)
    let size = 0
    socket.on('data', (chunk: Buffer) => (size += chunk.byteLength))
    socket.on('end', () => {
      note(`read ${size} ${url}`)
      socket.end(String(size))
    })
  },
  // Reads nothing until it is told to.
  '/slow': socket => {
    socket.write(switching)
    socket.pause()
    slow.push(socket)
  },
  // Writes as long as there is room, and notes how much that was whenever there is none.
  '/firehose': (socket, _head, url) => {
    socket.resume().write(switching)
    const piece = Buffer.alloc(64 * 1024, 'x')
    const total = 8 * 1024 * 1024
    let written = 0
    const go = (): void => {
      while (written < total) {
        written += piece.byteLength
        if (socket.write(piece)) continue
        note(`full ${url}`)
        notes.push(`written ${written}`)
        socket.once('drain', go)
        return
      }
      socket.end()
    }
    go()
  }
}

function talk(ws: WebSocket, path: string, url: string): void {
  ws.on('close', (code, reason) => note(`ws closed ${code} ${reason.toString()} ${url}`))
  ws.on('ping', data => note(`ping ${data.toString()} ${url}`))
  ws.on('pong', data => note(`pong ${data.toString()} ${url}`))
  if (path === '/ws/close') ws.close(4321, 'because')
  else if (path === '/ws/terminate') ws.terminate()
  else if (path === '/ws/ping') ws.ping('are you there')
  else ws.on('message', (data, binary) => ws.send(data as Buffer, { binary }))
}

/** Opens a TCP port as well, and resolves with it. */
export async function listen(): Promise<number> {
  await new Promise<void>(resolve => target.listen(0, '127.0.0.1', resolve))
  return (target.address() as AddressInfo).port
}

/** Resolves when something has been noted so many times. */
export async function noted(what: string, count = 1): Promise<number> {
  for (;;) {
    const found = notes.filter(entry => entry === what).length
    if (found >= count) return found
    await new Promise<void>(resolve => {
      const look = (): void => {
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
    })
  }
}

/** The last thing noted that begins like that. */
export function lastNote(start: string): string | undefined {
  return notes.findLast(entry => entry.startsWith(start))
}

/** Upgraded connections that are open. */
export function openTunnels(): number {
  return tunnels
}

/** Resolves when so many upgraded connections are open, and no more. */
export async function tunnelsAre(count: number): Promise<void> {
  for (;;) {
    if (tunnels === count) return
    await new Promise<void>(resolve => {
      const look = (): void => {
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
    })
  }
}

/** Reads what was held back in `/slow`, and resolves with how much it was when the other side has ended. */
export async function readSlow(): Promise<number> {
  let size = 0
  for (const socket of slow.splice(0)) {
    for await (const chunk of socket) size += (chunk as Buffer).byteLength
    socket.end()
  }
  return size
}

/** Answers what is held. */
export function release(): void {
  for (const res of held.splice(0)) res.end('released')
}

/** Ends every WebSocket as a server does that is about to stop. */
export function goAway(): void {
  for (const ws of webSockets.clients) ws.close(1001, 'going away')
}

function note(what: string): void {
  notes.push(what)
  for (const look of waiting) look()
}
