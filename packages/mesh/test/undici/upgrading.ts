/** A fixture that takes upgrades, refuses them, and breaks them off, in every way there is. Worker thread. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type WebSocket } from 'ws'

import { http } from '../../src/node-http.ts'

const { createServer } = http

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: { threshold: 0 },
  maxPayload: 64 * 1024 * 1024,
  handleProtocols: protocols => [...protocols][0] ?? false
})
const events: string[] = []
let onEvent: (() => void) | null = null
const streams: Duplex[] = []
let poured = 0

function note(event: string): void {
  events.push(event)
  onEvent?.()
}

function talk(socket: WebSocket, request: IncomingMessage): void {
  note(`open ${socket.extensions}`)
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : (data as Buffer).toString()
    if (text === 'close') socket.close(4321, 'as you wish')
    else if (text === 'terminate') socket.terminate()
    else if (text === 'ping') socket.ping('are you there')
    else socket.send(data, { binary: isBinary })
  })
  socket.on('pong', data => note(`pong ${data.toString()}`))
  socket.on('close', (code, reason) => note(`close ${code} ${reason.toString()}`))
  socket.on('error', error => note(`error ${error.message}`))
  if (request.url === '/greet') socket.send('hello')
}

const grant =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\nX-Case: Kept\r\n\r\n'

const upgrades: {
  readonly [path: string]: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
} = {
  '/echo': (request, socket) => {
    socket.write(grant)
    socket.write(`${request.headers.connection ?? ''} ${request.headers.upgrade ?? ''} `)
    socket.pipe(socket)
  },
  '/split': (_request, socket) => {
    socket.write(grant.slice(0, 20))
    setImmediate(() => socket.end(`${grant.slice(20)}the rest`))
  },
  '/pour': (_request, socket) => {
    socket.write(grant)
    const piece = Buffer.alloc(64 * 1024, 'x')
    const pour = (): void => {
      do poured += piece.length
      while (socket.write(piece))
      note('stalled')
      socket.once('drain', pour)
    }
    socket.on('error', () => undefined)
    pour()
  },
  '/unread': (_request, socket) => {
    socket.write(grant)
    streams.push(socket)
  },
  '/destroy': (_request, socket) => socket.destroy(),
  '/granted-then-destroyed': (_request, socket) => {
    socket.write(`${grant}last words`)
    setImmediate(() => socket.destroy())
  },
  '/refuse': (_request, socket) => {
    socket.end(
      'HTTP/1.1 401 Go Away\r\nConnection: close\r\nContent-Length: 6\r\nX-Why:because\r\n\r\nno way'
    )
  },
  '/refuse-chunked': (_request, socket) => {
    socket.write(
      'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nno '
    )
    socket.end('\r\n3\r\nway\r\n0\r\nX-Trailer: t\r\n\r\n')
  },
  '/refuse-until-close': (_request, socket) => {
    socket.write('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno ')
    setImmediate(() => socket.end('way'))
  },
  '/nonsense': (_request, socket) => void socket.end('This is no HTTP.\r\n\r\n'),
  '/silent': (_request, socket) => {
    note('silent')
    socket.on('end', () => {
      note('silently ended')
      socket.end()
    })
    socket.on('close', () => note('silently closed'))
    socket.resume()
  }
}

/** What the thread serves. */
export const target = createServer((request, response) => {
  response.statusCode = request.headers.upgrade === undefined ? 200 : 426
  response.end('an ordinary answer')
})

target.on('upgrade', (request, socket, head) => {
  socket.on('error', () => undefined)
  socket.on('close', () => note('socket closed'))
  const upgrade = upgrades[request.url ?? '']
  if (upgrade !== undefined) upgrade(request, socket, head)
  else sockets.handleUpgrade(request, socket, head, peer => talk(peer, request))
})

target.on('connect', (request, socket) => {
  socket.on('error', () => undefined)
  socket.write(`HTTP/1.1 200 Connected to ${request.url ?? ''}\r\n\r\n`)
  socket.pipe(socket)
})

/** Resolves when something has happened so many times. */
export async function happened(event: string, times = 1): Promise<string[]> {
  for (;;) {
    if (events.filter(one => one.startsWith(event)).length >= times) return events
    await new Promise<void>(resolve => {
      onEvent = resolve
    })
  }
}

/** Forgets what has happened. */
export function forget(): void {
  events.length = 0
  poured = 0
}

/** Bytes written by `/pour`. */
export function written(): number {
  return poured
}

/** Reads on where nothing was read. Resolves with the number of bytes, at the end. */
export async function readOn(): Promise<number> {
  const socket = streams.pop()
  let bytes = 0
  if (socket !== undefined) for await (const chunk of socket) bytes += (chunk as Buffer).length
  socket?.end()
  return bytes
}

/** Ends everybody's WebSocket as a server that stops does. */
export function closeAll(): void {
  for (const socket of sockets.clients) socket.close(1001, 'going away')
}
