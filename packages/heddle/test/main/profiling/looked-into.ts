/**
 * Servers around an application whose workers are blocked, and released, as tests want it.
 *
 * Runs in the thread of the tests.
 */
import type { TestContext } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'

import { startServer } from '../live-server.ts'
import type { LiveServer, LiveSettings } from '../live-server.ts'

/** A server whose workers are looked into. */
export interface LookedInto extends LiveServer {
  readonly get: (path: string) => Promise<string>
  /** Ends `/compute`. */
  readonly release: () => void
}

let channels = 0

/** What ends `/compute`, and the environment of a worker that hears of it. */
export function releaser(t: TestContext): {
  readonly env: Record<string, string>
  readonly release: () => void
  /** Resolves when a worker says that it computes at its start. */
  readonly begun: Promise<unknown>
} {
  const name = `looked-into-${process.pid}-${channels++}`
  const channel = new BroadcastChannel(name)
  t.after(() => channel.close())
  return {
    env: { PATH: process.env.PATH ?? '', RELEASE: name },
    release: () => channel.postMessage('turn'),
    begun: new Promise(resolve => channel.addEventListener('message', resolve, { once: true }))
  }
}

/** Starts one. */
export async function start(t: TestContext, settings: LiveSettings = {}): Promise<LookedInto> {
  const { env, release } = releaser(t)
  const live = await startServer(t, 'looked-into/app.ts', { ...settings, env })
  return {
    ...live,
    get: async path => (await fetch(`${live.url}${path}`, { headers: { connection: 'close' } })).text(),
    release
  }
}

/** Blocks the worker in JavaScript; resolves when it is told of. */
export async function block({ get, next }: LookedInto): Promise<[answer: Promise<string>]> {
  const blocked = next('worker:blocked')
  const answer = get('/compute')
  await blocked
  return [answer]
}
