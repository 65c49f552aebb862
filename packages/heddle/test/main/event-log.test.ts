/** Tests of which events an operator reads of, and how loudly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Events } from '../../src/events.ts'
import { logEvents } from '../../src/main/event-log.ts'
import { createLog } from '../../src/shared/log.ts'

test('logEvents() writes a line for an event, in the name of the thread it is about', () => {
  const lines: Record<string, unknown>[] = []
  const style = { level: 'trace', format: 'json', colour: false } as const
  const events = new Events()
  logEvents(
    events,
    createLog(style, {}, line => lines.push(JSON.parse(line)))
  )
  const thread = { application: 'api', slot: 1, worker: 'api:1' }
  const error = new Error('why')
  events.emit('worker:exited', { ...thread, reason: 'crashed', code: 1, error, readyMs: 12.4 })
  events.emit('worker:exited', { ...thread, reason: 'stopped', code: 1, error: null, readyMs: 1 })
  events.emit('worker:restarting', { ...thread, reason: 'crashed', delayMs: 100, failures: 2 })
  events.emit('server:listening', { url: 'http://localhost:1', port: 1 })
  assert.deepEqual(
    lines.map(({ level, worker }) => [level, worker]),
    [
      ['error', 'api:1'],
      ['debug', 'api:1'],
      ['warn', 'api:1'],
      ['info', undefined]
    ]
  )
  assert.partialDeepStrictEqual(lines[0], {
    application: 'api',
    reason: 'crashed',
    readyMs: 12,
    err: { message: 'why' }
  })
  assert.partialDeepStrictEqual(lines[2], { delayMs: 100, failures: 2 })
})

test('Events keeps whoever announces from stumbling over a listener', t => {
  const later = t.mock.method(globalThis, 'queueMicrotask', () => {})
  const events = new Events()
  let heard = 0
  events.on('stopped', () => {
    throw new Error('listener')
  })
  const off = events.on('stopped', () => heard++)
  events.emit('stopped', { stopMs: 1 })
  off()
  events.emit('stopped', { stopMs: 1 })
  assert.equal(heard, 1)
  assert.equal(later.mock.callCount(), 2)
  assert.throws(() => later.mock.calls[0]?.arguments[0]?.(), /listener/)
})
