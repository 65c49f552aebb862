/** A server inside a program: real threads and sockets, no command line. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { runningServers, socketDirectory } from '../../src/control/server-facts.ts'
import { createHeddle } from '../../src/index.ts'
import type { CreateHeddleOptions, Heddle, HeddleConfig } from '../../src/index.ts'
import { bareEnv } from '../bare-env.ts'

const base: HeddleConfig = {
  applications: { web: { path: './web', workers: 2 } },
  server: { port: 0 },
  admin: { enabled: false },
  logger: { level: 'silent' }
}

/** The same with one worker. */
const single: HeddleConfig = { ...base, applications: { web: { path: './web', workers: 1 } } }

/** A directory with the application `web`, which answers with a word; it can be given another one. */
function workshop(t: TestContext): { readonly cwd: string; readonly say: (word: string) => void } {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-embed-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  mkdirSync(join(cwd, 'web'))
  const say = (word: string): void =>
    writeFileSync(join(cwd, 'web/index.mjs'), `export default (request, response) => response.end('${word}')`)
  say('one')
  return { cwd, say }
}

async function create(
  t: TestContext,
  config: HeddleConfig | string,
  options: CreateHeddleOptions
): Promise<Heddle> {
  const heddle = await createHeddle(config, { env: bareEnv, ...options })
  t.after(() => heddle.stop())
  return heddle
}

async function get(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text()
}

test('createHeddle() makes a server of a configuration, which is started, changed and stopped', async t => {
  const { cwd, say } = workshop(t)
  const heddle = await create(t, base, { cwd })
  await assert.rejects(heddle.restart(), { code: 'HEDDLE_NOT_RUNNING', message: /the server is idle/ })
  const replaced: string[] = []
  const off = heddle.on('worker:replaced', ({ worker }) => replaced.push(worker))
  const { url } = await heddle.start()
  assert.equal((await heddle.start()).url, url)
  assert.equal(await get(url), 'one')
  say('two')
  await heddle.restart(['web'])
  assert.deepEqual(replaced.toSorted(), ['web:0', 'web:1'])
  assert.equal(await get(url), 'two')
  off()
  await heddle.scale('web', 1)
  const [web] = heddle.status().applications
  assert.deepEqual([web?.workers.length, web?.phase], [1, 'running'])
  say('three')
  const { changes } = await heddle.reload({ ...base, applications: { web: { path: './web', workers: 3 } } })
  assert.deepEqual(changes, ['applications.web.workers: 1 → 3'])
  assert.equal(await get(url), 'three')
  assert.deepEqual((await heddle.reload()).changes, [])
  assert.equal(replaced.length, 2)
  await heddle.stop()
  assert.equal(heddle.status().phase, 'stopped')
  await assert.rejects(heddle.reload(), { code: 'HEDDLE_NOT_RUNNING' })
  await assert.rejects(heddle.start(), { code: 'HEDDLE_NOT_RUNNING', message: /the server is stopped/ })
})

test('createHeddle() goes on whatever an application posts to the thread it runs in', async t => {
  const { cwd } = workshop(t)
  const posts = [
    null,
    'ready',
    7,
    {},
    { type: 'ready' },
    { type: 'crashed', error: null },
    { type: 'metrics' }
  ]
  const code = `
    import { parentPort } from 'node:worker_threads'
    const post = () => { for (const message of ${JSON.stringify(posts)}) parentPort.postMessage(message) }
    post()
    export default (request, response) => { post(); response.end('posted') }`
  writeFileSync(join(cwd, 'web/index.mjs'), code)
  const heddle = await create(t, base, { cwd })
  const { url } = await heddle.start()
  assert.equal(await get(url), 'posted')
  // What was posted has been heard before what a fresh worker says.
  await heddle.restart(['web'])
  assert.equal(await get(url), 'posted')
  const [web] = heddle.status().applications
  assert.deepEqual(
    web?.workers.map(({ restarts }) => restarts),
    [1, 1]
  )
})

