/** What is told to who develops, event by event. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { narrate, narrated } from '../../../src/cli/dev/narrator.ts'
import { HeddleError } from '../../../src/errors.ts'
import { Events } from '../../../src/events.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { eventNames } from '../../../src/main/event-log.ts'
import { logInto } from '../../../src/shared/log.ts'
import type { Clock } from '../../../src/shared/clock.ts'
import { HeldClock } from '../../shared/held-clock.ts'

const thread = { application: 'web', slot: 0, worker: 'web:0' }
const thrown = Object.defineProperty(new TypeError('no name'), 'stack', {
  value: 'TypeError: no name\n    at handler (/srv/web/server.mjs:12:5)'
})
const failed = new HeddleError(
  'HEDDLE_APPLICATION_FAILED',
  { application: 'web', worker: 'web:0', reason: 'could not be loaded' },
  { cause: thrown }
)

function begin(clock: Clock): { readonly events: Events; readonly lines: readonly string[] } {
  const lines: string[] = []
  const events = new Events()
  const log = logInto({
    isEnabled: () => true,
    write: ({ level, message }) => lines.push(`${level} ${message}`)
  })
  narrate(events, log, '/srv', clock)
  return { events, lines }
}

function tell<Name extends keyof HeddleEvents>(
  ...told: readonly (readonly [Name, HeddleEvents[Name]])[]
): readonly string[] {
  const { events, lines } = begin(new HeldClock())
  for (const [name, fact] of told) events.emit(name, fact)
  return lines
}

const changed = { application: 'web', files: ['web/server.mjs', 'web/lib.mjs', 'web/x.mjs'], count: 5 }

test('a restart is one line, with what has changed and how long it took', () => {
  const updated = { application: 'web', updateMs: 212 }
  assert.deepEqual(tell(['application:changed', changed], ['application:updated', updated]), [
    'info web restarted in 212 ms (web/server.mjs, web/lib.mjs and 3 more changed)'
  ])
  const asked = { application: 'web', files: [], count: 0 }
  assert.deepEqual(tell(['application:changed', asked], ['application:updated', updated]), [
    'info web restarted in 212 ms'
  ])
})

test('an application that does not start is told of with what it has thrown, and whether anybody answers', () => {
  const broken = { application: 'web', error: failed }
  assert.deepEqual(tell(['application:broken', { ...broken, isAnswering: true }]), [
    'error web does not start, its former code goes on: TypeError: no name\n  at web/server.mjs:12:5\n\n    at handler (web/server.mjs:12:5)'
  ])
  const [line = ''] = tell(['application:broken', { ...broken, isAnswering: false }])
  assert.match(line, /^error web does not start: TypeError: no name\n/)
})

test('an application that takes its time is told of once, until something comes of it', async () => {
  const clock = new HeldClock()
  const { events, lines } = begin(clock)
  events.emit('application:starting', { application: 'web', workers: 1 })
  await clock.advance(9000)
  events.emit('application:ready', { application: 'web', workers: 1, bootMs: 9000 })
  const slow = 'warn web has been starting for 4 s and is not ready yet'
  assert.deepEqual(lines, [slow, 'info web is ready'])
  events.emit('application:changed', changed)
  await clock.advance(3000)
  events.emit('application:changed', changed)
  await clock.advance(3000)
  events.emit('application:broken', { application: 'web', error: failed, isAnswering: true })
  await clock.advance(9000)
  events.emit('application:changed', changed)
  events.emit('application:stopped', { application: 'web' })
  events.emit('application:changed', changed)
  events.emit('stopping', { reason: 'SIGINT', drainDelayMs: 0, timeoutMs: 0 })
  assert.equal(clock.pending, 0)
  assert.equal(lines.filter(line => line === slow).length, 1)
})

test('a reload that waits for an application is told of', async () => {
  const clock = new HeldClock()
  const { events, lines } = begin(clock)
  events.emit('reload:started', { reason: 'web/index.mjs has changed', changes: [] })
  await clock.advance(4000)
  assert.deepEqual(lines, ['warn The reload has waited for 4 s for an application that is not ready yet'])
  events.emit('reload:started', { reason: 'web/index.mjs has changed', changes: [] })
  events.emit('reload:finished', { changes: [], reloadMs: 1 })
  assert.equal(clock.pending, 0)
})

test('where Heddle has noticed something is not told', () => {
  const noticed = Object.defineProperty(new Error('exports nothing'), 'stack', {
    value: `Error: exports nothing\n    at settle (${new URL('../../../src/worker/boot.ts', import.meta.url).pathname}:1:1)`
  })
  const broken = { application: 'web', error: noticed, isAnswering: false }
  assert.deepEqual(tell(['application:broken', broken]), ['error web does not start: Error: exports nothing'])
})

test('that an application is mended is told once', () => {
  const mended = ['application:mended', { application: 'web' }] as const
  const updated = ['application:updated', { application: 'web', updateMs: 9 }] as const
  assert.deepEqual(tell(mended), ['info web runs again'])
  assert.deepEqual(tell(updated, mended), ['info web restarted in 9 ms'])
})

test('an error nobody caught is told when it happens, unless the application was only starting', () => {
  const fact = { ...thread, origin: 'uncaughtException', error: thrown, isolated: true } as const
  const [line = ''] = tell(['worker:crashed', { ...fact, readyMs: 5 }])
  assert.match(line, /^error web:0 threw an error that nobody caught: TypeError: no name/)
  assert.deepEqual(tell(['worker:crashed', { ...fact, readyMs: null }]), [])
  const exit = {
    ...fact,
    origin: 'processExit',
    error: new Error('The application called process.exit(1).')
  } as const
  assert.deepEqual(tell(['worker:crashed', { ...exit, readyMs: 5 }]), [
    'error web:0: The application called process.exit(1).'
  ])
})

test('of an end only what nothing else has told is told', () => {
  const end = { ...thread, code: null, error: null, readyMs: 5 }
  for (const reason of ['stopped', 'failed', 'crashed', 'exited'] as const) {
    assert.deepEqual(tell(['worker:exited', { ...end, reason }]), [])
  }
  assert.deepEqual(tell(['worker:exited', { ...end, reason: 'out-of-memory' }]), [
    'error web:0 ran out of memory'
  ])
})

test('a configuration that is not put in force is told of with its mistakes', () => {
  const mistakes = [{ path: 'server.port', message: 'must be a number', offered: 'x' }]
  const error = new HeddleError('HEDDLE_CONFIG_INVALID', { file: 'heddle.json', mistakes })
  const [line = ''] = tell(['reload:failed', { error }])
  assert.match(
    line,
    /^error The configuration stays what it was\. heddle\.json has a mistake:\n {2}server\.port: must be a number/
  )
  const changes = ['application api is new']
  assert.deepEqual(tell(['reload:finished', { changes, reloadMs: 40 }]), [
    'info configuration reloaded in 40 ms (application api is new)'
  ])
})

function reloadFailure(cause: Error): HeddleError {
  return new HeddleError('HEDDLE_RELOAD_FAILED', { reason: cause.message }, { cause })
}

test('a reload that an application stands in the way of shows its failure, and one that was given up nothing', () => {
  const [line = ''] = tell(['reload:failed', { error: reloadFailure(failed) }])
  assert.match(
    line,
    /^error The configuration stays what it was: with the new one web does not start: TypeError: no name\n/
  )
  const reason = 'was stopped before it was ready'
  const detail = { application: 'web', worker: 'web:0', reason }
  assert.deepEqual(
    tell(['reload:failed', { error: reloadFailure(new HeddleError('HEDDLE_APPLICATION_FAILED', detail)) }]),
    []
  )
  const other = new HeddleError(
    'HEDDLE_RELOAD_FAILED',
    { reason: 'no port.' },
    { cause: new Error('no port.') }
  )
  const [only = ''] = tell(['reload:failed', { error: other }])
  assert.ok(only.endsWith(other.message), only)
})

test('what is told here are events there are', () => {
  for (const name of narrated) assert.ok(eventNames.includes(name), name)
})
