/** What a question to a worker comes to whose line breaks, over a thread on paper and a clock that stands still. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { createVitals } from '../../../src/channel/vitals.ts'
import { isFailure } from '../../../src/errors.ts'
import { Conversation } from '../../../src/main/profiling/conversation.ts'
import { HeldClock } from '../../shared/held-clock.ts'

class PaperThread extends EventEmitter {
  threadId = 7

  end(): void {
    this.threadId = -1
    this.emit('exit')
  }
}

/** Asks a worker whose line breaks off before it answers. */
function ask(clock: HeldClock): { readonly thread: PaperThread; readonly answer: Promise<unknown> } {
  const thread = new PaperThread()
  const talk = new Conversation(
    {
      fact: { application: 'api', slot: 0, worker: 'api:0' },
      state: 'ready',
      vitals: createVitals(),
      thread: () => thread
    },
    {
      clock,
      openLines: () => Promise.resolve(new Map([[7, { ask: () => Promise.resolve(null), close: () => {} }]])),
      quiet: () => Promise.resolve(true),
      describe: () => null
    }
  )
  return { thread, answer: talk.call({ asked: 'cpu profile', limitMs: 5000 }, () => ['ping']) }
}

test('a worker whose line breaks because it ends is lost, though its end is heard of later', async () => {
  const clock = new HeldClock()
  const { thread, answer } = ask(clock)
  const rejected = assert.rejects(answer, error => isFailure(error, 'HEDDLE_WORKER_LOST'))
  await clock.advance(900)
  thread.end()
  await rejected
  assert.equal(thread.listenerCount('exit'), 0)
})

test('a worker whose line breaks and that lives on is to be asked again', async () => {
  const clock = new HeldClock()
  const { thread, answer } = ask(clock)
  const rejected = assert.rejects(answer, error => isFailure(error, 'HEDDLE_DIAGNOSIS_UNREADY'))
  await clock.advance(1000)
  await rejected
  assert.equal(thread.listenerCount('exit'), 0)
})