test('createHeddle() refuses what does not go together, and what nobody knows', async t => {
  const { cwd } = workshop(t)
  const heddle = await create(t, base, { cwd })
  await heddle.start()
  const reloaded = heddle.reload()
  await assert.rejects(heddle.restart(), {
    code: 'HEDDLE_BUSY',
    message: /^The restart has to wait: a reload is under way/
  })
  await reloaded
  await heddle.addApplication('mail', { path: './web', workers: 1, dependencies: ['web'] })
  assert.equal(heddle.status().applications.length, 2)
  const refusals: readonly (readonly [Promise<unknown>, string])[] = [
    [heddle.addApplication('mail', { path: './web' }), 'HEDDLE_APPLICATION_EXISTS'],
    [heddle.addApplication('other', { path: './nowhere' }), 'HEDDLE_CONFIG_INVALID'],
    [heddle.removeApplication('web'), 'HEDDLE_APPLICATION_ROUTED'],
    [heddle.stopApplication('web'), 'HEDDLE_APPLICATION_NEEDED'],
    [heddle.restart(['nobody']), 'HEDDLE_UNKNOWN_APPLICATION'],
    [heddle.restartWorker('web', 2), 'HEDDLE_UNKNOWN_WORKER'],
    [heddle.restartWorker('web', -1), 'HEDDLE_UNKNOWN_WORKER'],
    [heddle.inspect('web', 0.5), 'HEDDLE_UNKNOWN_WORKER'],
    [heddle.inspect('web', 0, -1), 'HEDDLE_REQUEST_INVALID'],
    [heddle.restart('web' as unknown as string[]), 'HEDDLE_REQUEST_INVALID'],
    [heddle.drainWorker('mail', 0), 'HEDDLE_WORKER_NEEDED'],
    [heddle.scale('web', 0), 'HEDDLE_REQUEST_INVALID'],
    [heddle.setLogLevel('web', 'loud' as 'info'), 'HEDDLE_REQUEST_INVALID'],
    [heddle.profile('web', 0, { type: 'other' as 'cpu' }), 'HEDDLE_REQUEST_INVALID'],
    [heddle.reload({ ...base, server: { port: 0, mode: 'direct' } }), 'HEDDLE_BUSY']
  ]
  await Promise.all(refusals.map(([asked, code]) => assert.rejects(asked, { code })))
  // From programs without types.
  const nothing = undefined as unknown as () => void
  assert.throws(() => heddle.on('worker:exited', nothing), TypeError)
  const reloadedWith = heddle.reload(null as unknown as HeddleConfig)
  await assert.rejects(reloadedWith, { code: 'HEDDLE_CONFIG_INVALID' })
  const added = heddle.addApplication('other', undefined as unknown as Record<string, unknown>)
  await assert.rejects(added, { code: 'HEDDLE_CONFIG_INVALID' })
  assert.throws(() => heddle.onAny(nothing), TypeError)
  await assert.rejects(heddle.reload({ ...base, server: { port: 0, mode: 'direct' } }), {
    code: 'HEDDLE_RELOAD_REFUSED'
  })
  await heddle.drainWorker('web', 1)
  assert.equal(heddle.status().applications[0]?.workers[1]?.keptOut, true)
  await heddle.readyWorker('web', 1)
  assert.equal(heddle.status().applications[0]?.workers[1]?.keptOut, false)
  await heddle.stopApplication('mail')
  await heddle.startApplication('mail')
  await heddle.removeApplication('mail')
  assert.deepEqual(
    heddle.status().applications.map(({ id }) => id),
    ['web']
  )
})

test('createHeddle() reads a file, and reads it anew at a reload', async t => {
  const { cwd } = workshop(t)
  const write = (workers: number): void =>
    writeFileSync(join(cwd, 'count.mjs'), `export const workers = ${workers}`)
  write(1)
  const text = `import { workers } from './count.mjs'\nexport default ${JSON.stringify(base).replace('"workers":2', 'workers')}`
  writeFileSync(join(cwd, 'heddle.config.mjs'), text)
  const heddle = await create(t, 'heddle.config.mjs', { cwd })
  await heddle.start()
  write(2)
  assert.deepEqual((await heddle.reload()).changes, ['applications.web.workers: 1 → 2'])
  await heddle.addApplication('mail', { path: './web', workers: 1 })
  assert.deepEqual((await heddle.reload()).changes, ['applications.mail: removed'])
})

test('createHeddle() throws every mistake of a configuration before anything runs', async t => {
  const { cwd } = workshop(t)
  await assert.rejects(createHeddle({ ...base, applications: {} }, { cwd, env: bareEnv }), {
    code: 'HEDDLE_CONFIG_INVALID'
  })
  await assert.rejects(createHeddle(undefined, { cwd, env: bareEnv }), { code: 'HEDDLE_CONFIG_NOT_FOUND' })
})

