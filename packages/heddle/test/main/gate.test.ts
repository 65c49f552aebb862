/** What goes side by side and what does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Gate } from '../../src/main/gate.ts'
import { systemClock } from '../../src/shared/clock.ts'

test('Gate lets operations go side by side, and one that wants to be alone only then', async () => {
  const gate = new Gate(systemClock)
  const first = Promise.withResolvers<string>()
  const running = gate.beside('restart', () => first.promise)
  assert.equal(await gate.beside('scaling of api', async () => 'done'), 'done')
  await assert.rejects(
    gate.alone('reload', async () => 'never'),
    {
      code: 'HEDDLE_BUSY',
      message: /^The reload has to wait: a restart is under way, for 0\.\d s by now\.$/
    }
  )
  first.resolve('over')
  assert.equal(await running, 'over')
  const alone = Promise.withResolvers<string>()
  const reload = gate.alone('reload', () => alone.promise)
  for (const ask of [gate.beside('restart', async () => ''), gate.alone('reload', async () => '')]) {
    await assert.rejects(ask, { code: 'HEDDLE_BUSY', message: /a reload is under way/ })
  }
  alone.resolve('over')
  await reload
})

test('Gate lets others in after an operation has failed', async () => {
  const gate = new Gate(systemClock)
  await assert.rejects(
    gate.alone('reload', () => Promise.reject(new Error('no'))),
    /no/
  )
  assert.equal(await gate.alone('reload', async () => 'done'), 'done')
})
