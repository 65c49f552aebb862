/** What a service manager is told, when: over a real datagram socket, and with the time held still. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Events } from '../../../src/events.ts'
import { addressOf, openDatagrams } from '../../../src/main/notify/datagrams.ts'
import { Notifier } from '../../../src/main/notify/notifier.ts'
import type { NotifierOptions } from '../../../src/main/notify/notifier.ts'
import { readServiceVariables, takeServiceVariables } from '../../../src/main/notify/service-variables.ts'
import { monotonicUsec, statusLine } from '../../../src/main/notify/words.ts'
import type { ServerFacts } from '../../../src/main/notify/words.ts'
import { createLog } from '../../../src/shared/log.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { bindDatagrams } from './datagram-socket.ts'

const log = createLog({ level: 'silent', format: 'json', colour: false })

const running: ServerFacts = {
  phase: 'running',
  url: 'http://localhost:3000',
  zombies: 0,
  maxZombies: 8,
  applications: [
    { id: 'web', phase: 'running', ready: 2, workers: [0, 1] },
    { id: 'db', phase: 'running', ready: 1, workers: [0] },
    { id: 'off', phase: 'stopped', ready: 0, workers: [] }
  ]
}

interface Told {
  readonly notifier: Notifier
  readonly events: Events
  readonly clock: HeldClock
  readonly messages: string[]
  /** What the server says of itself from now on. */
  status: ServerFacts
  /** Whether the socket takes anything. */
  open: boolean
}

function tell(options: Partial<NotifierOptions> = {}): Told {
  const events = new Events()
  const clock = new HeldClock()
  const messages: string[] = []
  const told = { events, clock, messages, status: running, open: true }
  const receiver = { send: (text: string) => told.open && messages.push(text) > 0 }
  const server = { events, status: () => told.status }
  const notifier = new Notifier({ receiver, clock, log, server, watchdogUsec: null, pid: 4711, ...options })
  return Object.assign(told, { notifier })
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'heddle-notify-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const lines: readonly [Partial<ServerFacts>, string][] = [
  [{ phase: 'starting', url: null }, 'Starting: 3 of 3 workers ready.'],
  [{}, 'Serving at http://localhost:3000: 3 of 3 workers ready.'],
  [{ zombies: 1 }, 'Serving at http://localhost:3000: 3 of 3 workers ready. 1 thread is stuck.'],
  [
    { applications: [{ id: 'web', phase: 'running', ready: 0, workers: [0] }] },
    'Serving at http://localhost:3000: 0 of 1 worker ready. No worker of web.'
  ],
  [{ phase: 'stopping' }, 'Stopping: finishing what is in flight.'],
  [{ phase: 'stopped' }, 'Stopped.']
]

for (const [facts, line] of lines) {
  test(`statusLine() says "${line}"`, () => assert.equal(statusLine({ ...running, ...facts }), line))
}

const variables: readonly [Record<string, string>, ReturnType<typeof readServiceVariables>][] = [
  [{}, null],
  [{ NOTIFY_SOCKET: '' }, null],
  [{ WATCHDOG_USEC: '1000000' }, null],
  [{ NOTIFY_SOCKET: '/run/notify' }, { socket: '/run/notify', watchdogUsec: null }],
  [
    { NOTIFY_SOCKET: '@notify', WATCHDOG_USEC: '20000000' },
    { socket: '@notify', watchdogUsec: 20_000_000 }
  ],
  [
    { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '5', WATCHDOG_PID: '4711' },
    { socket: '/n', watchdogUsec: 5 }
  ],
  [
    { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '5', WATCHDOG_PID: '1' },
    { socket: '/n', watchdogUsec: null }
  ],
  [
    { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: 'soon' },
    { socket: '/n', watchdogUsec: null }
  ]
]

for (const [env, expected] of variables) {
  test(`readServiceVariables() reads ${JSON.stringify(env)}`, () => {
    assert.deepEqual(readServiceVariables(env, 4711), expected)
    const taken = { ...env, TERM: 'dumb' }
    assert.deepEqual(takeServiceVariables(taken, 4711), expected)
    assert.deepEqual(taken, { TERM: 'dumb' })
  })
}

test('addressOf() makes addresses of paths and abstract names, and of nothing else', () => {
  const family = process.arch === 's390x' ? '\0\u0001' : '\u0001\0' // sa_family_t in the order of the machine
  assert.equal(addressOf('/run/n')?.toString('latin1'), `${family}/run/n\0`)
  assert.equal(addressOf('@n')?.toString('latin1'), `${family}\0n`)
  for (const path of ['', '@', 'run/n', 'vsock:2:1234', `/${'n'.repeat(107)}`, `@${'n'.repeat(108)}`]) {
    assert.equal(addressOf(path), null, path)
  }
  assert.equal(addressOf(`/${'n'.repeat(106)}`)?.length, 110)
})

for (const name of ['a path', 'an abstract name']) {
  test(`openDatagrams() sends to ${name}, and says so when nobody takes it`, async t => {
    const file = join(directory(t), 'notify')
    const path = name === 'a path' ? file : `@heddle-test-${process.pid}-${Date.now()}`
    const before = openDatagrams(path, import.meta.dirname)
    assert.ok(before !== null && before.source !== 'systemd-notify')
    assert.equal(before.send('READY=1'), false)
    const socket = bindDatagrams(t, path)
    assert.equal(before.send('READY=1\nSTATUS=1 €'), true)
    assert.equal(await socket.next('READY'), 'READY=1\nSTATUS=1 €')
  })
}

