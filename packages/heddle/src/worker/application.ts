/**
 * Makes of what an entry offers one thing that answers requests and one way to close it.
 *
 * Runs in worker threads. `recognise.ts` decides what an export is; this file calls it. It opens no port.
 */
import { readFileSync } from 'node:fs'
import type { RequestListener, Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'

import { findFastify } from './kinds/fastify.ts'
import type { FastifyInstance } from './kinds/fastify.ts'
import type { FetchHandler } from './kinds/fetch.ts'
import { acceptedOffers, classify, exportNames } from './recognise.ts'
import type { Form, Offer } from './recognise.ts'

/** An application as its worker serves it. */
export interface Application {
  /** What it is, for people: `listen`, `fastify`, `koa`, `background`, … */
  readonly kind: string
  /** Answers requests; `null` when the application has no server. */
  readonly target: HttpServer | RequestListener | null
  /** Ends it the way it wants to be ended. */
  close(): Promise<void>
}

/** An application without a server. */
export const background: Application = { kind: 'background', target: null, close: () => Promise.resolve() }

/** An application that has called `listen()` on a server of its own. */
export function fromListening(server: Server): Application {
  const fastify = findFastify(server)
  return fastify === null ? fromServer(server, 'listen') : fromFastify(fastify)
}

/** An application that exports what answers its requests. @throws what the application's own code throws. */
export async function fromOffer(offer: Offer): Promise<Application> {
  if (offer.form !== 'factory') return mount(offer.form, offer.value)
  const made: unknown = await (offer.value as () => unknown)()
  const form = classify(made, 'default')
  if (form === null || form === 'factory') {
    throw new TypeError(`The factory ${offer.name}() returned ${describe(made)}. ${acceptedOffers}`)
  }
  return mount(form, made)
}

/** What to say of an entry that neither listens nor offers anything. */
export function explainNothing(entry: string, exported: Readonly<Record<string, unknown>>): Error {
  const names = exportNames(exported)
  const found = names.length === 0 ? 'nothing' : names.join(', ')
  return new Error(
    `${entry} exports ${found}, never called listen() and has nothing left to do. ${tellBranch(entry)}${acceptedOffers}`
  )
}

/** A program that starts its own file as a thread listens in the main thread alone, which no worker is. */
function tellBranch(entry: string): string {
  if (!asksForMainThread(entry)) return ''
  return 'It asks for isMainThread, which is false in a worker: put what is to run in a thread of its own into another file. '
}

function asksForMainThread(file: string): boolean {
  try {
    return /\bisMainThread\b/.test(readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}

async function mount(form: Exclude<Form, 'factory'>, value: unknown): Promise<Application> {
  switch (form) {
    case 'server':
      return fromListening(value as Server)
    case 'fastify': {
      const fastify = value as FastifyInstance
      await fastify.ready()
      return fromFastify(fastify)
    }
    case 'koa':
      return fromListener((value as { callback(): RequestListener }).callback(), form)
    case 'fetch': {
      const { toRequestListener } = await import('./kinds/fetch.ts')
      return fromListener(toRequestListener(toFetchHandler(value)), form)
    }
    case 'express':
    case 'listener':
      break
  }
  return fromListener(value as RequestListener, form)
}

function fromListener(target: RequestListener, kind: string): Application {
  return { kind, target, close: () => Promise.resolve() }
}

function fromFastify(fastify: FastifyInstance): Application {
  return {
    kind: 'fastify',
    target: fastify.server as HttpServer,
    close: async () => {
      await fastify.close()
    }
  }
}

function fromServer(server: Server, kind: string): Application {
  return {
    kind,
    // HTTPS and HTTP/2 servers emit the same events as the HTTP server the type names.
    target: server as HttpServer,
    close: () => closeServer(server)
  }
}

function closeServer(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}

function toFetchHandler(value: unknown): FetchHandler {
  if (typeof value === 'function') return value as FetchHandler
  const host = value as { fetch: FetchHandler }
  return (request, bindings) => host.fetch(request, bindings)
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  const names = Object.keys(value)
  return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, 10).join(', ')}`
}
