/** What real workers tell of the metrics of their applications: those of prom-client, and those they are given. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { MessagePort } from 'node:worker_threads'

import type { FromRegistry, MetricFamily } from '../../src/channel/application-metrics.ts'
import { AppMetrics } from '../../src/worker/app-metrics.ts'
import { startInMesh } from './mesh-caller.ts'
import type { MeshRunning } from './mesh-caller.ts'

interface Telling {
  readonly running: MeshRunning
  readonly ask: () => Promise<FromRegistry['families']>
}

async function start(t: TestContext, entry: string): Promise<Telling> {
  const running = startInMesh(t, `metrics/${entry}`)
  await running.next('ready')
  const { port } = await running.next('metrics')
  t.after(() => port.close())
  return { running, ask: () => askOn(port) }
}

let lastId = 0

async function askOn(port: MessagePort): Promise<FromRegistry['families']> {
  const id = ++lastId
  port.postMessage({ id })
  const [answer] = (await once(port, 'message')) as [FromRegistry]
  assert.equal(answer.id, id)
  return answer.families
}

function find(families: readonly MetricFamily[] | null, name: string): MetricFamily | undefined {
  return families?.find(family => family.name === name)
}

test('a worker tells what is in the registry of prom-client, however it was loaded', async t => {
  for (const entry of ['prom.mjs', 'prom.cjs']) {
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    const { running, ask } = await start(t, entry)
    // oxlint-disable-next-line no-await-in-loop -- As above.
    for (const path of ['/', '/', '/']) await running.call(path)
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const found = find(await ask(), 'shop_requests_total')
    assert.equal(found?.type, 'counter')
    assert.match(found.samples, /^shop_requests_total\{application="application",worker="0".*\} 3\n$/)
  }
})

test('a worker tells of its own isolate and of nothing that belongs to the whole process', async t => {
  const { running, ask } = await start(t, 'prom.mjs')
  await running.call('/')
  const families = await ask()
  const names = families?.map(({ name }) => name) ?? []
  assert.ok(names.includes('nodejs_heap_size_used_bytes'), names.join())
  assert.deepEqual(
    names.filter(name => /^process_(?:cpu|resident|virtual|heap|open|max|start)/.test(name)),
    []
  )
  assert.match(
    find(families, 'shop_requests_total')?.samples ?? '',
    /\{application="application",worker="0",exported_worker="counter"\} 1$/m
  )
  assert.match(find(families, 'shop_seconds')?.samples ?? '', /shop_seconds_bucket\{.*le="1"\} 1\n/)
})

test('a worker finds prom-client also when it is loaded late', async t => {
  const running = startInMesh(t, 'metrics/late.mjs')
  await running.next('ready')
  await running.call('/')
  const { port } = await running.next('metrics')
  t.after(() => port.close())
  assert.equal(
    find(await askOn(port), 'late_total')?.samples,
    'late_total{application="application",worker="0"} 1\n'
  )
})

test('a worker tells what it was given, and nothing when that cannot be read', async t => {
  const { running, ask } = await start(t, 'given.mjs')
  const own = 'own_total{application="application",worker="0",exported_application="mine"} 3\n'
  assert.equal(find(await ask(), 'own_total')?.samples, own)
  const table: readonly (readonly [say: string, families: number | null])[] = [
    ['throw', null],
    ['not a metric', null],
    [`a 1\n`.repeat(300_000), null],
    ['a 1\nb 2\n', 2],
    ['', 0]
  ]
  for (const [say, count] of table) {
    // oxlint-disable-next-line no-await-in-loop -- Each is told before it is asked for.
    await running.call('/', say)
    // oxlint-disable-next-line no-await-in-loop -- As above.
    assert.equal((await ask())?.length ?? null, count, say.slice(0, 20))
  }
})

test('a worker whose application has no metrics of its own says nothing of any', async t => {
  const running = startInMesh(t, 'listener-esm/app.mjs')
  await running.next('ready')
  const messages: unknown[] = []
  running.worker.on('message', message => messages.push(message))
  await running.call('/')
  assert.deepEqual(messages, [])
})

/** The metrics of a worker that is given one source, in this thread. */
async function begin(
  t: TestContext,
  source: () => string | Promise<string>
): Promise<{ port: MessagePort; complaint: Promise<string> }> {
  const announced = Promise.withResolvers<MessagePort>()
  const complained = Promise.withResolvers<string>()
  new AppMetrics({
    entry: import.meta.filename,
    own: { sources: [source], onGiven: () => {} },
    labels: { application: 'api', worker: '0' },
    announce: announced.resolve,
    complain: complained.resolve
  }).begin()
  const port = await announced.promise
  t.after(() => port.close())
  return { port, complaint: complained.promise }
}

test('metrics that are too long are not read at all, which would hold the application up', async t => {
  const { port, complaint } = await begin(t, () => 'not a metric\n'.repeat(100_000))
  assert.equal(await askOn(port), null)
  assert.match(await complaint, /^they are 1300000 characters; 1048576 are read at most$/)
})

test('a copy of prom-client that throws when it is looked at is none', async t => {
  const { cache } = createRequire(import.meta.filename)
  const file = join(import.meta.dirname, 'node_modules/prom-client/index.js')
  const exports = Object.defineProperty({}, 'register', {
    get: () => {
      throw new Error('not now')
    }
  })
  cache[file] = { exports } as NodeJS.Module
  t.after(() => delete cache[file])
  const { port } = await begin(t, () => 'a 1')
  assert.equal(find(await askOn(port), 'a')?.samples, 'a{application="api",worker="0"} 1\n')
})

test('a source that hangs is not asked without end, and is asked again after a while', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const hung = Promise.withResolvers<string>()
  let said: Promise<string> = hung.promise
  let asked = 0
  const { port, complaint } = await begin(t, () => {
    asked++
    return said
  })
  for (let id = 1; id <= 5; id++) port.postMessage({ id })
  port.ref()
  assert.equal(await complaint, '4 questions for them have not been answered')
  assert.equal(asked, 4)
  said = Promise.resolve('a 1')
  const answers: FromRegistry[] = []
  const all = new Promise<void>(resolve => {
    port.on('message', (answer: FromRegistry) => answers.push(answer) === 4 && resolve())
  })
  t.mock.timers.tick(60_000)
  await all
  assert.deepEqual(
    answers.map(({ families }) => families),
    [null, null, null, null]
  )
  assert.equal(find(await askOn(port), 'a')?.samples, 'a{application="api",worker="0"} 1\n')
})
