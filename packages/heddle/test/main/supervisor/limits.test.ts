/** Tests of the memory limits workers are started with: those in force when they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Supervisor } from '../../../src/main/supervisor/supervisor.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { Stage } from './fakes.ts'

test('Workers get the limits that are in force when they are started, and their number counts those to come', async () => {
  const limits = { oldGenerationMb: 500, youngGenerationMb: null, stackMb: 2 }
  const stage = new Stage(exampleConfig({ applications: [exampleApplication({ limits })] }))
  const counted: number[] = []
  const supervisor: Supervisor = new Supervisor({
    ...stage.surroundings,
    limitsOf: application => {
      counted.push(supervisor.count())
      return { ...application.limits, oldGenerationMb: 400 / supervisor.count() }
    }
  })
  const started = supervisor.boot('api')
  stage.threads[0]?.becomeReady()
  await started
  const scaled = supervisor.scale('api', 4)
  await settle()
  for (const thread of stage.threads.slice(1)) thread.becomeReady()
  await scaled
  assert.deepEqual(
    stage.threads.map(({ plan }) => plan.resourceLimits.maxOldGenerationSizeMb),
    [400, 100, 100, 100]
  )
  assert.deepEqual(counted, [1, 4, 4, 4])
  assert.equal(stage.threads[0]?.plan.resourceLimits.stackSizeMb, 2)
})
