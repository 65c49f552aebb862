/**
 * A server that is developed with, around applications in a temporary directory: real threads, real files.
 *
 * Runs in the thread of the tests. It is stopped when the test is over.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

import { freshSource } from '../../../src/config/fresh.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { ResolvedConfig } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { createCoordinator } from '../../../src/main/coordinator.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { createLog } from '../../../src/shared/log.ts'
import { bareEnv } from '../../bare-env.ts'
import { nextEvent, stopAfter } from '../server-under-test.ts'
import { createProject } from './project.ts'
import type { Project } from './project.ts'

/** A server under test, and its files. */
export interface DevServer extends Project {
  readonly server: Coordinator
  /** The body of the answer to a public request. */
  get(path?: string): Promise<string>
  /** Changes something, and resolves at the next event of that name that fits. */
  after<Name extends keyof HeddleEvents>(
    change: () => void,
    name: Name,
    fits?: (fact: HeddleEvents[Name]) => boolean
  ): Promise<HeddleEvents[Name]>
  /** All events so far about this application. */
  toldOf(application: string): readonly string[]
}

/** Long enough for the slowest machine. */
const limitMs = 60_000

/** What a test may do to it before it starts. */
export interface DevSurroundings {
  /** Changes its configuration, as the command line does. */
  readonly adapt?: (config: ResolvedConfig) => ResolvedConfig
  readonly meet?: (server: Coordinator) => void
}

/** Starts it with these files by their paths, and waits until all of them are watched. */
export async function startDevServer(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, string>> = {},
  { adapt = config => config, meet = () => {} }: DevSurroundings = {}
): Promise<DevServer> {
  const project = createProject(t, files)
  const options = {
    cwd: project.root,
    development: true,
    env: { ...bareEnv },
    // Of JSON lines, those of requests are left out.
    flags: { port: '0', 'admin-port': '0', 'log-format': 'json', ...flags }
  }
  const logStyle = { level: 'silent', format: 'json', colour: false } as const
  const log = createLog(logStyle)
  const source = freshSource(options, limitMs)
  const server = createCoordinator(adapt(await loadConfig(options)), {
    log,
    logStyle,
    source,
    kill: () => {}
  })
  meet(server)
  const told: { name: string; application: unknown }[] = []
  server.events.onAny((name, fact) => {
    if (typeof fact === 'object' && fact !== null && 'application' in fact) {
      told.push({ name, application: fact.application })
    }
  })
  stopAfter(t, server)
  const begun = beginnings(server)
  const { url } = await server.start()
  await begun
  assert.ok(server.development !== null)
  const { development } = server
  await development.settled()
  return {
    ...project,
    server,
    get: async (path = '/') => {
      const response = await fetch(new URL(path, url))
      return response.text()
    },
    after: async (change, name, fits = () => true) => {
      const happened = nextEvent(server.events, name, fits)
      change()
      const fact = await happened
      // What has been loaded meanwhile is watched before the next change.
      await development.settled()
      return fact
    },
    toldOf: application => told.filter(each => each.application === application).map(({ name }) => name)
  }
}

/** Resolves when every application has started, or could not: a boot waits only for so long for one that is slow. */
function beginnings(server: Coordinator): Promise<void> {
  const missing = new Set(server.status().applications.map(({ id }) => id))
  return new Promise(resolve => {
    const hear = ({ application }: { readonly application: string }): void => {
      missing.delete(application)
      if (missing.size === 0) resolve()
    }
    server.events.on('application:ready', hear)
    server.events.on('application:broken', hear)
  })
}
