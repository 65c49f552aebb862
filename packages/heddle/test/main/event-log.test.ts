/** Tests of which events an operator reads of, and how loudly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Events } from '../../src/events.ts'
import type { ScalingNumbers } from '../../src/events.ts'
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
  events.emit('worker:cut', { ...thread, requests: 1, hooks: false })
  events.emit('worker:moved', { ...thread, from: 'starting', to: 'ready', reason: 'answers requests' })
  events.emit('server:listening', { url: 'http://localhost:1', port: 1 })
  assert.deepEqual(
    lines.map(({ level, worker }) => [level, worker]),
    [
      ['error', 'api:1'],
      ['debug', 'api:1'],
      ['warn', 'api:1'],
      ['warn', 'api:1'],
      ['debug', 'api:1'],
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

test('logEvents() says why the number of workers changes, or does not, with the numbers behind it', () => {
  const lines: Record<string, unknown>[] = []
  const style = { level: 'trace', format: 'json', colour: false } as const
  const events = new Events()
  logEvents(
    events,
    createLog(style, {}, line => lines.push(JSON.parse(line)))
  )
  const numbers: ScalingNumbers = {
    workers: 1,
    wanted: 3,
    demand: 2.41234,
    peakDemand: 2.5,
    utilization: 0.987,
    cpuShare: null,
    inflight: 7,
    queued: 0,
    waitMs: null,
    loopDelayMs: 20,
    cpus: 4,
    cpuUsed: 1,
    throttledShare: 0,
    memoryFree: 1000,
    workerBytes: 100
  }
  const change = { application: 'api', from: 1, to: 3, partners: [], refusal: null }
  events.emit('application:scaling', { ...change, reason: 'busy', numbers })
  events.emit('application:scaling-refused', {
    application: 'api',
    reason: 'cpu',
    detail: 'it needs 3',
    numbers
  })
  events.emit('application:scaling-failed', { ...change, error: new Error('no'), retryMs: 5000 })
  assert.partialDeepStrictEqual(lines, [
    {
      level: 'info',
      application: 'api',
      msg: 'Application is given 3 instead of 1 workers: busy.',
      numbers: { demand: 2.41, utilization: 0.99, cpuShare: null }
    },
    { level: 'warn', msg: 'Application does not get the workers it needs: it needs 3.', reason: 'cpu' },
    { level: 'error', msg: 'New workers for the load did not become ready.', retryMs: 5000 }
  ])
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

test('logEvents() says in the name of a worker that it is replaced for want of memory, and in nobody’s that none is', () => {
  const lines: Record<string, unknown>[] = []
  const events = new Events()
  const style = { level: 'info', format: 'json', colour: false } as const
  logEvents(
    events,
    createLog(style, {}, line => lines.push(JSON.parse(line)))
  )
  const strain = { limitBytes: 1000, freeBytes: 50, bytesPerSecond: 10, stalled: null, vacates: true }
  events.emit('machine:strained', { ...strain, heldBytes: 500, worker: 'api:1' })
  events.emit('machine:strained', { ...strain, heldBytes: 20, worker: null })
  events.emit('machine:resized', {
    from: { cpus: 2, memoryLimitBytes: 1000 },
    to: { cpus: 1.5, memoryLimitBytes: null }
  })
  assert.partialDeepStrictEqual(lines, [
    { level: 'warn', application: 'api', worker: 'api:1', freeBytes: 50, heldBytes: 500 },
    { level: 'warn', heldBytes: 20 },
    { level: 'info', to: { cpus: 1.5, memoryLimitBytes: null } }
  ])
  assert.equal(lines[1]?.['worker'], undefined)
})

test('logEvents() says in words where a worker is blocked, for people and for machines', () => {
  const thread = { application: 'api', slot: 1, worker: 'api:1' }
  const where = {
    kind: 'javascript',
    function: 'parse',
    location: 'src/report.ts:31:7',
    stack: ['at parse (/app/src/report.ts:31:7)'],
    doing: 'computes',
    method: 'stacks'
  } as const
  const native = { ...where, kind: 'native', function: null, location: null, stack: [] } as const
  const unknown = { ...native, kind: 'unknown', method: 'none' } as const
  const written = (format: 'json' | 'pretty'): string[] => {
    const lines: string[] = []
    const events = new Events()
    logEvents(
      events,
      createLog({ level: 'info', format, colour: false }, {}, line => lines.push(line))
    )
    for (const place of [where, { ...where, doing: 'sleeps' }, native, unknown, null]) {
      events.emit('worker:blocked', { ...thread, blockedMs: 1204, where: place })
    }
    events.emit('worker:unblocked', { ...thread, blockedMs: 2811, where: { ...where, kind: 'native' } })
    events.emit('worker:unblocked', { ...thread, blockedMs: 2811, where: null })
    return lines
  }
  const json = written('json').map(line => JSON.parse(line))
  assert.deepEqual(
    json.map(({ msg }) => msg),
    [
      'Worker is blocked for 1.2 s in parse (src/report.ts:31:7).',
      'Worker is blocked for 1.2 s in parse (src/report.ts:31:7): it sleeps.',
      'Worker is blocked for 1.2 s in native code: it computes.',
      'Worker is blocked for 1.2 s: it computes.',
      'Worker is blocked for 1.2 s.',
      'Worker turns again, after 2.8 s in native code, called from parse (src/report.ts:31:7).',
      'Worker turns again, after 2.8 s.'
    ]
  )
  assert.partialDeepStrictEqual(json[0], { level: 'warn', worker: 'api:1', blockedMs: 1204, where })
  const [first = ''] = written('pretty')
  assert.match(
    first,
    /warn {2}api:1 Worker is blocked for 1\.2 s in parse \(src\/report\.ts:31:7\)\. blockedMs=1204\n {8}at parse \(\/app/
  )
})

test('logEvents() says who has changed what, in the name of what was changed', () => {
  const lines: Record<string, unknown>[] = []
  const events = new Events()
  logEvents(
    events,
    createLog({ level: 'info', format: 'json', colour: false }, {}, line => lines.push(JSON.parse(line)))
  )
  const fact = { operation: 'drainWorker', application: 'api', slot: 1, operationMs: 3 } as const
  events.emit('operation:finished', { ...fact, via: 'socket', address: null })
  const failed = { operation: 'reload', application: null, slot: null, code: 'HEDDLE_BUSY', reason: 'a word' }
  events.emit('operation:failed', { ...failed, via: 'tcp', address: '10.0.0.1', operationMs: 1 })
  assert.partialDeepStrictEqual(lines, [
    {
      level: 'info',
      application: 'api',
      worker: 'api:1',
      operation: 'drainWorker',
      via: 'socket',
      operationMs: 3
    },
    {
      level: 'warn',
      operation: 'reload',
      via: 'tcp',
      address: '10.0.0.1',
      code: 'HEDDLE_BUSY',
      reason: 'a word'
    }
  ])
  assert.ok(lines.every(line => line['address'] !== null && !('slot' in line)))
})
