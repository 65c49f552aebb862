/**
 * What the tests of `fetch` call: one handler, reached through the mesh and through a socket of its own.
 * Worker thread.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import * as zlib from 'node:zlib'

import { http } from '../../src/node-http.ts'

const { createServer } = http

type Handler = (req: IncomingMessage, res: ServerResponse, query: URLSearchParams) => unknown

const content = 'Grüße, '.repeat(400)
const waiting: ServerResponse[] = []
let onHeld: (() => void) | null = null
let closedEarly = 0
let onClosed: (() => void) | null = null
let misdirected = 0
let written = 0

const encodings: { readonly [name: string]: (data: Buffer) => Buffer } = {
  gzip: data => zlib.gzipSync(data),
  'x-gzip': data => zlib.gzipSync(data),
  deflate: data => zlib.deflateSync(data),
  raw: data => zlib.deflateRawSync(data),
  br: data => zlib.brotliCompressSync(data),
  zstd: data => zlib.zstdCompressSync(data),
  'gzip, br': data => zlib.brotliCompressSync(zlib.gzipSync(data)),
  broken: () => Buffer.from('this is not compressed'),
  empty: () => Buffer.alloc(0),
  truncated: data => zlib.gzipSync(data).subarray(0, 40)
}

const routes: { readonly [path: string]: Handler } = {
  '/': (_req, res) => res.end('ok'),
  '/echo': async (req, res) => {
    const body = await text(req)
    const { method, url, rawHeaders } = req
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ method, url, rawHeaders, body }))
  },
  '/answer': (_req, res, query) => {
    res.statusMessage = query.get('message') ?? ''
    const body = query.get('body')
    for (const header of query.getAll('header')) {
      const [name = '', value = ''] = header.split('=')
      res.appendHeader(name, value)
    }
    res.writeHead(Number(query.get('status') ?? 200))
    if (query.has('chunked')) res.flushHeaders()
    res.end(body === null ? undefined : Buffer.from(body, 'base64'))
  },
  '/moved': async (req, res, query) => {
    req.resume()
    await once(req, 'end')
    res.writeHead(Number(query.get('status')), { location: query.get('to') ?? '' }).end('moved')
  },
  '/around': (_req, res, query) => {
    const left = Number(query.get('left'))
    res.writeHead(302, { location: left === 0 ? '/echo' : `/around?left=${left - 1}` }).end()
  },
  '/encoded': (req, res, query) => {
    const name = query.get('as') ?? ''
    res.setHeader('content-encoding', query.get('say') ?? name)
    const data = encodings[name]?.(Buffer.from(content)) ?? Buffer.from(content)
    if (query.has('pieces')) {
      res.write(data.subarray(0, 20))
      setImmediate(() => res.end(data.subarray(20)))
    } else res.end(req.method === 'HEAD' ? undefined : data)
  },
  '/hints': (_req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    res.end('after hints')
  },
  '/pieces': (_req, res) => {
    res.write('first ')
    setImmediate(() => {
      res.write('second ')
      setImmediate(() => res.end('third'))
    })
  },
  '/misdirected': (_req, res) => {
    res.writeHead(421).end(String(++misdirected % 2))
  },
  '/hold': (_req, res) => hold(res),
  '/begin': (_req, res) => {
    res.write('first')
    hold(res)
  },
  '/break': (_req, res) => {
    res.setHeader('content-length', 100)
    res.write('first')
    hold(res)
  },
  '/endless': (_req, res) => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    const more = (): void => {
      if (res.destroyed) return
      written += piece.length
      if (res.write(piece)) setImmediate(more)
      else res.once('drain', more)
    }
    more()
  }
}

/** What the thread serves. */
export const target = createServer(answer)

function answer(req: IncomingMessage, res: ServerResponse): void {
  const url = new URL(req.url ?? '/', 'http://any')
  res.on('close', () => {
    if (res.writableFinished) return
    closedEarly++
    onClosed?.()
  })
  const route = routes[url.pathname]
  if (route === undefined) res.writeHead(404).end('none')
  else void route(req, res, url.searchParams)
}

function hold(res: ServerResponse): void {
  waiting.push(res)
  onHeld?.()
}

/** The same handler on a socket; resolves with its port. */
export async function listen(): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  server.unref()
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Resolves when so many requests wait to be released. */
export async function holding(count: number): Promise<void> {
  while (waiting.length < count) {
    await new Promise<void>(resolve => {
      onHeld = resolve
    })
  }
}

/** Requests that wait to be released. */
export function held(): number {
  return waiting.length
}

/** Answers what waits. */
export function release(): void {
  for (const res of waiting.splice(0)) res.end('released')
}

/** Breaks off what waits. */
export function destroy(): void {
  for (const res of waiting.splice(0)) res.destroy()
}

/** Resolves when so many responses have seen their connection close before they were finished. */
export async function closed(count: number): Promise<number> {
  for (;;) {
    if (closedEarly >= count) {
      waiting.length = 0
      return closedEarly
    }
    await new Promise<void>(resolve => {
      onClosed = resolve
    })
  }
}

/** Responses that have seen their connection close before they were finished. */
export function closings(): number {
  return closedEarly
}

/** Bytes written to endless responses. */
export function bytesWritten(): number {
  return written
}
