/**
 * Makes this thread's ordinary HTTP clients reach the mesh: global `fetch`, undici's global dispatcher,
 * and every client that opens TCP connections through `node:net`. A thread that joins asks for it once.
 *
 * The dispatcher is the fast way. The connection hook is the sure one: whatever speaks HTTP/1 over TCP
 * to a mesh host, an agent of its own included, gets an in-memory connection that ends in the mesh.
 */
import { Agent } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { Socket } from 'node:net'

import { LoopbackConnections } from './loopback.ts'
import { MeshDispatcher, type DispatcherLike } from './dispatcher.ts'
import type { MeshClient } from './client.ts'

/** Where undici keeps its global dispatcher: `.1` up to undici 6, `.2` from 7 on, beside a wrapped `.1`. */
const slots = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')]

/** What installing needs of the thread's membership. */
export interface GlobalsOptions {
  readonly client: MeshClient
  readonly domain: string
  readonly timeoutMs: number
}

/** Installs both ways. Once per thread. */
export function installGlobals(options: GlobalsOptions): void {
  installDispatcher(options)
  installConnectHook(options)
}

/**
 * Puts a mesh dispatcher in front of undici's global one as soon as there is one. The undici inside node
 * costs 16 MB and 20 to 35 ms to load, which an application that never uses it should not pay: so its
 * slots are watched instead. An undici that loads looks into its slot first; once its code has run, what
 * it put there is wrapped. A dispatcher the application sets later replaces ours; mesh hosts are then
 * reached through the connection hook.
 */
function installDispatcher(options: GlobalsOptions): void {
  let scheduled = false
  const wrapAll = (): void => {
    scheduled = false
    for (const slot of slots) wrapSlot(slot, options)
  }
  for (const slot of slots) {
    if (Reflect.has(globalThis, slot)) {
      wrapSlot(slot, options)
      continue
    }
    Object.defineProperty(globalThis, slot, {
      configurable: true,
      enumerable: false,
      get() {
        if (!scheduled) queueMicrotask(wrapAll)
        scheduled = true
        return undefined
      }
    })
  }
}

function wrapSlot(slot: symbol, options: GlobalsOptions): void {
  const next: unknown = Object.getOwnPropertyDescriptor(globalThis, slot)?.value
  if (typeof next !== 'object' || next === null || next instanceof MeshDispatcher) return
  Reflect.set(globalThis, slot, new MeshDispatcher({ ...options, next: () => next as DispatcherLike }))
}

type ConnectArguments = readonly unknown[]
type Connect = (this: unknown, ...args: ConnectArguments) => Socket

function installConnectHook(options: GlobalsOptions): void {
  const loopback = new LoopbackConnections(options)
  const hook = (original: Connect): Connect =>
    function connect(this: unknown, ...args) {
      return loopback.connect(args) ?? original.apply(this, [...args])
    }
  const net = process.getBuiltinModule('node:net') as unknown as {
    connect: Connect
    createConnection: Connect
  }
  net.connect = hook(net.connect)
  net.createConnection = net.connect
  // http.Agent took its copy of createConnection when it was loaded.
  const agent = Agent.prototype as unknown as { createConnection: Connect }
  agent.createConnection = hook(agent.createConnection)
  syncBuiltinESMExports()
}
