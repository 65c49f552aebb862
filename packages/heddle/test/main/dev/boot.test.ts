/** What a boot waits for in development, and what a reload does that others are in the way of, with time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { HeddleError } from '../../../src/errors.ts'
import { Events } from '../../../src/events.ts'
import { Development } from '../../../src/main/dev/development.ts'
import { HeldClock, settle } from '../../shared/held-clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { createProject } from './project.ts'

const watch = { api: { enabled: true, include: [], ignore: [], poll: 0 } }
const development = { files: [], autoload: null, watch, inspector: null }

interface Parts {
  readonly start?: () => Promise<unknown>
  readonly reload?: () => Promise<unknown>
  readonly isRunning?: boolean
}

function stage(t: TestContext, parts: Parts) {
  const project = createProject(t, { 'api/index.js': '', 'jobs/index.js': '' })
  const { root } = project
  const clock = new HeldClock()
  const events = new Events()
  const told: string[] = []
  events.onAny(name => told.push(name))
  const applications = [exampleApplication({ path: project.path('api') })]
  let config = { ...exampleConfig({ applications }), root, development }
  const on = new Development(
    {
      clock,
      events,
      announce: (name, fact) => events.emit(name, fact),
      config: () => config,
      reload: parts.reload ?? (() => Promise.resolve()),
      applications: {
        isRunning: () => parts.isRunning ?? false,
        ready: () => 0,
        start: parts.start ?? (() => Promise.resolve()),
        replace: () => Promise.resolve(),
        hurry: () => {}
      }
    },
    development
  )
  on.start()
  t.after(() => on.stop())
  const add = (id: string): void => {
    events.emit('application:added', { application: id })
    const added = exampleApplication({ id, path: project.path(id) })
    config = { ...config, applications: [...applications, added] }
  }
  return { on, clock, events, told, project, add }
}

test('Development has the boot wait for an application that hangs for so long only', async t => {
  const { on, clock } = stage(t, { start: () => new Promise(() => {}) })
  let isOver = false
  const booted = on.boot('api').then(() => (isOver = true))
  await clock.advance(4900)
  assert.ok(!isOver)
  await clock.advance(200)
  await booted
})

test('Development never has a boot fail, and tells why the application did', async t => {
  const failure = new HeddleError('HEDDLE_APPLICATION_FAILED', {
    application: 'api',
    worker: 'api:0',
    reason: 'could not be loaded'
  })
  const { on, told } = stage(t, { start: () => Promise.reject(failure) })
  await on.boot('api')
  assert.deepEqual(told, ['application:broken'])
})

test('Development tells of workers that were lost without anybody asking, and of their return', async t => {
  const { on, events, told } = stage(t, {})
  await on.boot('api')
  const thread = { application: 'api', slot: 0, worker: 'api:0' }
  const exit = { ...thread, code: 1, error: new Error('why') }
  events.emit('worker:exited', { ...exit, reason: 'crashed', readyMs: 100 })
  events.emit('worker:exited', { ...exit, reason: 'stopped', readyMs: null })
  assert.ok(!told.includes('application:broken'))
  events.emit('worker:exited', { ...exit, reason: 'failed', readyMs: null })
  assert.ok(told.includes('application:broken') && !told.includes('application:mended'))
  events.emit('worker:restarted', { ...thread, restarts: 2, bootMs: 1 })
  assert.ok(told.includes('application:mended'))
})

test('Development reads the configuration again once other operations are out of the way', async t => {
  const busy = new HeddleError('HEDDLE_BUSY', { asked: 'reload', running: 'scaling of api', runningMs: 1 })
  let times = 0
  const { on, clock, events } = stage(t, {
    reload: () => (++times < 3 ? Promise.reject(busy) : Promise.resolve())
  })
  on.configure(['heddle.json'])
  await settle()
  assert.equal(times, 0, 'not before the server has started')
  events.emit('booted', { url: null, bootMs: 1 })
  await clock.advance(1000)
  assert.equal(times, 3)
})

test('Development watches an application that was added by a command', async t => {
  const { on, clock, told, project, add } = stage(t, { isRunning: true })
  add('jobs')
  await clock.advance(0)
  await on.settled()
  project.write('jobs/index.js', '1')
  // Notices of the system come when they come.
  while (!told.includes('application:updated')) await clock.advance(20)
})
