/** Tests of asking workers for metrics of their applications, and of putting together what they tell. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

import type { MetricFamily, ToRegistry } from '../../../src/channel/application-metrics.ts'
import { ApplicationMetrics, mergeFamilies } from '../../../src/main/metrics/application-metrics.ts'
import type { Asked, Told } from '../../../src/main/metrics/application-metrics.ts'
import { HeldClock } from '../../shared/held-clock.ts'

function family(name: string, samples: string, others: Partial<MetricFamily> = {}): MetricFamily {
  return { name, type: 'gauge', help: 'Help.', samples: `${samples}\n`, ...others }
}

interface Played {
  readonly asked: Asked
  /** The end of the worker. */
  readonly port: MessagePort
}

function play(t: TestContext, slot: number, age = 0): Played {
  const { port1, port2 } = new MessageChannel()
  // The port does not keep the thread alive, as it would not keep a server.
  const alive = setInterval(() => {}, 1000)
  t.after(() => {
    clearInterval(alive)
    port2.close()
  })
  return { asked: { application: 'api', slot, port: port1, heartbeatAge: () => age }, port: port2 }
}

async function question(port: MessagePort): Promise<number> {
  const [{ id }] = (await once(port, 'message')) as [ToRegistry]
  return id
}

test('ask() asks all at once and keeps their order', async t => {
  const metrics = new ApplicationMetrics(new HeldClock())
  const workers = [play(t, 0), play(t, 1)]
  const told = metrics.ask(
    workers.map(({ asked }) => asked),
    500
  )
  for (const { port } of workers.toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- The second answers first.
    port.postMessage({ id: await question(port), families: [family('a', 'a 1')] })
  }
  assert.deepEqual(
    (await told).map(({ slot, families }) => [slot, families?.length]),
    [
      [0, 1],
      [1, 1]
    ]
  )
})

test('ask() leaves out who is late, blocked, gone or not understood', async t => {
  const clock = new HeldClock()
  const metrics = new ApplicationMetrics(clock)
  const [late, blocked, gone, strange, good] = [
    play(t, 0),
    play(t, 1, 2000),
    play(t, 2),
    play(t, 3),
    play(t, 4)
  ]
  const told = metrics.ask(
    [late, blocked, gone, strange, good].map(({ asked }) => asked),
    500
  )
  await question(late.port)
  gone.port.close()
  const strangeId = await question(strange.port)
  strange.port.postMessage({ id: strangeId, families: [{ name: 'a b', samples: 7 }] })
  good.port.postMessage({ id: await question(good.port), families: [] })
  await clock.advance(500)
  assert.deepEqual(
    (await told).map(({ families }) => families),
    [null, null, null, null, []]
  )
})

test('ask() never takes an answer for that to a later question', async t => {
  const clock = new HeldClock()
  const metrics = new ApplicationMetrics(clock)
  const { asked, port } = play(t, 0)
  const first = metrics.ask([asked], 100)
  const firstId = await question(port)
  await clock.advance(100)
  assert.equal((await first)[0]?.families, null)
  const second = metrics.ask([asked], 100)
  const secondId = await question(port)
  port.postMessage({ id: firstId, families: [family('old', 'old 1')] })
  port.postMessage({ id: secondId, families: [family('new', 'new 1')] })
  assert.equal((await second)[0]?.families?.[0]?.name, 'new')
})

test('two who ask at the same time share one question', async t => {
  const metrics = new ApplicationMetrics(new HeldClock())
  const { asked, port } = play(t, 0)
  const both = Promise.all([metrics.ask([asked], 100), metrics.ask([asked], 100)])
  const id = await question(port)
  port.on('message', () => assert.fail('It was asked twice.'))
  port.postMessage({ id, families: [family('a', 'a 1')] })
  assert.deepEqual(
    (await both).map(([told]) => told?.families?.length),
    [1, 1]
  )
})

test('ask() of a worker that has gone is answered at once', async t => {
  const metrics = new ApplicationMetrics(new HeldClock())
  const { asked, port } = play(t, 0)
  const first = metrics.ask([asked], 100)
  await question(port)
  port.close()
  assert.equal((await first)[0]?.families, null)
  assert.equal((await metrics.ask([asked], 100))[0]?.families, null)
})

test('mergeFamilies() says what a metric is once, whoever tells of it', () => {
  const told: readonly Told[] = [
    { application: 'api', slot: 0, families: [family('a', 'a 1'), family('b', 'b 1')] },
    { application: 'api', slot: 1, families: null },
    { application: 'web', slot: 0, families: [family('a', 'a 2', { help: 'Another sentence.' })] }
  ]
  const { text, conflicts } = mergeFamilies(told, () => false)
  assert.equal(text, '# HELP a Help.\n# TYPE a gauge\na 1\na 2\n# HELP b Help.\n# TYPE b gauge\nb 1\n')
  assert.equal(conflicts.size, 0)
})

test('mergeFamilies() leaves out, and counts, what is of another type or has a name of Heddle', () => {
  const told: readonly Told[] = [
    { application: 'api', slot: 0, families: [family('a', 'a 1'), family('heddle_x', 'heddle_x 1')] },
    { application: 'web', slot: 0, families: [family('a', 'a 2', { type: 'counter' })] }
  ]
  const { text, conflicts } = mergeFamilies(told, name => name.startsWith('heddle_'))
  assert.equal(text, '# HELP a Help.\n# TYPE a gauge\na 1\n')
  assert.deepEqual(
    [...conflicts],
    [
      ['api', 1],
      ['web', 1]
    ]
  )
})

test('mergeFamilies() leaves out what has the name of a sample of another metric', () => {
  const histogram = family('a', 'a_count 1', { type: 'histogram' })
  const counter = family('a_count', 'a_count 2', { type: 'counter' })
  for (const [first, second] of [
    [histogram, counter],
    [counter, histogram]
  ] as const) {
    const told: readonly Told[] = [
      { application: 'api', slot: 0, families: [first] },
      { application: 'web', slot: 0, families: [second] }
    ]
    const { text, conflicts } = mergeFamilies(told, () => false)
    assert.ok(text.endsWith(`# TYPE ${first.name} ${first.type}\n${first.samples}`))
    assert.deepEqual([...conflicts], [['web', 1]])
  }
})
