/** Tests of who may be out of balancing, over fake threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { settle } from '../../shared/held-clock.ts'
import { setUp } from './play.ts'

test('eject() takes out at most half of the workers, and never the last one', async () => {
  for (const [workers, out] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2]
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- One application after another.
    const { supervisor } = await setUp({ workers })
    const taken = supervisor.workers().filter(worker => worker.eject('test'))
    assert.equal(taken.length, out, `of ${workers}`)
  }
})

test('Workers that are out come back when too few others are left', async () => {
  const { stage, thread, member, worker, states } = await setUp({ workers: 2 })
  assert.equal(worker(0).eject('blocked'), true)
  assert.equal(worker(0).eject('blocked'), false)
  assert.deepEqual(
    [states(), member(0).history],
    [
      ['ejected', 'ready'],
      ['published', 'ejected']
    ]
  )
  thread(1).end(1)
  await settle()
  assert.deepEqual([states(), member(0).history.at(-1)], [['ready', 'starting'], 'restored'])
  assert.equal(stage.heard('worker:moved').at(-1)?.reason, 'too few workers are left')
})

test('A worker an operator keeps out does not come back until the operator says so', async () => {
  const { supervisor, worker, states } = await setUp({ workers: 2 })
  await supervisor.drainWorker('api', 0)
  await assert.rejects(supervisor.drainWorker('api', 1), { code: 'HEDDLE_WORKER_NEEDED' })
  await assert.rejects(supervisor.drainWorker('api', 2), { code: 'HEDDLE_UNKNOWN_WORKER' })
  worker(0).restore('all is well')
  assert.deepEqual(states(), ['ejected', 'ready'])
  assert.equal(supervisor.status()[0]?.workers[0]?.keptOut, true)
  await supervisor.readyWorker('api', 0)
  assert.deepEqual(states(), ['ready', 'ready'])
})
