/** Tests of new settings that are started beside the old ones, over fake threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { settle } from '../../shared/held-clock.ts'
import { finish, setUp } from './play.ts'

test('New settings are staged beside the old ones and take over together, or go without a trace', async () => {
  const { stage, supervisor, thread, member, states } = await setUp({ workers: 2 })
  const settings = { ...supervisor.application('api'), workers: 3, env: { NEW: '1' } }
  const undone = supervisor.stageApplication(settings)
  for (const index of [2, 3, 4]) {
    // oxlint-disable-next-line no-await-in-loop -- They come one after another.
    await settle()
    thread(index).becomeReady()
  }
  const first = await undone
  assert.deepEqual(
    [2, 3, 4].map(index => [member(index).history.length, thread(index).plan.env.NEW]),
    [
      [0, '1'],
      [0, '1'],
      [0, '1']
    ]
  )
  assert.equal(first.failure(), null)
  const late = new Error('after listening')
  thread(3).end(1, late)
  await settle()
  assert.match(first.failure()?.message ?? '', /worker api:1 was ready and then threw an error/)
  assert.equal(first.failure()?.cause, late)
  await first.undo()
  assert.deepEqual([states(), thread(2).hasEnded, thread(4).hasEnded], [['ready', 'ready'], true, true])
  assert.equal(supervisor.application('api').workers, 2)

  const staged = supervisor.stageApplication(settings)
  for (const index of [5, 6, 7]) {
    // oxlint-disable-next-line no-await-in-loop
    await settle()
    thread(index).becomeReady()
  }
  const second = await staged
  const committed = second.commit()
  await finish(thread(0))
  await finish(thread(1))
  await committed
  assert.deepEqual(states(), ['ready', 'ready', 'ready'])
  assert.equal(supervisor.application('api').env['NEW'], '1')
  assert.equal(stage.threads.length, 8)
})

test('A worker that crashes while its successor is staged is restarted with the old settings', async () => {
  const { stage, supervisor, thread, states } = await setUp({ workers: 1 })
  const staging = supervisor.stageApplication({ ...supervisor.application('api'), env: { NEW: '1' } })
  await settle()
  thread(1).becomeReady()
  const staged = await staging
  thread(0).end(1, new Error('boom'))
  await settle()
  assert.deepEqual([stage.threads.length, thread(2).plan.env.NEW], [3, undefined])
  thread(2).becomeReady()
  await settle()
  assert.deepEqual(states(), ['ready'])
  const committed = staged.commit()
  await finish(thread(2))
  await committed
  assert.deepEqual(states(), ['ready'])
  assert.equal(thread(1).hasEnded, false)
})
