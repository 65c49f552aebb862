/**
 * An acceptor in the thread of the test, and real worker threads it hands connections to: the whole way of a
 * connection without the supervisor. Everything it starts is ended when the test is over.
 */
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MessageChannel, setEnvironmentData } from 'node:worker_threads'

import { Registry } from '@heddle/mesh'

import { Ledger } from '../../src/channel/ledger.ts'
import { Acceptor } from '../../src/handoff/acceptor.ts'
import type { Descriptors } from '../../src/handoff/descriptors.ts'
import { findDescriptors } from '../../src/handoff/descriptors.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { bareEnv } from '../bare-env.ts'
import type { RawClient } from '../edge/raw-client.ts'
import { startWorker, type Running } from '../worker/worker-harness.ts'

/** The calls this Node.js offers; tests that need them are not run where it offers none. */
export const descriptors: Descriptors | null = findDescriptors(import.meta.dirname)

/** Holds up what the application of most tests is to hold up, until it is opened. */
export interface Gate {
  readonly open: () => void
}

/** A gate for the workers that are started from now on. */
export function makeGate(): Gate {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  setEnvironmentData('gate', cell)
  return {
    open: () => {
      Atomics.store(cell, 0, 1)
      Atomics.notify(cell, 0)
    }
  }
}

/** A worker that connections are handed to. */
export interface Handed extends Running {
  readonly name: string
  readonly ledger: Ledger
}

/** An acceptor with its workers. */
export interface Stage {
  readonly acceptor: Acceptor
  readonly port: number
  /** Starts a worker and waits until it takes connections. */
  start(entry?: string, env?: Record<string, string>): Promise<Handed>
}

/** A test that needs the calls: where this Node.js has them not, and no koffi, there is nothing to test. */
export function handoffTest(name: string, run: (t: TestContext) => Promise<void>): void {
  if (descriptors !== null) test(name, run)
}

/** What the application of most tests says of a request. */
export interface Told {
  readonly worker: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  readonly port: number
}

/** Asks on this connection, and returns what the application says; a response is closed by `Connection: close`. */
export async function ask(client: RawClient, path = '/'): Promise<Told & { readonly closes: boolean }> {
  client.send(`GET ${path} HTTP/1.1\r\nHost: handed\r\n\r\n`)
  const { status, headers, body } = await client.response()
  assert.equal(status, 200)
  const told = JSON.parse(body.replace(/^begun/, '')) as Told
  return { ...told, closes: headers['connection'] === 'close' }
}

/** Opens an acceptor on a port of the system's choice. */
export async function openStage(
  t: TestContext,
  options: { readonly queue?: { max: number; timeout: number }; readonly maxConnections?: number } = {}
): Promise<Stage> {
  assert(descriptors !== null)
  const registry = new Registry({ domain: '.heddle.local' })
  const { queue = { max: 100, timeout: 30_000 }, maxConnections = 0 } = options
  const acceptor = new Acceptor({
    server: { hostname: '127.0.0.1', backlog: 511, maxConnections },
    queue,
    scoreboard: registry.scoreboard,
    descriptors,
    clock: systemClock
  })
  const port = await acceptor.listen(0)
  t.after(async () => {
    await acceptor.close()
    registry.close()
  })
  let started = 0
  return {
    acceptor,
    port,
    async start(entry = 'handed/app.mjs', env = {}) {
      const name = `application:${started++}`
      const ledger = Ledger.create()
      const running = startWorker(t, entry, {
        registry,
        name,
        boot: { ledger: ledger.buffer, name },
        env: { ...bareEnv, WORKER: name, ...env }
      })
      await running.next('ready')
      const { port1, port2 } = new MessageChannel()
      running.worker.postMessage({ type: 'acceptor', port: port2 }, [port2])
      const { record, generation } = running.ticket
      acceptor.introduce({ name, record, generation, ledger: ledger.buffer, port: port1 })
      await running.member.publish()
      return { ...running, name, ledger }
    }
  }
}

/** Numbers of the descriptors of this process that are sockets of TCP or UNIX. */
export function openSockets(): number {
  const links = readdirSync('/proc/self/fd').map(name => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The descriptor with which the directory was read.
      return ''
    }
  })
  return links.filter(link => link.startsWith('socket:')).length
}

/** Resolves when the condition holds. What it looks at lies in shared memory or in the system, and announces nothing. */
export async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const deadline = performance.now() + limitMs
  const look = setInterval(() => {
    if (holds()) resolve()
    else if (performance.now() > deadline) reject(new Error(`Not so within ${limitMs} ms: ${what}`))
  }, 5)
  try {
    await promise
  } finally {
    clearInterval(look)
  }
}
