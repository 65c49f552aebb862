/** Tests of what threads are started with. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'

import { createEdgeCounts } from '../../../src/channel/edge-counts.ts'
import { createVitals } from '../../../src/channel/vitals.ts'
import { publicUrl } from '../../../src/main/supervisor/public-url.ts'
import { ownThreadFiles, planEdge, planWorker } from '../../../src/main/supervisor/spawn.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { Stage } from './fakes.ts'

const { files, seats, logs } = new Stage(exampleConfig()).surroundings
const { logger } = logs.issue({ application: 'api', worker: 'api:0' }, 'info')
const counts = createEdgeCounts()
const seat = seats.admit({ name: 'api:1', hostname: 'api', breaker: true })
const surroundings = {
  files,
  seat,
  meshDomain: '.heddle.local',
  logger,
  listen: null,
  publicUrl: null,
  vitals: createVitals(),
  metrics: true,
  ledger: null
}

test('planWorker() gives a worker its own environment, options, limits and name', () => {
  const application = exampleApplication({
    workers: 3,
    env: { A: '1' },
    execArgv: ['--enable-source-maps'],
    limits: { oldGenerationMb: 128, youngGenerationMb: null, stackMb: 2 }
  })
  const plan = planWorker(application, 1, { ...surroundings, files: { ...files, execArgv: ['--x'] } })
  assert.equal(plan.name, 'api:1')
  assert.deepEqual(plan.env, { A: '1' })
  assert.deepEqual(plan.execArgv, ['--x', '--enable-source-maps'])
  assert.deepEqual(plan.resourceLimits, { maxOldGenerationSizeMb: 128, stackSizeMb: 2 })
  assert.partialDeepStrictEqual(plan.workerData, { application: 'api', slot: 1, name: 'api:1', workers: 3 })
})

test('planEdge() shares the port only when there are several edge threads', () => {
  for (const [threads, reusePort] of [
    [1, false],
    [2, true]
  ] as const) {
    const plan = planEdge(exampleConfig({ server: { threads } }), 0, { files, seat, logger, counts })
    assert.partialDeepStrictEqual(plan.workerData, { name: 'edge:0', reusePort })
  }
})

test('ownThreadFiles() finds the files beside this copy of Heddle', () => {
  const own = ownThreadFiles()
  assert.deepEqual(own.execArgv, ['--conditions=@heddle/source'])
  assert.match(own.worker.pathname, /src\/worker\/boot\.ts$/)
  assert.match(own.edge.pathname, /src\/edge\/boot\.ts$/)
  assert.ok(existsSync(own.worker))
})

test('publicUrl() shows something to click on', () => {
  const table: readonly [hostname: string, url: string][] = [
    ['127.0.0.1', 'http://127.0.0.1:80'],
    ['0.0.0.0', 'http://localhost:80'],
    ['::', 'http://localhost:80'],
    ['::1', 'http://[::1]:80'],
    ['example.com', 'http://example.com:80']
  ]
  for (const [hostname, url] of table) assert.equal(publicUrl(hostname, 80), url)
})