test('a full socket refuses at once, and what it refused comes later, in order', async t => {
  const path = join(directory(t), 'notify')
  const socket = bindDatagrams(t, path)
  const receiver = openDatagrams(path, import.meta.dirname)
  assert.ok(receiver !== null)
  socket.pause()
  let filling = 0
  while (receiver.send(`FILLER=${filling}`)) filling++
  const { clock, events, notifier } = tell({ receiver })
  t.after(() => notifier.close())
  events.emit('booted', { url: null, bootMs: 1 })
  socket.resume()
  await socket.next(`FILLER=${filling - 1}`)
  await clock.advance(100)
  assert.match(await socket.next('STATUS='), /^STATUS=Serving/)
  assert.match(await socket.next('READY=1'), /MAINPID=4711/)
})

test('tells a start, and the line for people when it becomes another one', async () => {
  const told = tell()
  told.events.emit('booted', { url: 'http://localhost:3000', bootMs: 1 })
  const line = `STATUS=${statusLine(running)}`
  assert.deepEqual(told.messages, [line, `READY=1\nMAINPID=4711\n${line}`])
  const moved = { application: 'web', slot: 0, worker: 'web:0', reason: 'a test' } as const
  told.status = { ...running, applications: [{ id: 'web', phase: 'running', ready: 0, workers: [0] }] }
  told.events.emit('worker:moved', { ...moved, from: 'ready', to: 'draining' })
  told.events.emit('worker:moved', { ...moved, from: 'draining', to: 'stopping' })
  await new Promise(resolve => setImmediate(resolve))
  told.events.emit('worker:moved', { ...moved, from: 'stopping', to: 'exited' })
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told.messages.slice(2), [`STATUS=${statusLine(told.status)}`])
  assert.match(told.messages[2] ?? '', /No worker of web/)
})

test('tells a reload anybody asked for', () => {
  const { events, messages } = tell()
  const before = monotonicUsec()
  events.emit('reload:started', { reason: 'a test', changes: [] })
  const [, reloading = ''] = messages
  const [, usec = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=Reloading\.$/.exec(reloading) ?? []
  assert.ok(BigInt(usec) >= before && BigInt(usec) <= monotonicUsec())
  events.emit('reload:finished', { changes: [], reloadMs: 1 })
  assert.match(messages[2] ?? '', /^READY=1\nSTATUS=Serving/)
  assert.equal(messages.length, 3)
})

test('tells a reload by a signal from beginning to end, one that is refused too', async () => {
  const { notifier, events, messages } = tell()
  const refused = notifier.duringReload(async () => {
    // As it is announced for a configuration with mistakes: it has not begun.
    events.emit('reload:failed', { error: new Error('a mistake') })
    throw new Error('a mistake')
  })
  assert.match(messages[1] ?? '', /^RELOADING=1/)
  await assert.rejects(refused, /a mistake/)
  assert.match(messages[2] ?? '', /^READY=1/)
  const changes: string[] = []
  await notifier.duringReload(async () => {
    events.emit('reload:started', { reason: 'a signal', changes })
    events.emit('reload:finished', { changes, reloadMs: 1 })
  })
  const words = messages.slice(3).map(message => message.split('\n')[0])
  assert.deepEqual(words, ['RELOADING=1', 'READY=1'])
})

test('tells a stop, asks for the time it may take, and says nothing afterwards', async () => {
  const { events, messages, clock } = tell({ watchdogUsec: 2_000_000 })
  events.emit('stopping', { reason: 'a test', drainDelayMs: 1000, timeoutMs: 10_000 })
  assert.equal(
    messages.at(-1),
    'STOPPING=1\nEXTEND_TIMEOUT_USEC=16000000\nSTATUS=Stopping: finishing what is in flight.'
  )
  const before = messages.length
  await clock.advance(1000)
  assert.deepEqual(messages.slice(before), ['WATCHDOG=1'], 'a long stop is no standstill')
  events.emit('stopped', { stopMs: 1 })
  await clock.advance(10_000)
  assert.equal(messages.length, before + 1)
})

test('says that it turns at half of the time, and not once only a new process helps', async () => {
  const told = tell({ watchdogUsec: 3_000_000 })
  const beats = (): number => told.messages.filter(message => message === 'WATCHDOG=1').length
  assert.equal(beats(), 1)
  await told.clock.advance(1499)
  assert.equal(beats(), 1)
  await told.clock.advance(1)
  assert.equal(beats(), 2)
  told.status = { ...running, zombies: 9 }
  await told.clock.advance(1500)
  assert.equal(beats(), 2)
  told.status = running
  await told.clock.advance(1500)
  assert.equal(beats(), 3)
})

test('gives up what nobody takes after a while, and goes on with what comes', async () => {
  const told = tell()
  told.open = false
  told.events.emit('booted', { url: null, bootMs: 1 })
  await told.clock.advance(10_000)
  told.open = true
  told.events.emit('stopping', { reason: 'a test', drainDelayMs: 0, timeoutMs: 0 })
  assert.match(told.messages.at(-1) ?? '', /^STOPPING=1/)
  assert.equal(told.messages.length, 2)
})
