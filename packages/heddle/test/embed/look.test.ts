/** What a program sees of its server: its events, its log, its metrics, its configuration. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

import { readLog } from '../../src/embed/log.ts'
import type { LogEntry, LogOptions } from '../../src/embed/log.ts'
import { createHeddle } from '../../src/index.ts'
import type { Heddle, HeddleEvent } from '../../src/index.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { bareEnv } from '../bare-env.ts'

const web = `
export default (request, response) => {
  console.log('asked for ' + request.url)
  response.end('hello')
}`

async function create(t: TestContext): Promise<Heddle> {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-look-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  mkdirSync(join(cwd, 'web'))
  writeFileSync(join(cwd, 'web/index.mjs'), web)
  const heddle = await createHeddle(
    {
      applications: { web: { path: './web', workers: 1, env: { SECRET: 'tell-nobody' } } },
      server: { port: 0 },
      admin: { enabled: false },
      logger: { level: 'info', stdout: false, file: { path: './log/heddle.log' } }
    },
    { cwd, env: bareEnv }
  )
  t.after(() => heddle.stop())
  return heddle
}

async function gather(entries: AsyncIterable<LogEntry>): Promise<LogEntry[]> {
  const gathered: LogEntry[] = []
  for await (const entry of entries) gathered.push(entry)
  return gathered
}

test('a program sees events of any name, and ends its server by leaving its scope', async t => {
  const heddle = await create(t)
  const seen: HeddleEvent['name'][] = []
  const off = heddle.onAny(event => {
    seen.push(event.name)
    // The fact goes with the name.
    if (event.name === 'application:ready') assert.equal(event.fact.workers, 1)
  })
  await heddle.start()
  assert.ok(seen.includes('application:ready') && seen.includes('booted'))
  off()
  const before = seen.length
  await heddle[Symbol.asyncDispose]()
  assert.equal(heddle.status().phase, 'stopped')
  assert.equal(seen.length, before)
})

test('a program reads the log of all threads, the last lines and those that come', async t => {
  const heddle = await create(t)
  await heddle.start()
  await heddle.inject('web', { path: '/one' })
  const all = await gather(heddle.logs({ follow: false }))
  assert.ok(
    all.some(({ message, application }) => message === 'Server has started.' && application === undefined)
  )
  const [last] = await gather(heddle.logs({ application: 'web', tail: 1, follow: false }))
  assert.deepEqual([last?.message, last?.worker, last?.level], ['asked for /one', 'web:0', 'info'])
  const abort = new AbortController()
  const coming = heddle.logs({ worker: 'web:0', tail: 0, signal: abort.signal })
  const next = coming.next()
  await heddle.inject('web', { path: '/two' })
  assert.equal((await next).value?.message, 'asked for /two')
  const end = coming.next()
  abort.abort()
  assert.deepEqual(await end, { done: true, value: undefined })
  const rest = gather(heddle.logs({ tail: 0 }))
  await heddle.stop()
  assert.equal((await rest).at(-1)?.message, 'Server has stopped.', 'it ends when the server has')
})

test('a program has every operation as its own', async t => {
  const heddle = await create(t)
  await heddle.start()
  const { inject, metrics, setLogLevel, config } = heddle
  const { status, body } = await inject('web', { path: '/' })
  assert.deepEqual([status, Buffer.from(body).toString()], [200, 'hello'])
  assert.match(await metrics(), /^heddle_/m)
  await setLogLevel('web', 'error')
  // Whatever else is changed meanwhile.
  await heddle.scale('web', 1)
  await assert.rejects(heddle.reload({}), { code: 'HEDDLE_CONFIG_INVALID' })
  await inject('web', { path: '/quiet' })
  const lines = await gather(heddle.logs({ worker: 'web:0', follow: false }))
  assert.ok(!lines.some(({ message }) => message === 'asked for /quiet'))
  assert.ok(!JSON.stringify(config()).includes('tell-nobody'))
  await assert.rejects(inject('nobody', { path: '/' }), { code: 'HEDDLE_UNKNOWN_APPLICATION' })
})

const looks: readonly { readonly options: LogOptions; readonly messages: readonly string[] }[] = [
  {
    options: { follow: false },
    messages: ['one', 'Log lines were lost because nothing read them in time.', 'two']
  },
  { options: { follow: false, signal: AbortSignal.abort() }, messages: [] }
]

for (const { options, messages } of looks) {
  test(`readLog() gives ${messages.length} lines and lets go of the log`, async () => {
    let closed = 0
    const pending = [
      { messages: [{ line: { message: 'one' } }], lost: 0 },
      { messages: [{ line: { message: 'two' } }], lost: 7 }
    ]
    const reader = {
      read: () => pending.shift() ?? { messages: [], lost: 0 },
      close: () => closed++
    }
    const entries = await gather(readLog({ open: () => reader }, systemClock, () => false, options))
    assert.deepEqual(
      entries.map(({ message }) => message),
      messages
    )
    assert.deepEqual(
      entries.filter(({ lines }) => lines !== undefined).map(({ lines }) => lines),
      messages.length === 0 ? [] : [7]
    )
    assert.equal(closed, 1)
  })
}

test('lines look as logger.format says, also those of a server inside a program', async t => {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-embed-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  writeFileSync(join(cwd, 'web.mjs'), web)
  const code = `
    const { createHeddle } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)})
    const heddle = await createHeddle({
      applications: { web: { path: '.', entry: 'web.mjs', workers: 1 } },
      server: { port: 0 },
      admin: { enabled: false },
      logger: { format: 'pretty' }
    })
    await heddle.start()
    await heddle.stop()`
  const args = ['--conditions=@heddle/source', '--input-type=module', '-e', code]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: bareEnv })
  assert.match(stdout, /^\d\d:\d\d:\d\d\.\d{3} info {2}Server has started\./m)
})
