/** The walk of a reload over stand-ins: the order of its steps, and how it takes everything back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedConfig } from '../../../src/config/resolved.ts'
import { Events } from '../../../src/events.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { bootLevels } from '../../../src/main/boot-order.ts'
import { reload } from '../../../src/main/reload/reload.ts'
import type { ReloadParts, Staged } from '../../../src/main/reload/reload.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'

const api = exampleApplication({ id: 'api' })
const web = exampleApplication({ id: 'web', dependencies: ['api'] })
const jobs = exampleApplication({ id: 'jobs', dependencies: ['web'] })
const before = exampleConfig({ applications: [api, web] })

interface Stage {
  readonly parts: ReloadParts
  /** What was done, in order. */
  readonly steps: string[]
  readonly told: (keyof HeddleEvents)[]
  readonly current: () => ResolvedConfig
}

interface Faults {
  /** Id of the application whose workers do not start, or `listener`. */
  readonly failing?: string
  /** Id of the application one of whose workers ends while the others start. */
  readonly dying?: string
}

function setUp(after: ResolvedConfig | Error, { failing, dying }: Faults = {}): Stage {
  const steps: string[] = []
  const told: (keyof HeddleEvents)[] = []
  const events = new Events()
  events.onAny(name => told.push(name))
  let current = before
  const stage = async (name: string): Promise<Staged> => {
    if (name === failing) throw new Error(`${name} does not start`)
    steps.push(`stage ${name}`)
    return {
      failure: () => (name === dying ? new Error(`${name} died`) : null),
      commit: async () => void steps.push(`commit ${name}`),
      undo: async () => void steps.push(`undo ${name}`)
    }
  }
  const parts: ReloadParts = {
    clock: systemClock,
    announce: (name, fact) => events.emit(name, fact),
    load: async () => {
      if (after instanceof Error) throw after
      return after
    },
    current: () => current,
    adopt: config => {
      current = config
      steps.push(config === before ? 'adopt the old' : 'adopt the new')
    },
    levels: ({ applications }) => bootLevels(applications, null),
    stageApplication: ({ id }) => stage(id),
    stageListener: () => stage('listener'),
    configureEdges: async config => void steps.push(`edges ${config === before ? 'old' : 'new'}`),
    removeApplication: async id => void steps.push(`remove ${id}`)
  }
  return { parts, steps, told, current: () => current }
}

test('reload() starts the new side in the order of dependencies, changes over, and removes last', async () => {
  const after = {
    ...before,
    applications: [api, { ...web, workers: 2 }, jobs],
    server: { ...before.server, port: 8080 }
  }
  const { parts, steps, told, current } = setUp(after)
  const { changes } = await reload(parts, 'test')
  assert.deepEqual(changes, [
    'applications.jobs: added',
    'applications.web.workers: 1 → 2',
    'server.port: 0 → 8080'
  ])
  assert.deepEqual(steps, [
    'adopt the new',
    'stage api',
    'stage web',
    'stage jobs',
    'stage listener',
    'commit api',
    'commit web',
    'commit jobs',
    'commit listener',
    'edges new'
  ])
  assert.deepEqual(told, ['reload:started', 'reload:finished'])
  assert.equal(current(), after)
})

test('reload() removes what is gone after the edges have forgotten it, dependents first', async () => {
  const alone = exampleApplication({ id: 'alone' })
  const { parts, steps } = setUp({ ...before, applications: [alone], entrypoint: 'alone' })
  await reload(parts, 'test')
  assert.deepEqual(steps.slice(-3), ['edges new', 'remove web', 'remove api'])
})

test('reload() takes everything back when a worker does not start', async () => {
  const { parts, steps, told, current } = setUp(
    { ...before, applications: [api, web, jobs] },
    { failing: 'jobs' }
  )
  await assert.rejects(reload(parts, 'test'), {
    code: 'HEDDLE_RELOAD_FAILED',
    message: 'The reload failed, and everything runs on as it was: jobs does not start'
  })
  assert.deepEqual(steps, [
    'adopt the new',
    'stage api',
    'stage web',
    'adopt the old',
    'edges old',
    'undo web',
    'undo api'
  ])
  assert.deepEqual(told, ['reload:started', 'reload:failed'])
  assert.equal(current(), before)
})

test('reload() takes everything back when a new worker ends before all are ready', async () => {
  const { parts, steps } = setUp(before, { dying: 'api' })
  await assert.rejects(reload(parts, 'test'), /api died/)
  assert.deepEqual(steps.slice(-2), ['undo web', 'undo api'])
})

test('reload() takes everything back when the new port cannot be opened', async () => {
  const moved = { ...before, server: { ...before.server, port: 8080 } }
  const { parts, steps } = setUp(moved, { failing: 'listener' })
  await assert.rejects(reload(parts, 'test'), /listener does not start/)
  assert.deepEqual(steps.slice(-2), ['undo web', 'undo api'])
})

test('reload() does nothing at all when the configuration cannot be read or needs a new process', async () => {
  const broken = setUp(new Error('no such file'))
  await assert.rejects(reload(broken.parts, 'test'), { message: 'no such file' })
  const direct = setUp({ ...before, server: { ...before.server, mode: 'direct' } })
  await assert.rejects(reload(direct.parts, 'test'), {
    code: 'HEDDLE_RELOAD_REFUSED',
    message:
      'The configuration has changes that need a new start, so nothing was changed: server.mode: "edge" → "direct".'
  })
  assert.deepEqual([broken.steps, direct.steps], [[], []])
  assert.deepEqual([broken.told, direct.told], [['reload:failed'], ['reload:failed']])
})
