/**
 * A whole server around one application made for tests: real threads, real requests over real sockets.
 *
 * Runs in the thread of the tests. It is stopped when the test is over, or the file.
 */
import { fileURLToPath } from 'node:url'

import type { ResolvedHealth } from '../../src/config/resolved.ts'
import type { HeddleEvents } from '../../src/events.ts'
import { createCoordinator } from '../../src/main/coordinator.ts'
import type { Coordinator } from '../../src/main/coordinator.ts'
import type { MachineSource } from '../../src/main/machine/guarded.ts'
import { createLog } from '../../src/shared/log.ts'
import { bareEnv } from '../bare-env.ts'
import { exampleApplication, exampleConfig, exampleHealth } from './example-config.ts'
import { nextEvent, stopAfter } from './server-under-test.ts'
import type { Scope } from './whole-file.ts'

const applications = new URL('../fixtures/applications/', import.meta.url)

/** A server under test. */
export interface LiveServer extends StartingServer {
  readonly url: string
}

/** The same while it starts. */
export interface StartingServer {
  readonly server: Coordinator
  /** Resolves with its address. */
  readonly started: Promise<string>
  /** Resolves at the next event of that name that fits. */
  readonly next: <Name extends keyof HeddleEvents>(
    name: Name,
    fits?: (fact: HeddleEvents[Name]) => boolean
  ) => Promise<HeddleEvents[Name]>
  /** All events so far, by name and fact. */
  readonly told: readonly { readonly name: string; readonly fact: unknown }[]
}

/** What a test may choose. */
export interface LiveSettings {
  readonly workers?: number
  readonly env?: Record<string, string>
  readonly health?: Partial<ResolvedHealth>
  /** The machine it is to run on; this one when it is left out. */
  readonly machine?: MachineSource
}

/** Starts a server of one application, `api`, from a file of the applications made for tests. */
export async function startServer(t: Scope, entry: string, settings: LiveSettings = {}): Promise<LiveServer> {
  const starting = beginServer(t, entry, settings)
  return { ...starting, url: await starting.started }
}

/** The same, without waiting until it has started. */
export function beginServer(
  t: Scope,
  entry: string,
  { workers = 1, env = {}, health = {}, machine }: LiveSettings = {}
): StartingServer {
  const path = fileURLToPath(new URL(entry, applications))
  const application = exampleApplication({
    path: fileURLToPath(new URL('.', new URL(entry, applications))),
    entry: path,
    workers,
    env: { ...bareEnv, ...env },
    health: { ...exampleHealth, ...health }
  })
  const log = createLog({ level: 'silent', format: 'json', colour: false })
  const config = exampleConfig({ applications: [application] })
  const server = createCoordinator(config, { log, machine, kill: () => {} })
  const told: { name: string; fact: unknown }[] = []
  server.events.onAny((name, fact) => told.push({ name, fact }))
  stopAfter(t, server)
  const started = server.start().then(({ url }) => url ?? '')
  return {
    server,
    started,
    told,
    next: (name, fits) => nextEvent(server.events, name, fits)
  }
}
