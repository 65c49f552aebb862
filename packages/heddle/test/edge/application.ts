/**
 * The application of the edge's tests, in worker threads of its own: a node:http server that never
 * listens and is reached through the mesh. Its paths are the behaviours under test; what its handlers
 * see is told to the main thread. Never run as a test.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { parentPort, workerData } from 'node:worker_threads'

import { joinMesh, type MeshTicket } from '@heddle/mesh'
import { WebSocketServer } from 'ws'

/** What an application thread is born with. */
export interface ApplicationData {
  readonly ticket: MeshTicket
  /** Whether its server takes upgrades. */
  readonly upgrades: boolean
  /** One number: while it is 0 a request that blocks does. */
  readonly gate: SharedArrayBuffer
}

/** What a handler saw. */
export interface Sighting {
  readonly what:
    | 'socket closed'
    | 'begun'
    | 'closed'
    | 'websocket closed'
    | 'request closed'
    | 'written'
    | 'tunnel closed'
  readonly worker: string
  readonly method: string
  readonly url: string
  readonly finished: boolean
  readonly bytes: number
}

const { ticket, upgrades, gate } = workerData as ApplicationData
const main = parentPort

/** Requests whose body is not read until the main thread says so. */
const unread: IncomingMessage[] = []

const piece = Buffer.alloc(64 * 1024, 'x')

/** Sockets whose end is told. */
const watched = new WeakSet<object>()

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

const handlers: Readonly<Record<string, Handler>> = {
  '/hello': (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ worker: ticket.name }))
  },
  '/chunks': (_request, response) => {
    response.write('one ')
    setImmediate(() => {
      response.write('two ')
      setImmediate(() => response.end('three'))
    })
  },
  '/echo': (request, response) => void request.pipe(response),
  '/hash': (request, response) => {
    const hash = createHash('sha256')
    let size = 0
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      size += chunk.byteLength
    })
    request.on('end', () => response.end(JSON.stringify({ size, hash: hash.digest('hex') })))
  },
  '/seen': (request, response) => {
    request.resume().on('end', () => {
      const { method, url, headers, rawHeaders, httpVersion, trailers } = request
      const { remoteAddress } = request.socket
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method, url, headers, rawHeaders, httpVersion, trailers, remoteAddress }))
    })
  },
  '/big': (request, response, url) => {
    const total = Number(url.searchParams.get('size'))
    if (url.searchParams.has('length')) response.setHeader('content-length', total)
    let written = 0
    const go = (): void => {
      while (written < total) {
        const next = piece.subarray(0, Math.min(piece.byteLength, total - written))
        written += next.byteLength
        if (response.write(next)) continue
        say('written', request, { bytes: written })
        response.once('drain', go)
        return
      }
      response.end()
    }
    go()
  },
  '/at-once': (_request, response, url) => {
    response.end(Buffer.alloc(Number(url.searchParams.get('size')), 'x'))
  },
  '/status': (_request, response, url) => {
    response.writeHead(Number(url.searchParams.get('code')))
    response.end(url.searchParams.get('body') ?? '')
  },
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('body')
    response.addTrailers({ 'x-sum': '42' })
    response.end()
  },
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('after the hint')
  },
  '/watched': (request, response) => {
    const { socket } = request
    if (!watched.has(socket)) socket.once('close', () => say('socket closed', request))
    watched.add(socket)
    response.end(String(request.socket.remotePort))
  },
  '/early': (_request, response) => void response.end('early'),
  '/hang': () => undefined,
  '/unread': (request, response) => {
    unread.push(request)
    request.once('end', () => response.end())
  },
  '/first': (_request, response) => void response.write('first'),
  '/half': (_request, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('12345', () => setImmediate(() => response.destroy()))
  },
  '/half-chunked': (_request, response) => {
    response.write('12345', () => setImmediate(() => response.destroy()))
  },
  '/declared': (_request, response, url) => {
    response.setHeader('content-length', url.searchParams.get('length') ?? '0')
    const body = url.searchParams.get('body') ?? ''
    if (url.searchParams.has('pieces')) {
      response.write(body)
      setImmediate(() => response.end(body))
    } else response.end(body)
  },
  '/destroy': request => void request.socket.destroy(),
  '/close': (_request, response) => {
    response.setHeader('connection', 'close')
    response.end('bye')
  },
  '/header': (_request, response, url) => {
    for (const [name, value] of url.searchParams) response.appendHeader(name, value)
    response.end('headers')
  },
  '/block': (_request, response, url) => {
    const ms = url.searchParams.get('ms')
    const cells = new Int32Array(gate)
    Atomics.wait(cells, 0, 0, ms === null ? Infinity : Number(ms))
    Atomics.store(cells, 0, 0)
    response.end('unblocked')
  }
}

const listener: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://application')
  say('begun', request)
  response.on('close', () => say('closed', request, { finished: response.writableFinished }))
  request.on('close', () => say('request closed', request))
  const handler = handlers[url.pathname]
  if (handler === undefined) response.writeHead(404).end('no such behaviour')
  else handler(request, response, url)
}

const server = createServer(listener)
server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
  if (request.url?.startsWith('/refused') === true) {
    say('begun', request)
    response.writeHead(417).end('not that')
    return
  }
  response.writeContinue()
  listener(request, response)
})
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 256 } })
if (upgrades) {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    say('begun', request)
    socket.on('close', () => say('tunnel closed', request))
    socket.on('error', () => undefined)
    if (request.url === '/refuse') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope')
      return
    }
    if (request.url === '/destroy') {
      socket.destroy()
      return
    }
    if (request.url === '/end') {
      socket.end()
      return
    }
    if (request.url?.startsWith('/websocket') === true) {
      webSockets.handleUpgrade(request, socket, head, ws => {
        ws.on('message', (data, binary) => ws.send(data as Buffer, { binary }))
        ws.on('close', code => say('websocket closed', request, { bytes: code }))
        if (request.url === '/websocket?close') ws.close(4321, 'because')
      })
      return
    }
    if (request.url === '/half') {
      // Ends its own side first and counts what still comes.
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nall')
      let bytes = head.byteLength
      socket.on('data', (chunk: Buffer) => (bytes += chunk.byteLength))
      socket.on('end', () => say('written', request, { bytes }))
      return
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    if (head.byteLength > 0) socket.write(head)
    socket.pipe(socket)
  })
}

joinMesh(ticket).serve(server)
// The mesh keeps no thread alive; this one lives until it is terminated. Whoever asks whether it is here knows by the
// answer what it has told before.
main?.on('message', (message: 'here?' | 'read') => {
  if (message === 'here?') main.postMessage('here')
  else for (const request of unread.splice(0)) request.resume()
})
main?.postMessage('here')

function say(
  what: Sighting['what'],
  request: IncomingMessage,
  facts: { finished?: boolean; bytes?: number } = {}
): void {
  const sighting: Sighting = {
    what,
    worker: ticket.name,
    method: request.method ?? '',
    url: request.url ?? '',
    finished: facts.finished ?? false,
    bytes: facts.bytes ?? 0
  }
  main?.postMessage(sighting)
}
