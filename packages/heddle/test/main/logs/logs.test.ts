/** The log of a server: levels, the lines of all threads as one, and what a thread leaves behind. */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { LogRingWriter } from '../../../src/channel/log-ring.ts'
import { ThreadLog } from '../../../src/channel/log-thread.ts'
import type { ThreadLogger } from '../../../src/channel/messages.ts'
import type { ResolvedLogger } from '../../../src/config/resolved.ts'
import type { LogLook } from '../../../src/control/log-source.ts'
import { Logs } from '../../../src/main/logs/logs.ts'
import type { Level } from '../../../src/shared/log-line.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { exampleConfig } from '../example-config.ts'

interface Place {
  readonly logs: Logs
  readonly clock: HeldClock
  /** Lines that went to the output. */
  readonly written: () => readonly Record<string, unknown>[]
  /** A thread that speaks. */
  readonly thread: (worker: string) => Thread
}

interface Thread {
  readonly log: ThreadLog
  readonly logger: ThreadLogger
  readonly gone: () => void
  readonly say: (message: string, level?: Level) => void
}

function setUp(t: TestContext, change: Partial<ResolvedLogger> = {}): Place {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  const path = join(directory, 'out')
  const fd = openSync(path, 'a')
  t.after(() => {
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  const clock = new HeldClock()
  const logger = { ...exampleConfig().logger, ...change }
  const style = { level: 'info', format: 'json', colour: false } as const
  const logs = new Logs({ logger, style, clock, fd })
  return {
    logs,
    clock,
    written: () => {
      const lines = readFileSync(path, 'utf8').split('\n')
      return lines.filter(line => line !== '').map(line => JSON.parse(line))
    },
    thread: worker => {
      const [application = ''] = worker.split(':')
      const speaker = application === 'edge' ? { application: null, worker } : { application, worker }
      const issued = logs.issue(speaker, 'info')
      const { application: own, ...rest } = speaker
      const log = new ThreadLog(
        issued.logger,
        own === null ? rest : { ...rest, application: own },
        { whenFull: 'wait' },
        fd
      )
      return {
        log,
        logger: issued.logger,
        gone: issued.gone,
        say: (message, level = 'info') => log.write({ time: Date.now(), level, message })
      }
    }
  }
}

function said({ messages }: LogLook): unknown[] {
  return messages.map(({ line }) => line.message)
}

test('Logs reads the lines of all threads in the order they were written, with who speaks', t => {
  const { logs, thread } = setUp(t)
  const [a, b, edge] = [thread('api:0'), thread('db:1'), thread('edge:0')]
  a.say('one')
  logs.log.child({ application: 'db', worker: 'db:1' }).warn('two', { error: new TypeError('broken'), n: 1 })
  b.log.write({ time: 5, level: 'error', message: 'three', fields: { message: 'own', time: 1 } })
  edge.say('four')
  logs.log.info('five')
  const { messages, lost } = logs.open({}, { tail: 10 }).read(10)
  assert.equal(lost, 0)
  const lines = messages.map(({ line: { err, time: _time, ...rest } }) =>
    err ? { ...rest, err: true } : rest
  )
  assert.deepEqual(lines, [
    { level: 'info', application: 'api', worker: 'api:0', message: 'one' },
    { level: 'warn', application: 'db', worker: 'db:1', message: 'two', n: 1, err: true },
    { level: 'error', application: 'db', worker: 'db:1', message: 'three', _message: 'own', _time: 1 },
    { level: 'info', worker: 'edge:0', message: 'four' },
    { level: 'info', message: 'five' }
  ])
  assert.equal(messages[2]?.line.time, 5)
})

test('Logs reads only what fits, the last lines first, and what comes after them', t => {
  const { logs, thread } = setUp(t)
  const [a, b] = [thread('api:0'), thread('api:1')]
  for (let n = 0; n < 5; n++) {
    a.say(`a${n}`)
    b.say(`b${n}`, 'warn')
  }
  logs.log.child({ application: 'api', worker: 'api:1' }).info('of the coordinator')
  logs.log.error('of nobody')
  const tail = (filter: object): unknown[] => said(logs.open(filter, { tail: 3 }).read(100))
  assert.deepEqual(tail({}), ['b4', 'of the coordinator', 'of nobody'])
  assert.deepEqual(tail({ worker: 'api:0' }), ['a2', 'a3', 'a4'])
  assert.deepEqual(tail({ worker: 'api:1' }), ['b3', 'b4', 'of the coordinator'])
  assert.deepEqual(tail({ application: 'api', level: 'warn' }), ['b2', 'b3', 'b4'])
  assert.deepEqual(tail({ application: 'none' }), [])
  assert.deepEqual(said(logs.open({}, { tail: 0 }).read(100)), [])
  const reader = logs.open({ application: 'api' }, { tail: 2 })
  assert.deepEqual(said(reader.read(1)), ['b4'])
  a.say('next')
  logs.log.info('for nobody')
  assert.deepEqual(said(reader.read(1)), ['of the coordinator'])
  assert.deepEqual(said(reader.read(100)), ['next'])
  assert.deepEqual(said(reader.read(100)), [])
  const late = thread('api:2')
  late.say('of a thread that came later')
  assert.deepEqual(said(reader.read(100)), ['of a thread that came later'])
  reader.close()
})

test('Logs goes on behind an id, and does not take one of another server for its own', t => {
  const { logs, thread } = setUp(t)
  const a = thread('api:0')
  for (let n = 0; n < 4; n++) a.say(String(n))
  const { messages } = logs.open({}, { tail: 10 }).read(10)
  const after = messages[1]?.id ?? ''
  assert.deepEqual(said(logs.open({}, { tail: 1, after }).read(10)), ['2', '3'])
  assert.deepEqual(said(logs.open({}, { tail: 1, after: messages[3]?.id ?? '' }).read(10)), [])
  for (const strange of ['other.2', '', '2', `${after}0000`, 'x.y']) {
    assert.deepEqual(said(logs.open({}, { tail: 1, after: strange }).read(10)), ['3'], strange)
  }
})

test('Logs tells how many lines a reader has missed', t => {
  const { logs, thread } = setUp(t, {
    stdout: false,
    file: { path: '/dev/null', maxSize: 0, maxAge: 0, keep: 1 }
  })
  const [a, b] = [thread('api:0'), thread('db:0')]
  a.say('first')
  b.say('first')
  const reader = logs.open({ application: 'api' }, { tail: 10 })
  const { messages } = reader.read(10)
  const count = 5000
  for (let n = 0; n < count; n++) a.say(`${'x'.repeat(200)} ${n}`)
  let lost = 0
  let read = 0
  for (let look = reader.read(100); look.messages.length > 0 || look.lost > 0; look = reader.read(100)) {
    lost += look.lost
    read += look.messages.length
  }
  assert.ok(lost > 0)
  assert.equal(read + lost, count)
  const resumed = logs.open({}, { tail: 1, after: messages[0]?.id ?? '' }).read(10_000)
  // The other application's line comes after that id as well.
  assert.equal(resumed.messages.length + resumed.lost, count + 1)
})

test('Logs waits for a line that has its number and is not in its ring yet, but not for long', async t => {
  const { logs, clock, thread } = setUp(t)
  const a = thread('api:0')
  const { memory } = a.logger
  assert.ok(memory)
  const reader = logs.open({}, { tail: 0 })
  const numbers = new BigInt64Array(memory.cells, memory.cells.byteLength - 8, 1)
  const number = Number(Atomics.add(numbers, 0, 1n)) + 1
  logs.log.info('after it')
  assert.deepEqual(said(reader.read(10)), [])
  const late = new LogRingWriter(memory.ring, 50)
  late.append({ sequence: number, time: 1, level: 'info', speaker: '', body: Buffer.from('"late"}') })
  assert.deepEqual(said(reader.read(10)), ['late', 'after it'])
  Atomics.add(numbers, 0, 1n)
  logs.log.info('after one that never came')
  assert.deepEqual(said(reader.read(10)), [])
  await clock.advance(100)
  assert.deepEqual(said(reader.read(10)), ['after one that never came'])
})

test('Logs keeps the lines of a thread that has gone until the one after the next', t => {
  const { logs, thread } = setUp(t)
  const read = (): unknown[] => said(logs.open({}, { tail: 10 }).read(10))
  const first = thread('api:0')
  first.say('of the first')
  first.gone()
  const second = thread('api:0')
  second.say('of the second')
  assert.deepEqual(read(), ['of the first', 'of the second'])
  second.gone()
  const third = thread('api:0')
  assert.deepEqual(read(), ['of the second'])
  third.say('of the third')
  third.gone()
  thread('api:0')
  assert.deepEqual(read(), ['of the third'])
})

test('Logs writes what a thread that was ended had begun to say', t => {
  const { logs, written, thread } = setUp(t)
  const a = thread('api:0')
  a.log.keepPending('stdout', 'half a')
  a.log.keepPending('stderr', 'sentence')
  a.gone()
  assert.deepEqual(
    written().map(({ level, worker, msg }) => [level, worker, msg]),
    [
      ['info', 'api:0', 'half a'],
      ['error', 'api:0', 'sentence']
    ]
  )
  assert.deepEqual(said(logs.open({ worker: 'api:0' }, { tail: 5 }).read(5)), ['half a', 'sentence'])
})

test('Logs changes the level of an application, of the main thread and of the edges, until the next reload', t => {
  const { logs, thread } = setUp(t)
  const [a, b, edge] = [thread('api:0'), thread('db:0'), thread('edge:0')]
  const debugged = (): boolean[] => [a.log, b.log, edge.log, logs.log].map(each => each.isEnabled('debug'))
  assert.deepEqual(debugged(), [false, false, false, false])
  logs.setLevel('api', 'debug')
  assert.deepEqual(debugged(), [true, false, false, false])
  assert.equal(thread('api:1').log.isEnabled('debug'), true, 'a thread that comes later')
  logs.setLevel('heddle', 'debug')
  logs.setLevel('edge', 'trace')
  assert.deepEqual(debugged(), [true, false, true, true])
  const config = exampleConfig()
  const [example] = config.applications
  assert.ok(example)
  const db = { ...example, id: 'db', logger: { level: 'debug' as const } }
  const next = { logger: config.logger, applications: [{ ...example, id: 'api' }, db] }
  logs.configure(next)
  assert.deepEqual(debugged(), [true, true, true, true], 'an application was added')
  logs.reset(next)
  assert.deepEqual(debugged(), [false, true, false, false])
})

test('Logs hides what is to be hidden, in the output and for whoever reads', t => {
  const { logs, written, thread } = setUp(t, { redact: ['password', 'err.config.token', '*.secret'] })
  const error = { message: 'refused', config: { token: 'x', url: '/' } }
  thread('api:0').log.write({
    time: 1,
    level: 'info',
    message: 'in',
    fields: { password: 'x', a: { secret: 1, b: 2 } },
    error
  })
  logs.log.info('own', { password: 'y', error: new Error('live') })
  const [first, second] = written()
  const hidden = { password: '[redacted]', a: { secret: '[redacted]', b: 2 } }
  assert.partialDeepStrictEqual(first, {
    ...hidden,
    err: { message: 'refused', config: { token: '[redacted]', url: '/' } }
  })
  assert.partialDeepStrictEqual(second, { password: '[redacted]', err: { type: 'Error', message: 'live' } })
  assert.partialDeepStrictEqual(logs.open({}, { tail: 2 }).read(2).messages[0]?.line, hidden)
})

test('Logs tells of a log file that cannot be written in the output, and writes the lines there meanwhile', t => {
  const { written, thread } = setUp(t, {
    stdout: false,
    file: { path: '/dev/full', maxSize: 0, maxAge: 0, keep: 1 }
  })
  const [a, b] = [thread('api:0'), thread('api:1')]
  a.say('one')
  b.say('two')
  assert.deepEqual(
    written().map(({ msg }) => msg),
    ['The log file cannot be written: until it can, lines go to standard output.', 'one', 'two']
  )
})

test('Logs writes a line whatever its fields do when they are read, and reads on behind one that is no JSON', t => {
  const { logs, written, thread } = setUp(t, { redact: ['a.b'] })
  const { log, say } = thread('api:0')
  const { memory } = thread('api:1').logger
  assert.ok(memory)
  const a = {
    get b(): never {
      throw new Error('no')
    }
  }
  log.write({ time: 1, level: 'info', message: 'hostile', fields: { a } })
  assert.partialDeepStrictEqual(written(), [
    { msg: 'hostile', err: { message: 'cannot be written: Error: no' } }
  ])
  const body = Buffer.from('"msg",')
  const sequence =
    Number(Atomics.add(new BigInt64Array(memory.cells, memory.cells.byteLength - 8, 1), 0, 1n)) + 1
  new LogRingWriter(memory.ring, 50).append({ sequence, time: 1, level: 'info', speaker: '', body })
  say('after')
  const { messages } = logs.open({}, { tail: 5 }).read(5)
  assert.deepEqual(
    messages.map(({ line }) => line.message),
    ['hostile', '"msg",', 'after']
  )
})
