/**
 * Takes `server.listen()` of the application in hand: its first HTTP server becomes the application's server
 * and opens no port, since requests come through the mesh; in direct mode it opens the port all workers share.
 *
 * Runs in worker threads, installed once by `boot.ts` before any code of the application, and in a thread of
 * somebody else's, where only the applications that run there are meant. Every other server listens as asked. It
 * never judges when the application is ready; it only tells what was opened and closed.
 *
 * A server that opens no port is given a handle of ours in place of node's. Everything the application can
 * ask (`listening`, `address()`, `close()`, `ref()`, `ERR_SERVER_ALREADY_LISTEN`) is then node's own code.
 */
import { addAbortListener } from 'node:events'
import { Server } from 'node:net'
import type { AddressInfo, ListenOptions } from 'node:net'

import type { DirectListen } from '../channel/messages.ts'
import { whenAllAccepted } from '../shared/accept-all.ts'
import { pretendAddress, readListenCall } from './listen-arguments.ts'
import type { ListenCall } from './listen-arguments.ts'

/** How the servers of this worker listen. */
export interface ListenRules {
  /** Where the application's server really listens; `null`: nowhere. */
  readonly direct: DirectListen | null
  /** Whether sibling workers run the same code, so that further servers must share their ports. */
  readonly shared: boolean
}

/** Hears what becomes of the application's server. */
export interface ListenObserver {
  /** `listen()` was called; `opened` or `failed` follows. */
  opening(server: Server): void
  opened(server: Server): void
  /** Direct mode only: the shared port could not be opened. */
  failed(error: Error): void
  /** The application closed it; the next HTTP server that listens takes its place. */
  closed(server: Server): void
}

type Listen = (this: Server, ...args: unknown[]) => Server

/** Whether a server answers HTTP requests: node:http, node:https and node:http2 servers do. */
export function isHttpServer(value: unknown): value is Server {
  return value instanceof Server && ('requestTimeout' in value || 'updateSettings' in value)
}

/** Opens the application's server on the shared port; for servers which the application did not listen on itself. */
export function listenDirectly(server: Server, direct: DirectListen): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.once('listening', () => {
    server.off('error', reject)
    resolve()
  })
  originalListen.call(server, toSharedOptions(direct))
  return promise
}

/** Lets a server which the application did not listen on itself do as if it listened; it opens nothing. */
export function listenVirtually(server: Server): void {
  openVirtually(server, { options: { port: 0 }, callback: null }, silent)
}

/** How many clients are accepted at most before the port is closed: twice as many as wait unless a server says so. */
const BACKLOG = 1024

/**
 * Closes the port of a server as soon as everybody who has connected is accepted, and leaves it listening in the eyes
 * of the application; open connections stay. Resolves when that is done.
 */
export function stopAccepting(server: Server): Promise<void> {
  return new Promise(resolve => {
    whenAllAccepted(server, BACKLOG, () => {
      standIn(server)
      resolve()
    })
  })
}

function standIn(server: Server): void {
  const handle = Reflect.get(server, '_handle') as { close(): void } | null
  if (handle === null || handle instanceof VirtualHandle) return
  const address = server.address()
  const stand = new VirtualHandle(() => {})
  if (isAddressInfo(address)) Object.assign(stand, { getsockname: describeAs(address) })
  Reflect.set(server, '_handle', stand)
  handle.close()
}

// Typed anew, since the many overloads cannot be called with arguments that were passed on.
const originalListen = Reflect.get(Server.prototype, 'listen') as Listen

function toSharedOptions(direct: DirectListen): ListenOptions {
  const { hostname: host, port, backlog, exclusive = false } = direct
  return { host, port, backlog, reusePort: !exclusive }
}

/** How the servers of one application listen. */
export interface Interception {
  /** The application's own code runs from now on. Until then (preload modules) no server is the application's. */
  begin(): void
  /** Does what `listen()` of a server was called for. */
  listen(server: Server, args: readonly unknown[]): Server
}

