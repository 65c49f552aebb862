/**
 * A whole server with applications whose number of workers may change, on a machine on paper: what runs beside the
 * tests decides nothing.
 *
 * Runs in the thread of the tests. It is stopped when the test is over.
 */
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import type { ResolvedApplication } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { createCoordinator } from '../../../src/main/coordinator.ts'
import type { Coordinator, CoordinatorOptions } from '../../../src/main/coordinator.ts'
import type { ScalingApplication, ScalingRule } from '../../../src/main/scaling/load.ts'
import { createLog } from '../../../src/shared/log.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { nextEvent, stopAfter } from '../server-under-test.ts'

/** An application that works as long as it is asked to. */
export const entry: string = fileURLToPath(
  new URL('../../fixtures/applications/works/app.mjs', import.meta.url)
)
const limits = { cpus: 16, allowed: null, memoryLimitBytes: null, quotaGroup: null, memoryGroups: [] }

/** Plenty of everything. */
const machine: CoordinatorOptions['machine'] = {
  limits,
  refresh: () => limits,
  use: () => ({
    cpuMs: 0,
    throttling: null,
    cpuPressure: null,
    memoryPressure: null,
    memory: { limitBytes: 2 ** 34, usedBytes: 2 ** 30, freeBytes: 2 ** 33, isContainer: false }
  })
}

/** A server under test. */
export interface ScaledServer {
  readonly server: Coordinator
  readonly url: string
  /** Resolves at the next event of that name that fits. */
  readonly next: <Name extends keyof HeddleEvents>(
    name: Name,
    fits?: (fact: HeddleEvents[Name]) => boolean
  ) => Promise<HeddleEvents[Name]>
  /** Names of the workers of an application that are there. */
  readonly workers: (id: string) => readonly string[]
}

/** What is different about it. */
export interface ScaledChanges {
  /** The rule of Heddle when it is left out. */
  readonly rule?: ScalingRule
  readonly total?: number
  readonly options?: Partial<CoordinatorOptions>
}

/** Starts one. The first application answers what the public port is asked, `/web` is for the second. */
export async function startScaled(
  t: TestContext,
  applications: readonly Partial<ResolvedApplication>[],
  { rule, total, options }: ScaledChanges = {}
): Promise<ScaledServer> {
  const config = {
    ...exampleConfig({
      applications: applications.map(each =>
        exampleApplication({ entry, workers: each.scaling?.min ?? 1, ...each })
      )
    }),
    workersTotal: total ?? null
  }
  const log = createLog({ level: 'silent', format: 'json', colour: false })
  const server = createCoordinator(config, { log, kill: () => {}, machine, rule, ...options })
  stopAfter(t, server)
  const { url } = await server.start()
  return {
    server,
    url,
    next: (name, fits) => nextEvent(server.events, name, fits),
    workers: id =>
      server
        .status()
        .applications.find(each => each.id === id)
        ?.workers.map(({ name }) => name) ?? []
  }
}

/** Keeps so many requests of so many milliseconds of work under way until it is told to stop. */
export function load(url: string, count: number, ms: number): () => Promise<void> {
  const over = new AbortController()
  const ask = async (): Promise<void> => {
    while (!over.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- One request after another.
      const response = await fetch(`${url}/?ms=${ms}`)
      // oxlint-disable-next-line no-await-in-loop
      await response.text()
    }
  }
  const asking = Promise.all(Array.from({ length: count }, ask))
  return async () => {
    over.abort()
    await asking
  }
}

/** A rule without patience: as many as may be when requests are under way, and as few when nobody has asked of late. */
export const impatient: ScalingRule = applications =>
  applications.map(application => {
    const { id, workers, limits: bounds, enabled } = application
    const wanted = isAsked(application) ? bounds.max : isIdle(application) ? bounds.min : workers
    const target = enabled ? wanted : workers
    const reason = target > workers ? 'busy' : target < workers ? 'idle' : 'steady'
    return { id, target, reason, refusal: null, partners: [], numbers: null }
  })

function isAsked({ samples }: ScalingApplication): boolean {
  const last = samples.at(-1)
  return last !== undefined && last.inflight >= 2 && last.activeMs > 0
}

function isIdle({ samples }: ScalingApplication): boolean {
  const last = samples.slice(-2)
  return last.length === 2 && last.every(({ arrived, inflight }) => arrived === 0 && inflight === 0)
}
