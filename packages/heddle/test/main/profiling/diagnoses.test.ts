/** What is kept of who is being looked into, over workers on paper and a clock that stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createVitals } from '../../../src/channel/vitals.ts'
import { isFailure } from '../../../src/errors.ts'
import { Diagnoses } from '../../../src/main/profiling/diagnoses.ts'
import type { DiagnosedThread, DiagnosedWorker } from '../../../src/main/profiling/diagnosed.ts'
import { HeldClock } from '../../shared/held-clock.ts'

interface PaperWorker extends DiagnosedWorker {
  /** Its thread has ended. */
  end(): void
}

function paperWorker(slot: number): PaperWorker {
  const thread: DiagnosedThread = { threadId: slot + 1, once: () => undefined, off: () => undefined }
  let current: DiagnosedThread | null = thread
  return {
    fact: { application: 'api', slot, worker: `api:${slot}` },
    state: 'ready',
    vitals: createVitals(),
    thread: () => current,
    end: () => (current = null)
  }
}

test('begin() lets one recording of a worker at a time through, and an inspector beside it', async () => {
  const clock = new HeldClock()
  const diagnoses = new Diagnoses(clock)
  const [one, other] = [paperWorker(0), paperWorker(1)]
  const end = diagnoses.begin(one, 'cpu profile')
  diagnoses.begin(one, 'inspector', 'ws://127.0.0.1:1/')
  diagnoses.begin(other, 'heap snapshot')
  await clock.advance(1500)
  assert.throws(
    () => diagnoses.begin(one, 'heap snapshot'),
    error => {
      assert.ok(isFailure(error, 'HEDDLE_BUSY'))
      assert.deepEqual(error.detail, {
        asked: 'heap snapshot of api:0',
        running: 'cpu profile',
        runningMs: 1500
      })
      return true
    }
  )
  assert.deepEqual(diagnoses.of('api:0'), [
    { kind: 'cpu profile', sinceMs: 1500, url: null },
    { kind: 'inspector', sinceMs: 1500, url: 'ws://127.0.0.1:1/' }
  ])
  end()
  diagnoses.begin(one, 'heap snapshot')
})

test('isExcused() holds while a worker may stand still, and a moment longer', async () => {
  const clock = new HeldClock()
  const diagnoses = new Diagnoses(clock)
  const worker = paperWorker(0)
  const endProfile = diagnoses.begin(worker, 'cpu profile')
  assert.equal(diagnoses.isExcused(worker), false)
  endProfile()
  const end = diagnoses.begin(worker, 'heap snapshot')
  assert.equal(diagnoses.isExcused(worker), true)
  assert.equal(diagnoses.isExcused(paperWorker(0)), false)
  end()
  await clock.advance(1999)
  assert.equal(diagnoses.isExcused(worker), true)
  await clock.advance(1)
  assert.equal(diagnoses.isExcused(worker), false)
})

test('of() says nothing of a thread that has ended, whose successor has the same name', () => {
  const diagnoses = new Diagnoses(new HeldClock())
  const [former, successor] = [paperWorker(0), paperWorker(0)]
  diagnoses.begin(former, 'inspector', 'ws://127.0.0.1:1/')
  former.end()
  assert.deepEqual(diagnoses.of('api:0'), [])
  diagnoses.begin(successor, 'inspector', 'ws://127.0.0.1:2/')
  assert.deepEqual(diagnoses.inspected('api:0'), [successor])
  assert.equal(diagnoses.endInspection(former), null)
  assert.equal(diagnoses.endInspection(successor), 0)
})
