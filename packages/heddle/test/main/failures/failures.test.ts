/** Which events make a failure of an application, and which leave the one that is shown as it is. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import type { ApplicationCondition } from '../../../src/channel/failure.ts'
import type { Events, HeddleEvents } from '../../../src/events.ts'
import { watchFailures } from '../../../src/main/failures/failures.ts'

/** Announces what the main thread would, and knows what was shown last. */
function setUp(): {
  readonly announce: <Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]) => void
  readonly crashed: () => ApplicationCondition['crashed'] | undefined
  readonly version: () => string | undefined
} {
  const emitter = new EventEmitter()
  let shown: ApplicationCondition | undefined
  const on = ((name: string, listener: (fact: unknown) => void) => {
    emitter.on(name, listener)
    return () => emitter.off(name, listener)
  }) as Events['on']
  const show = ([condition]: readonly ApplicationCondition[]): void => {
    shown = condition
  }
  watchFailures({ events: { on }, show, base: '/', read: () => null })
  return {
    announce: (name, fact) => void emitter.emit(name, fact),
    crashed: () => shown?.crashed,
    version: () => shown?.version
  }
}

const thread = { application: 'web', slot: 0, worker: 'web:0' }
const ended = { ...thread, code: 1, error: null, readyMs: 10 }

test('a worker that ran out of memory, or whose thread ended by itself, is shown as a failure', () => {
  const { announce, crashed, version } = setUp()
  const error = new Error('Worker terminated due to reaching memory limit: JS heap out of memory')
  announce('worker:exited', { ...ended, reason: 'out-of-memory', error })
  assert.equal(crashed()?.stage, 'exit')
  assert.deepEqual([crashed()?.error.name, crashed()?.error.calls], ['OutOfMemory', []])
  assert.match(crashed()?.error.message ?? '', /limits\.oldGeneration/)
  const first = version()
  announce('worker:exited', { ...ended, reason: 'exited', code: 7 })
  assert.equal(crashed()?.error.message, 'The thread of the worker ended with code 7.')
  // A page must not load itself anew for it: its request may be what ends workers.
  assert.equal(version(), first)
})

test('an end that was explained, wanted, or too early to be one is none', () => {
  const { announce, crashed } = setUp()
  for (const reason of ['stopped', 'stuck', 'timed-out'] as const)
    announce('worker:exited', { ...ended, reason })
  announce('worker:exited', { ...ended, reason: 'exited', readyMs: null })
  assert.equal(crashed(), undefined)
  const error = new TypeError('no user')
  announce('worker:crashed', { ...thread, origin: 'uncaughtException', error, readyMs: 10, isolated: true })
  announce('worker:exited', { ...ended, reason: 'crashed' })
  assert.deepEqual([crashed()?.stage, crashed()?.error.message], ['run', 'no user'])
})
