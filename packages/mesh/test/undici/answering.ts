/** A fixture that answers in every way HTTP allows, and in some it does not. Worker thread. */
import diagnosticsChannel from 'node:diagnostics_channel'
import { IncomingMessage, ServerResponse, createServer, type RequestListener } from 'node:http'
import { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

import { request as forward } from 'undici'

const notes: string[] = []
let onNote: (() => void) | null = null
const held: ServerResponse[] = []
const counts = new Map<string, number>()
const waiting = new Set<ServerResponse>()

function note(text: string): void {
  notes.push(text)
  onNote?.()
}

/** Answers all at once when so many wait: a server that runs fewer at a time never answers. */
function meet(response: ServerResponse, count: number): void {
  waiting.add(response)
  if (waiting.size < count) return
  for (const one of waiting) one.end('met')
  waiting.clear()
}

async function proxy(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { statusCode, body } = await forward(String(request.headers['x-next']), {
    method: 'POST',
    body: request
  })
  response.statusCode = statusCode
  body.pipe(response)
}

const PIECE = Buffer.alloc(16 * 1024, 'x')

const routes: { readonly [path: string]: RequestListener } = {
  '/': (_request, response) => void response.end('ok'),
  '/echo': (request, response) => {
    response.setHeader('x-method', request.method ?? '')
    response.setHeader('x-url', request.url ?? '')
    response.setHeader('x-length', request.headers['content-length'] ?? 'none')
    response.setHeader('x-type', request.headers['content-type'] ?? 'none')
    request.pipe(response)
  },
  '/headers': (request, response) => void response.end(JSON.stringify(request.rawHeaders)),
  '/cookies': (_request, response) => {
    response.writeHead(200, { 'set-cookie': ['a=1', 'b=2; Path=/'], 'X-Case': 'Kept', 'x-two': ['1', '2'] })
    response.end('cookies')
  },
  '/message': (_request, response) => void response.writeHead(299, 'Quite Fine').end('message'),
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('body')
    response.addTrailers({ 'x-sum': '4', 'X-Other': 'two' })
    response.end()
  },
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload', 'x-hint': 'yes' })
    response.writeProcessing()
    setImmediate(() => response.end('hinted'))
  },
  '/hold': (request, response) => {
    held.push(response)
    request.on('aborted', () => note('aborted'))
    response.on('close', () => note('close'))
    note('hold')
  },
  '/head-then-hold': (_request, response) => {
    response.writeHead(200, { 'content-length': 5 })
    response.flushHeaders()
    held.push(response)
    note('head')
  },
  '/begin': (_request, response) => {
    response.write('begun')
    held.push(response)
    note('begin')
  },
  '/drip': (_request, response) => {
    response.on('close', () => note('dropped'))
    const drip = (): void => {
      while (!response.destroyed) if (!response.write(PIECE)) return void response.once('drain', drip)
    }
    drip()
  },
  '/short': (_request, response) => {
    response.writeHead(200, { 'content-length': 10, connection: 'close' })
    response.end('12345')
  },
  '/long': (_request, response) => {
    response.writeHead(200, { 'content-length': 5, connection: 'close' })
    response.end('1234567890')
  },
  '/cut': (_request, response) => {
    response.write('some')
    setImmediate(() => response.destroy())
  },
  '/reset': request => void request.socket.destroy(),
  '/early': (_request, response) => void response.writeHead(413).end('too much'),
  '/big-head': (_request, response) => void response.writeHead(200, { 'x-big': 'x'.repeat(20_000) }).end(),
  '/throw': () => {
    throw new Error('thrown by the handler')
  },
  '/meet': (request, response) => meet(response, Number(request.headers['x-count'])),
  '/self': (request, response) => {
    const headers = { 'x-count': String(request.headers['x-count']) }
    void fetch(String(request.headers['x-self']), { headers })
      .then(answer => answer.text())
      .then(text => response.end(text))
  },
  '/proxy': (request, response) => void proxy(request, response),
  '/facts': (request, response) => {
    const { socket } = request
    request.resume().on('end', () => {
      response.end(
        JSON.stringify({
          instance: request instanceof IncomingMessage,
          trailers: request.trailers,
          httpVersion: request.httpVersion,
          socket: [typeof socket.destroy, typeof request.setTimeout, socket.remoteAddress],
          agent: request.headers['user-agent'] ?? null,
          chunked: request.headers['transfer-encoding'] ?? null
        })
      )
    })
  },
  '/order': (request, response) => {
    const order: string[] = []
    const mark = (text: string): void => {
      order.push(text)
      if (text === 'req.close') note(order.join(' '))
    }
    response.on('finish', () => mark('res.finish')).on('close', () => mark('res.close'))
    request.on('end', () => mark('req.end')).on('close', () => mark('req.close'))
    request.resume()
    response.end('ordered')
  },
  '/events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    held.push(response)
    note('events')
  },
  '/redirect': (_request, response) => void response.writeHead(302, { location: '/message' }).end('moved'),
  '/gzip': (_request, response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync('unpacked'))
  },
  '/flaky': (request, response) => {
    const key = String(request.headers['x-key'])
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    if (count < 3) response.writeHead(503, { 'retry-after': '0' }).end('not yet')
    else response.end(`answered at ${count}`)
  },
  '/breaks-once': (request, response) => {
    const key = String(request.headers['x-key'])
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    if (count === 1) request.socket.destroy()
    else response.end(`answered at ${count}`)
  },
  '/cached': (request, response) => {
    const key = String(request.headers['x-key'])
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    response.setHeader('cache-control', 'public, max-age=100')
    response.end(`made ${count} times`)
  },
  '/none': (_request, response) => void response.writeHead(204).end(),
  '/large': (request, response) => void response.end(Buffer.alloc(Number(request.headers['x-size']), 'y')),
  '/fail': (_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' })
    response.end('{"what":"failed"}')
  }
}

/** What the thread serves. */
export const target = createServer((request, response) => {
  const route = routes[(request.url ?? '').split('?')[0] ?? ''] ?? routes['/echo']
  route?.(request, response)
})

/** Resolves with all that was noted, when `text` has been noted so many times. */
export async function noted(text: string, times = 1): Promise<string[]> {
  while (notes.filter(one => one.startsWith(text)).length < times) {
    await new Promise<void>(resolve => {
      onNote = resolve
    })
  }
  return [...notes]
}

/** Forgets what was noted. */
export function forget(): void {
  notes.length = 0
}

/** Writes to what is held. */
export function write(text: string): void {
  for (const response of held) response.write(text)
}

/** Ends what is held. */
export function release(text: string): void {
  for (const response of held.splice(0)) response.end(text)
}

/** From now on what node's own channels say of requests is noted. */
export function listen(): void {
  for (const name of ['request.start', 'response.created', 'response.finish']) {
    diagnosticsChannel.subscribe(`http.server.${name}`, message => {
      const { request, response, socket, server } = message as Record<string, object | undefined>
      const known = [
        request instanceof IncomingMessage,
        response instanceof ServerResponse,
        socket === undefined ? '' : socket instanceof Socket,
        server === undefined ? '' : server === target
      ]
      note(`${name} ${known.join(' ')}`)
    })
  }
}

/** From now on what is thrown is noted. */
export function catchAll(): void {
  process.once('uncaughtException', error => note(`uncaught ${error.message}`))
}
