/**
 * Servers around an application whose workers are blocked, and released, as tests want it.
 *
 * Runs in the thread of the tests.
 */
import { BroadcastChannel } from 'node:worker_threads'

import { startServer } from '../live-server.ts'
import type { LiveServer, LiveSettings } from '../live-server.ts'
import type { Scope } from '../whole-file.ts'

/** A server whose workers are looked into. */
export interface LookedInto extends LiveServer {
  readonly get: (path: string) => Promise<string>
  /** Blocks a worker in JavaScript. Resolves when it says that it computes, with what it answers in the end. */
  readonly block: () => Promise<[answer: Promise<string>]>
  /** Lets it go on. */
  readonly release: () => void
}

let channels = 0

/** What ends a computation, and the environment of a worker that hears of it. */
export interface Releaser {
  readonly env: Record<string, string>
  readonly release: () => void
  /** Resolves when a worker says that it computes from now on. */
  readonly begun: () => Promise<void>
}

/** Makes one. */
export function releaser(t: Scope): Releaser {
  const name = `looked-into-${process.pid}-${channels++}`
  const channel = new BroadcastChannel(name)
  t.after(() => channel.close())
  return {
    env: { PATH: process.env.PATH ?? '', RELEASE: name },
    release: () => channel.postMessage('turn'),
    begun: () => new Promise(resolve => channel.addEventListener('message', () => resolve(), { once: true }))
  }
}

/** Starts one. */
export async function start(t: Scope, settings: LiveSettings = {}): Promise<LookedInto> {
  const { env, release, begun } = releaser(t)
  const live = await startServer(t, 'looked-into/app.ts', { ...settings, env })
  const get = async (path: string): Promise<string> =>
    (await fetch(`${live.url}${path}`, { headers: { connection: 'close' } })).text()
  return {
    ...live,
    get,
    release,
    block: async () => {
      const computes = begun()
      const answer = get('/compute')
      await computes
      return [answer]
    }
  }
}
