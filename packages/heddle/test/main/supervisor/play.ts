/** A supervisor whose applications are ready, for tests of what happens then. */
import assert from 'node:assert/strict'

import type { ResolvedApplication } from '../../../src/config/resolved.ts'
import { Supervisor } from '../../../src/main/supervisor/supervisor.ts'
import type { Surroundings } from '../../../src/main/supervisor/surroundings.ts'
import type { WatchedWorker } from '../../../src/main/supervisor/watched.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { Stage } from './fakes.ts'
import type { FakeMember, FakeThread } from './fakes.ts'

/** A supervisor on a stage. */
export interface Play {
  readonly stage: Stage
  readonly supervisor: Supervisor
  /** The thread that was started at that place, from 0. */
  readonly thread: (index: number) => FakeThread
  readonly member: (index: number) => FakeMember
  readonly worker: (index: number) => WatchedWorker
  readonly states: (id?: string) => readonly string[]
}

/** A supervisor whose applications are ready, each of their threads becoming ready as soon as it is started. */
export function setUp(...applications: readonly Partial<ResolvedApplication>[]): Promise<Play> {
  return setUpWith({}, ...applications)
}

/** The same with something else around it. */
export async function setUpWith(
  around: Partial<Surroundings>,
  ...applications: readonly Partial<ResolvedApplication>[]
): Promise<Play> {
  const config = exampleConfig({
    applications: (applications.length === 0 ? [{}] : applications).map(exampleApplication),
    startTimeout: 10_000
  })
  const stage = new Stage(config)
  const supervisor = new Supervisor({ ...stage.surroundings, ...around })
  for (const { id } of config.applications) {
    const started = supervisor.boot(id)
    for (const thread of stage.threads) if (thread.plan.name.startsWith(id)) thread.becomeReady()
    // oxlint-disable-next-line no-await-in-loop -- Their threads are told apart by when they were started.
    await started
  }
  return {
    stage,
    supervisor,
    thread: index => at(stage.threads, index),
    member: index => at(stage.members, index),
    worker: index => at(supervisor.workers(), index),
    states: (id = 'api') =>
      supervisor
        .status()
        .find(each => each.id === id)
        ?.workers.map(({ state }) => state) ?? []
  }
}

/** Plays a thread that is being stopped: it says that its hooks have run. */
export async function finish(thread: FakeThread): Promise<void> {
  await settle()
  thread.say({ type: 'stopped' })
  await settle()
}

/** What a worker says of an error nobody caught. */
export const crash = {
  type: 'crashed',
  origin: 'uncaughtException',
  isolated: false,
  error: { name: 'TypeError', message: 'broken', stack: 'TypeError: broken\n at x', code: null }
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  assert.ok(item, `there is no number ${index}`)
  return item
}
