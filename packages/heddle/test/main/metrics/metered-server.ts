/**
 * Whole servers whose metrics are read: real threads and sockets, real clients.
 *
 * Runs in the thread of the tests.
 */
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Agent, request } from 'undici'

import type { ResolvedApplication, ResolvedConfig } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { createCoordinator } from '../../../src/main/coordinator.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { createLog } from '../../../src/shared/log.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { nextEvent, stopAtOnce } from '../server-under-test.ts'

/** Where the applications made for tests are. */
export const applications: URL = new URL('../../fixtures/applications/', import.meta.url)

/** A server whose metrics are read. */
export interface Live {
  readonly server: Coordinator
  readonly scrape: (application?: string) => Promise<string>
  /** Resolves with the status. */
  readonly get: (path: string) => Promise<number>
  readonly next: <Name extends keyof HeddleEvents>(name: Name) => Promise<HeddleEvents[Name]>
}

/** What a test may choose. */
export interface Wanted {
  readonly workers?: number
  readonly entry?: string
  readonly mode?: ResolvedConfig['server']['mode']
  readonly metrics?: Partial<ResolvedConfig['metrics']>
  /** Instead of one with `workers` and `entry`. */
  readonly applications?: readonly ResolvedApplication[]
}

/** Starts one; it is stopped when the test is over. */
export async function start(t: TestContext, wanted: Wanted = {}): Promise<Live> {
  const { workers = 2, entry = 'metrics/prom.mjs', mode = 'edge', metrics } = wanted
  const application = exampleApplication({
    path: fileURLToPath(applications),
    entry: fileURLToPath(new URL(entry, applications)),
    workers
  })
  const config = exampleConfig({ applications: wanted.applications ?? [application], server: { mode } })
  const log = createLog({ level: 'silent', format: 'json', colour: false })
  const server = createCoordinator(
    { ...config, metrics: { ...config.metrics, ...metrics } },
    { log, kill: () => {} }
  )
  // A connection that is not used for a while stays, so that there are never more than these.
  const agent = new Agent({ connections: 8, keepAliveTimeout: 600_000 })
  t.after(async () => {
    await agent.destroy()
    await stopAtOnce(server)
  })
  const { url } = await server.start()
  return {
    server,
    scrape: application => server.operations.metrics(application === undefined ? {} : { application }),
    get: async path => {
      const { statusCode, body } = await request(`${url}${path}`, { dispatcher: agent })
      await body.dump()
      return statusCode
    },
    next: name => nextEvent(server.events, name)
  }
}

/** Sends so many requests, four at a time. */
export async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  const one = async (): Promise<void> => {
    for (let left = count / 4; left > 0; left--) await act()
  }
  await Promise.all([one(), one(), one(), one()])
}

/**
 * Shared memory announces nothing, and every thread counts when it comes to it: it is looked at until it is as it has
 * to be.
 */
export async function until(
  t: TestContext,
  scrape: () => Promise<string>,
  isThere: (text: string) => void
): Promise<string> {
  const look = async (): Promise<string> => {
    const text = await scrape()
    isThere(text)
    return text
  }
  return t.waitFor(look, { interval: 20, timeout: 60_000 })
}