test('createHeddle() is found by commands only when it is asked to be', async t => {
  const { cwd } = workshop(t)
  const env = { ...bareEnv, XDG_RUNTIME_DIR: cwd }
  const directory = socketDirectory(env)
  const hidden = await create(t, single, { cwd, env })
  await hidden.start()
  assert.deepEqual(await runningServers(directory), [])
  const logger = { level: 'warn', stdout: false, file: { path: './heddle.log' } } as const
  const found = await create(t, { ...single, logger }, { cwd, env, commands: true })
  const { url } = await found.start()
  assert.partialDeepStrictEqual(await runningServers(directory), [
    { pid: process.pid, root: cwd, url, applications: ['web'] }
  ])
  // As is done to that of a user who logs out.
  rmSync(directory, { recursive: true })
  await found.reload()
  assert.equal(found.status().phase, 'running')
  const { value } = await found.logs({ level: 'warn', follow: false }).next()
  assert.equal(value?.message, 'Commands may not find this server.')
  await found.stop()
  assert.deepEqual(await runningServers(directory), [])
})

test('createHeddle() takes an application whose id is a key that every object has', async t => {
  const { cwd } = workshop(t)
  const heddle = await create(t, base, { cwd, env: { ...bareEnv, HEDDLE_WORKERS: 'web=1' } })
  const { url } = await heddle.start()
  await heddle.addApplication('constructor', { path: './web', workers: 1 })
  assert.deepEqual(
    heddle.status().applications.map(({ id, workers }) => [id, workers.length]),
    [
      ['web', 1],
      ['constructor', 1]
    ]
  )
  assert.equal(await get(url), 'one')
})

test('createHeddle() refuses what is no configuration, from programs without types too', async t => {
  const { cwd } = workshop(t)
  writeFileSync(join(cwd, 'heddle.json'), JSON.stringify(base))
  for (const config of [null, 5, () => base] as unknown[]) {
    const created = createHeddle(config as HeddleConfig, { cwd, env: bareEnv })
    await assert.rejects(created, { code: 'HEDDLE_CONFIG_INVALID' })
  }
})

/** Starts a server whose applications get no longer than they need; how long that is depends on the machine. */
async function startHasty(
  t: TestContext,
  cwd: string
): Promise<{ heddle: Heddle; url: string; startTimeout: number }> {
  for (let startTimeout = 800; ; startTimeout *= 2) {
    const heddle = await create(t, { ...single, startTimeout }, { cwd })
    try {
      const { url } = await heddle.start()
      return { heddle, url, startTimeout }
    } catch (error) {
      if (startTimeout > 30_000) throw error
    }
  }
}

test('createHeddle() lets nobody who serves nothing take the place of those who answer public requests', async t => {
  const { cwd } = workshop(t)
  const { heddle, url, startTimeout } = await startHasty(t, cwd)
  const entry = join(cwd, 'web/index.mjs')
  // What is left when the line with listen() was lost.
  writeFileSync(entry, 'setInterval(() => {}, 1000)')
  await assert.rejects(heddle.reload(), {
    code: 'HEDDLE_RELOAD_FAILED',
    message: new RegExp(`was not ready within ${startTimeout} ms`)
  })
  await assert.rejects(heddle.restart(), { code: 'HEDDLE_RESTART_FAILED' })
  assert.equal(await get(url), 'one')
  // Nobody can tell it from the one above before it listens.
  const late = `setTimeout(async () => {
    const { createServer } = await import('node:http')
    createServer((request, response) => response.end('late')).listen(3000)
  }, 200)`
  writeFileSync(entry, late)
  await heddle.reload({ ...single, startTimeout: 30_000 })
  assert.equal(await get(url), 'late')
})

test('createHeddle() makes a server that balances as the application wants it', async t => {
  const { cwd } = workshop(t)
  const who = `import { threadId } from 'node:worker_threads'
    export default (request, response) => response.end(String(threadId))`
  writeFileSync(join(cwd, 'web/index.mjs'), who)
  const web = { path: './web', workers: 3, balance: 'hash:header:x-user' } as const
  const heddle = await create(t, { ...base, applications: { web } }, { cwd })
  const { url } = await heddle.start()
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
  const workersOfUsers = (): Promise<string[]> =>
    Promise.all(users.map(async user => (await fetch(url, { headers: { 'x-user': user } })).text()))
  // Where a worker has just stood still others do its work: it is asked again.
  for (let triesLeft = 4; ; triesLeft -= 1) {
    const answers = [await workersOfUsers(), await workersOfUsers()]
    if (triesLeft > 0 && (new Set(answers[0]).size < 3 || String(answers[0]) !== String(answers[1]))) continue
    assert.deepEqual(answers[1], answers[0])
    assert.equal(new Set(answers[0]).size, 3)
    break
  }
})
