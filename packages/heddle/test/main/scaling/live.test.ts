/** Numbers of workers that follow the load, with real workers and real requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { ApplicationReportLine } from '../../../src/main/admin/report.ts'
import type { ScalingApplication, ScalingRule } from '../../../src/main/scaling/load.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { entry, impatient, load, startScaled } from './scaled-server.ts'
import type { ScaledServer } from './scaled-server.ts'

test('Load brings more workers, which answer, and without it they go again', async t => {
  const scaling = { min: 1, max: 3, spare: 0, enabled: true }
  const { server, url, next, workers } = await startScaled(t, [{ id: 'api', scaling }], { rule: impatient })
  assert.deepEqual(workers('api'), ['api:0'])
  const told = next('application:scaling')
  const grown = next('application:scaled')
  const stop = load(url, 6, 5)
  assert.partialDeepStrictEqual(await told, { application: 'api', from: 1, to: 3, reason: 'busy' })
  assert.deepEqual(await grown, { application: 'api', from: 1, to: 3 })
  const seen = new Set<string>()
  while (seen.size < 3) seen.add(await (await fetch(url)).text())
  assert.deepEqual(workers('api'), ['api:0', 'api:1', 'api:2'])
  const [line] = server.status().applications
  assert.partialDeepStrictEqual(line, { desired: 3, scaling: { mode: 'auto', min: 1, max: 3 } })

  const shrunk = next('application:scaled')
  await stop()
  assert.deepEqual(await shrunk, { application: 'api', from: 3, to: 1 })
  assert.deepEqual(workers('api'), ['api:0'])
  const metrics = await server.operations.metrics()
  assert.match(metrics, /heddle_scaling_decisions_total\{application="api",reason="busy"\} 1\n/)
  assert.match(metrics, /heddle_scaling_decisions_total\{application="api",reason="idle"\} 1\n/)
  assert.match(metrics, /heddle_scaling_max_workers\{application="api"\} 3\n/)
})

test('At the total the rule of Heddle gives a busy application the worker of an idle one', async t => {
  const scaling = { min: 1, max: 2, spare: 0, enabled: true }
  const applications = [
    { id: 'api', scaling },
    { id: 'web', scaling, workers: 2 }
  ]
  const { url, next, workers } = await startScaled(t, applications, { total: 3 })
  const given = next('application:scaling', ({ application }) => application === 'web')
  const got = next('application:scaling', ({ application }) => application === 'api')
  const grown = next('application:scaled', ({ application }) => application === 'api')
  const shrunk = next('application:scaled', ({ application }) => application === 'web')
  const stop = load(url, 6, 20)
  assert.partialDeepStrictEqual(await given, { from: 2, to: 1, reason: 'given-away', partners: ['api'] })
  const fact = await got
  assert.partialDeepStrictEqual(fact, { from: 1, to: 2, partners: ['web'] })
  assert.ok((fact.numbers?.utilization ?? 0) > 0.5)
  await Promise.all([grown, shrunk])
  assert.deepEqual([workers('api'), workers('web')], [['api:0', 'api:1'], ['web:0']])
  await stop()
})

test('A number that was set by hand stays, whatever the load, until it is taken back', async t => {
  const scaling = { min: 1, max: 3, spare: 0, enabled: true }
  const { rule, ticks } = counted(impatient)
  // As long as one number may change the rule is asked.
  const applications = [
    { id: 'api', scaling },
    { id: 'jobs', scaling }
  ]
  const { server, url, next } = await startScaled(t, applications, { rule })
  await server.operations.scale('api', 2)
  const stop = load(url, 6, 5)
  const asked = await ticks(2)
  assert.deepEqual(
    asked.map(all => all.find(({ id }) => id === 'api')).map(api => [api?.workers, api?.enabled]),
    Array.from({ length: 2 }, () => [2, false])
  )
  assert.partialDeepStrictEqual(server.status().applications[0], { desired: 2, scaling: { mode: 'pinned' } })
  const grown = next('application:scaled')
  await server.operations.scale('api', 'auto')
  assert.deepEqual(await grown, { application: 'api', from: 2, to: 3 })
  await stop()
  // More than there may be is brought back.
  await server.operations.scale('jobs', 5)
  await server.operations.scale('jobs', 'auto')
  assert.partialDeepStrictEqual(server.status().applications[1], { desired: 3, scaling: { mode: 'auto' } })
})

test('A reload brings other bounds, keeps a number that lies within them, and takes back what was set by hand', async t => {
  const scaling = { min: 1, max: 3, spare: 0, enabled: true }
  const { rule, ticks } = counted(steady)
  const source = {
    load: async () => {
      const config = exampleConfig({ applications: [exampleApplication(next)] })
      return { ...config, root: inForce().root }
    },
    loadWith: () => Promise.reject(new Error('nobody asks for it'))
  }
  let next = { id: 'api', entry, scaling: { ...scaling, max: 4 } }
  const { server, workers } = await startScaled(t, [{ id: 'api', scaling }], { rule, options: { source } })
  const inForce = (): { root: string } => server.operations.config() as { root: string }
  await server.operations.scale('api', 3)
  const { changes } = await server.operations.reload('a test')
  assert.ok(changes.includes('applications.api.workers: "1-3" → "1-4"'))
  assert.deepEqual(workers('api'), ['api:0', 'api:1', 'api:2'])
  const [asked] = await ticks(1)
  assert.partialDeepStrictEqual(asked, [{ workers: 3, enabled: true, limits: { min: 1, max: 4 } }])
  next = { ...next, scaling: { ...scaling, max: 2 } }
  await server.operations.reload('a test')
  assert.deepEqual(workers('api'), ['api:0', 'api:1'])
  next = { ...next, scaling: { min: 1, max: 1, spare: 0, enabled: false } }
  await server.operations.reload('a test')
  assert.deepEqual(workers('api'), ['api:0'])
})

test('A spare answers when the only worker has ended, before that one is back', async t => {
  const { server, url, next } = await startSpare(t)
  const ask = async (): Promise<string> => (await fetch(url)).text()
  assert.equal(await ask(), 'api:0')
  for (let tries = 1; ; tries++) {
    const stepped = next('worker:stepped-in')
    const restarted = next('worker:restarted')
    assert.equal((await fetch(`${url}/exit`)).status, 502)
    const name = await ask()
    assert.partialDeepStrictEqual(await restarted, { worker: 'api:0' })
    if (name === 'api:1') {
      assert.partialDeepStrictEqual(await stepped, { worker: 'api:1' })
      break
    }
    // On a busy machine a spare may not turn just when it is needed, or be too late.
    assert.ok(tries < 5)
    await t.waitFor(() => assert.equal(server.status().applications[0]?.spares[0]?.state, 'spare'), {
      timeout: 60_000
    })
  }
  while ((await ask()) !== 'api:0');
})

test('A spare answers while the only worker is blocked', async t => {
  const { url } = await startSpare(t)
  // For longer than anybody waits: the end of the server ends it.
  const blocked = fetch(`${url}/?ms=1000000`).catch(() => undefined)
  // Should one of them overtake it, there is another.
  while ((await (await fetch(url)).text()) !== 'api:1');
  t.after(() => blocked)
})

/** A server with one worker and a spare that is ready. */
async function startSpare(t: TestContext): Promise<ScaledServer> {
  const scaling = { min: 1, max: 1, spare: 1, enabled: false }
  const started = await startScaled(t, [{ id: 'api', scaling }])
  const line = (): ApplicationReportLine | undefined => started.server.status().applications[0]
  if (line()?.spares[0]?.state !== 'spare') await started.next('worker:spare')
  assert.partialDeepStrictEqual(line(), { ready: 1, desired: 1, spares: [{ name: 'api:1', state: 'spare' }] })
  return started
}

/** The same rule, whose questions are counted. */
function counted(rule: ScalingRule): {
  readonly rule: ScalingRule
  /** Resolves with what it was asked the next times. */
  readonly ticks: (count: number) => Promise<readonly (readonly ScalingApplication[])[]>
} {
  const waiting = new Set<(applications: readonly ScalingApplication[]) => void>()
  return {
    rule: (applications, machine, total) => {
      for (const each of waiting) each(applications)
      return rule(applications, machine, total)
    },
    ticks: count =>
      new Promise(resolve => {
        const seen: (readonly ScalingApplication[])[] = []
        const hear = (applications: readonly ScalingApplication[]): void => {
          if (seen.push(applications) < count) return
          waiting.delete(hear)
          resolve(seen)
        }
        waiting.add(hear)
      })
  }
}

/** Leaves everything as it is. */
const steady: ScalingRule = applications =>
  applications.map(({ id, workers }) => ({
    id,
    target: workers,
    reason: 'steady',
    refusal: null,
    partners: [],
    numbers: null
  }))
