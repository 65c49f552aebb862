/** What cannot be done to a worker: in native code nothing, and what was asked is not done later either. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { createVitals } from '../../../src/channel/vitals.ts'
import { isFailure } from '../../../src/errors.ts'
import { Inquiries } from '../../../src/main/blocked/inquiry.ts'
import { describeOsThread } from '../../../src/main/blocked/os-thread.ts'
import { WorkerProfiling } from '../../../src/main/profiling/profiling.ts'
import type { ProfilingOptions } from '../../../src/main/profiling/profiling.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { direct, readyUrl, startWorker } from '../../worker/worker-harness.ts'
import type { Running } from '../../worker/worker-harness.ts'
import { releaseFile } from '../release-file.ts'
import { releaser } from './looked-into.ts'

/** What asks a worker, without a server around it. */
async function ask(t: TestContext): Promise<{
  readonly options: ProfilingOptions
  readonly running: Running
  readonly url: string
  /** Resolves when the worker says that it is in native code from now on. */
  readonly begun: () => Promise<void>
}> {
  const vitals = createVitals()
  const { env, begun } = releaser(t)
  const running = startWorker(t, 'looked-into/app.ts', {
    boot: { vitals, ...direct },
    env
  })
  const url = await readyUrl(running)
  const inquiries = new Inquiries(systemClock)
  t.after(() => inquiries.stop())
  const options: ProfilingOptions = {
    clock: systemClock,
    announce: () => undefined,
    workers: () => [
      {
        fact: { application: 'api', slot: 0, worker: 'api:0' },
        state: 'ready',
        vitals,
        thread: () => running.worker
      }
    ],
    openLines: inquiries.open,
    quiet: () => Promise.resolve(true),
    describe: describeOsThread
  }
  return { options, running, url, begun }
}

test('heapSnapshot() says that there is no place to write to', async t => {
  const profiling = new WorkerProfiling({ ...(await ask(t)).options, directory: '/nowhere' })
  await assert.rejects(profiling.heapSnapshot('api', 0), error => {
    assert.ok(isFailure(error, 'HEDDLE_DIAGNOSIS_FAILED'))
    assert.match(error.message, /TMPDIR.*ENOENT/)
    return true
  })
})

test('nobody is looked into while threads are about to end', async t => {
  const { options } = await ask(t)
  const profiling = new WorkerProfiling({ ...options, quiet: () => Promise.resolve(false) })
  await assert.rejects(profiling.profile('api', 0, { type: 'cpu' }), error => {
    assert.ok(isFailure(error, 'HEDDLE_DIAGNOSIS_UNREADY'))
    assert.match(error.message, /about to end/)
    return true
  })
})

test('what is asked of a worker in native code is refused in time, and never done', async t => {
  const { options, running, url, begun } = await ask(t)
  const patient = new WorkerProfiling(options)
  const hasty = new WorkerProfiling({ ...options, limits: { answerMs: 200 } })
  // The asking thread is there from now on.
  await patient.profile('api', 0, { type: 'cpu', durationMs: 10 })

  const { query, release } = releaseFile(t)
  const waits = begun()
  const answer = fetch(`${url}/wait?until=${query}`, { headers: { connection: 'close' } })
  await waits
  await t.waitFor(() => assert.ok(running.member.heartbeatAge() >= 400), { timeout: 60_000 })
  const refused = await Promise.allSettled([
    hasty.profile('api', 0, { type: 'cpu', durationMs: 10 }),
    hasty.inspect('api', 0)
  ])
  for (const outcome of refused) {
    assert.ok(outcome.status === 'rejected' && isFailure(outcome.reason, 'HEDDLE_WORKER_STUCK'))
    assert.equal(outcome.reason.detail.afterMs, 200)
    if (process.platform === 'linux') {
      assert.match(outcome.reason.detail.doing ?? '', /^waits for the child process \w+ \(\d+\)$/)
    }
  }
  await assert.rejects(hasty.heapSnapshot('api', 0), error => isFailure(error, 'HEDDLE_WORKER_STUCK'))

  release()
  await (await answer).text()
  // Had the first one been begun after all, this one would be one too many.
  const profile: { readonly nodes: readonly unknown[] } = JSON.parse(
    await patient.profile('api', 0, { type: 'cpu', durationMs: 10 })
  )
  assert.ok(profile.nodes.length > 0)
  assert.deepEqual(hasty.diagnoses('api:0'), [])
})