/** How the servers of an application are to listen, and who hears of it; {@link replaceListen} makes them. */
export function interceptListen(rules: ListenRules, observer: ListenObserver): Interception {
  let loading = false
  let primary: Server | null = null

  const release = (server: Server): void => {
    if (primary !== server) return
    primary = null
    observer.closed(server)
  }

  const openDirectly = (server: Server, call: ListenCall, direct: DirectListen): Server => {
    server.once('listening', () => observer.opened(server))
    server.once('close', () => release(server))
    server.once('error', error => observer.failed(error))
    if (call.callback !== null) server.once('listening', call.callback)
    return originalListen.call(server, { ...toSharedOptions(direct), signal: call.options.signal })
  }

  const openFurther = (server: Server, call: ListenCall, args: readonly unknown[]): Server => {
    if (!rules.shared || !call.options.port) return originalListen.apply(server, [...args])
    const options = { ...call.options, reusePort: true }
    return call.callback === null
      ? originalListen.call(server, options)
      : originalListen.call(server, options, call.callback)
  }

  const open = (server: Server, args: readonly unknown[]): Server => {
    const call = readListenCall(args)
    // A second listen() on one server is node's to refuse.
    if (call === null || server.listening) return originalListen.apply(server, [...args])
    if (!loading || !isHttpServer(server)) return openFurther(server, call, args)
    if (primary !== null && isSamePort(primary, call.options)) return openVirtually(server, call, silent)
    if (primary !== null) return openFurther(server, call, args)
    primary = server
    observer.opening(server)
    if (rules.direct !== null) return openDirectly(server, call, rules.direct)
    return openVirtually(server, call, {
      opened: () => observer.opened(server),
      closed: () => release(server)
    })
  }

  return {
    begin: () => {
      loading = true
    },
    listen: open
  }
}

/**
 * Replaces `listen()` of every server in this thread.
 *
 * @param current The interception of the application that calls it; `null` when none does.
 * @returns What takes it back, as long as nobody has replaced it since.
 */
export function replaceListen(current: () => Interception | null): () => void {
  const listen: Listen = function listen(...args) {
    const interception = current()
    return interception === null ? originalListen.apply(this, args) : interception.listen(this, args)
  }
  Reflect.set(Server.prototype, 'listen', listen)
  return () => {
    if (Reflect.get(Server.prototype, 'listen') === listen) {
      Reflect.set(Server.prototype, 'listen', originalListen)
    }
  }
}

/** Fastify binds `localhost` with one server for each of its addresses: all of them are the application's server. */
function isSamePort(primary: Server, options: ListenOptions): boolean {
  const address = primary.address()
  return options.port !== 0 && isAddressInfo(address) && address.port === options.port
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

interface VirtualEvents {
  readonly opened: () => void
  readonly closed: () => void
}

const silent: VirtualEvents = { opened: () => {}, closed: () => {} }

function openVirtually(server: Server, call: ListenCall, events: VirtualEvents): Server {
  const address = pretendAddress(call.options, assignPort())
  const handle = new VirtualHandle(events.closed)
  // Without a method to ask, node answers with the name of the pipe.
  if (typeof address === 'string') Reflect.set(server, '_pipeName', address)
  else Object.assign(handle, { getsockname: describeAs(address) })
  Reflect.set(server, '_handle', handle)
  if (call.callback !== null) server.once('listening', call.callback)
  closeOnAbort(server, call.options.signal)
  countRequests(server)
  process.nextTick(() => {
    // Closed again in the same turn: node announces nothing then either.
    if (!server.listening) return
    server.emit('listening')
    events.opened()
  })
  return server
}

let assigned = 49_152 + Math.floor(Math.random() * 8192)

/** A number from the ephemeral range; no port is opened, so that it need only differ from the last ones. */
function assignPort(): number {
  assigned = assigned >= 65_535 ? 49_152 : assigned + 1
  return assigned
}

/** What node's server code asks of the handle it listens with. */
class VirtualHandle {
  readonly #closed: () => void

  constructor(closed: () => void) {
    this.#closed = closed
  }

  close(): void {
    this.#closed()
  }

  /** The thread is kept alive by the main thread's channel, whatever the server wishes. */
  ref(): void {}

  unref(): void {}
}

function describeAs(address: AddressInfo): (out: object) => number {
  return out => {
    Object.assign(out, address)
    return 0
  }
}

function closeOnAbort(server: Server, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (signal.aborted) {
    process.nextTick(() => server.close())
    return
  }
  const disposable = addAbortListener(signal, () => server.close())
  server.once('close', () => disposable[Symbol.dispose]())
}

const counted = new WeakSet<Server>()

/**
 * Makes requests in flight count as connections, so that `close()` waits for them and `getConnections()` tells
 * their number: through the mesh there are no connections that would.
 */
function countRequests(server: Server): void {
  if (counted.has(server)) return
  counted.add(server)
  const move = (by: number): void => {
    Reflect.set(server, '_connections', Number(Reflect.get(server, '_connections')) + by)
  }
  const finished = (): void => {
    move(-1)
    const settle: unknown = Reflect.get(server, '_emitCloseIfDrained')
    if (typeof settle === 'function') Reflect.apply(settle, server, [])
  }
  server.prependListener('request', (request: { socket: object }, response: NodeJS.EventEmitter) => {
    // On a connection of its own, which is counted.
    if (Reflect.get(request.socket, '_server') === server) return
    move(1)
    response.once('close', finished)
  })
}
