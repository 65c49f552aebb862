/**
 * Makes this thread's ordinary HTTP clients reach the mesh: global `fetch`, undici's global dispatcher,
 * and every client that opens TCP connections through `node:net`. A thread that joins asks for it once.
 *
 * `fetch` has a short path of its own; the dispatcher is the fast way for the rest of undici. The
 * connection hook is the sure one: whatever speaks HTTP/1 over TCP to a mesh host, an agent of its own
 * included, gets an in-memory connection that ends in the mesh.
 *
 * All of it can be taken back. What somebody has put over ours since stays, and ours below it passes on.
 */
import { syncBuiltinESMExports } from 'node:module'
import type { Socket } from 'node:net'

import { LoopbackConnections, type LoopbackOptions } from './loopback.ts'
import { MeshDispatcher, type DispatcherLike } from './dispatcher.ts'
import { makeFetch } from './fetch.ts'

/** Where undici keeps its global dispatcher: `.1` up to undici 6, both in 7, `.2` from 8 on beside a wrapped `.1`. */
const slots = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')]

/** The one the undici inside node reads. */
const ownSlot = slots[Number.parseInt(process.versions['undici'] ?? '0', 10) >= 8 ? 0 : 1] as symbol

/** What installing needs of the thread's membership. */
export type GlobalsOptions = LoopbackOptions

/** Whether what has been installed is still to be used. */
interface Installation {
  active: boolean
}

/**
 * Installs all ways. Once per membership.
 *
 * @returns what takes it back: from then on mesh hosts are hosts like any other. Idempotent.
 */
export function installGlobals(options: GlobalsOptions): () => void {
  const installation: Installation = { active: true }
  const undo = [
    installDispatcher(options, installation),
    installConnectHook(options, installation),
    installFetch(options, installation)
  ]
  return () => {
    if (!installation.active) return
    installation.active = false
    for (const step of undo) step()
  }
}

/**
 * Puts a mesh dispatcher in front of undici's global one as soon as there is one. The undici inside node
 * costs 16 MB and 20 to 35 ms to load, which an application that never uses it should not pay: so its
 * slots are watched instead. An undici that loads looks into its slot first; once its code has run, what
 * it put there is wrapped. A dispatcher the application sets later replaces ours; mesh hosts are then
 * reached through the connection hook.
 */
function installDispatcher(options: GlobalsOptions, installation: Installation): () => void {
  let scheduled = false
  const undo: (() => void)[] = []
  const wrapAll = (): void => {
    scheduled = false
    if (installation.active) undo.push(...slots.map(slot => wrapSlot(slot, options)))
  }
  for (const slot of slots) {
    if (Reflect.has(globalThis, slot)) {
      undo.push(wrapSlot(slot, options))
      continue
    }
    const get = (): undefined => {
      if (!scheduled && !peeking) queueMicrotask(wrapAll)
      scheduled ||= !peeking
    }
    Object.defineProperty(globalThis, slot, { configurable: true, enumerable: false, get })
    undo.push(() => {
      if (Object.getOwnPropertyDescriptor(globalThis, slot)?.get === get)
        Reflect.deleteProperty(globalThis, slot)
    })
  }
  return () => {
    for (const step of undo) step()
  }
}

/** Wraps the dispatcher of a slot, unless there is none or it is one of ours; returns what unwraps it. */
function wrapSlot(slot: symbol, options: GlobalsOptions): () => void {
  const next: unknown = Object.getOwnPropertyDescriptor(globalThis, slot)?.value
  if (typeof next !== 'object' || next === null || next instanceof MeshDispatcher) return () => undefined
  const ours = new MeshDispatcher({ ...options, next: () => next as DispatcherLike })
  Reflect.set(globalThis, slot, ours)
  return () => {
    if (Object.getOwnPropertyDescriptor(globalThis, slot)?.value === ours) Reflect.set(globalThis, slot, next)
  }
}

/** Set while a slot is looked at by ourselves. */
let peeking = false

/** Whether node's own fetch would hand a request to the mesh: not when the application has set a dispatcher of its own. */
function isReached(): boolean {
  peeking = true
  const dispatcher: unknown = Reflect.get(globalThis, ownSlot)
  peeking = false
  return dispatcher === undefined || dispatcher instanceof MeshDispatcher
}

function installFetch(options: GlobalsOptions, installation: Installation): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
  const original: unknown = before?.value
  if (before === undefined || typeof original !== 'function') return () => undefined
  const ours = makeFetch({
    ...pick(options),
    original: original as typeof fetch,
    isOpen: () => installation.active && isReached()
  })
  Object.defineProperty(globalThis, 'fetch', { ...before, value: ours })
  return () => {
    if (globalThis.fetch === ours) Object.defineProperty(globalThis, 'fetch', before)
  }
}

/** A membership has more to it than what is needed. */
function pick({ client, domain, timeoutMs }: GlobalsOptions): GlobalsOptions {
  return { client, domain, timeoutMs }
}

type ConnectArguments = readonly unknown[]
type Connect = (this: unknown, ...args: ConnectArguments) => Socket

function installConnectHook(options: GlobalsOptions, installation: Installation): () => void {
  const loopback = new LoopbackConnections(options)
  const hook = (original: Connect): Connect =>
    function connect(this: unknown, ...args) {
      const socket = installation.active ? loopback.connect(args) : null
      return socket ?? original.apply(this, [...args])
    }
  const net = process.getBuiltinModule('node:net') as unknown as {
    connect: Connect
    createConnection: Connect
  }
  // http.Agent took its copy of createConnection when it was loaded. Not imported: the names a module imports of
  // node:http include its WebSocket, for which node loads undici.
  const { Agent } = process.getBuiltinModule('node:http')
  const agent = Agent.prototype as unknown as { createConnection: Connect }
  const before = { connect: net.connect, create: net.createConnection, agent: agent.createConnection }
  const connect = hook(before.connect)
  const agentConnect = hook(before.agent)
  net.connect = connect
  net.createConnection = connect
  agent.createConnection = agentConnect
  syncBuiltinESMExports()
  return () => {
    if (net.connect === connect) net.connect = before.connect
    if (net.createConnection === connect) net.createConnection = before.create
    if (agent.createConnection === agentConnect) agent.createConnection = before.agent
    syncBuiltinESMExports()
  }
}
