/** Tests that every worker meets every acceptor once, whichever comes first. Main thread; the threads are paper. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { MessagePort } from 'node:worker_threads'

import { Ledger } from '../../../src/channel/ledger.ts'
import { Handoff } from '../../../src/main/supervisor/handoff.ts'
import type { Party } from '../../../src/main/supervisor/handoff.ts'
import type { ThreadEnd } from '../../../src/main/supervisor/thread-life.ts'

interface Posted {
  readonly type: string
  readonly name?: string
  readonly port: MessagePort
}

function paperThread(): { life: Party; posted: Posted[]; end: () => void } {
  const gone = Promise.withResolvers<ThreadEnd>()
  const posted: Posted[] = []
  return {
    life: { gone: gone.promise, post: message => posted.push(message as Posted) },
    posted,
    end: () => gone.resolve({ reason: 'crashed', code: 1, error: null, readyMs: 1 })
  }
}

function introductionOf(name: string): Parameters<Handoff['addWorker']>[1] {
  return { name, record: 1, generation: 1, ledger: Ledger.create().buffer }
}

test('Handoff introduces workers that come before the acceptor, and those that come after it', async () => {
  const handoff = new Handoff()
  const [acceptor, first, second] = [paperThread(), paperThread(), paperThread()]
  handoff.addWorker(first.life, introductionOf('api:0'))
  assert.equal(first.posted.length, 0)
  handoff.useAcceptor(acceptor.life)
  handoff.addWorker(second.life, introductionOf('api:1'))
  assert.deepEqual(
    acceptor.posted.map(({ type, name }) => `${type} ${name}`),
    ['worker api:0', 'worker api:1']
  )
  for (const [index, { posted }] of [first, second].entries()) {
    const [met] = posted
    assert.deepEqual([posted.length, met?.type], [1, 'acceptor'])
    // The two ports are one channel.
    met?.port.postMessage(index)
    const port = acceptor.posted[index]?.port
    assert(port !== undefined)
    const heard = once(port, 'message')
    port.start()
    assert.deepEqual(await heard, [index])
    port.close()
  }
})

test('Handoff introduces the workers that live to an acceptor that comes in the place of another', async () => {
  const handoff = new Handoff()
  const [former, acceptor, gone, living] = [paperThread(), paperThread(), paperThread(), paperThread()]
  handoff.useAcceptor(former.life)
  handoff.addWorker(gone.life, introductionOf('api:0'))
  handoff.addWorker(living.life, introductionOf('api:1'))
  gone.end()
  former.end()
  await Promise.all([gone.life.gone, former.life.gone])
  const between = paperThread()
  handoff.addWorker(between.life, introductionOf('api:2'))
  assert.equal(between.posted.length, 0, 'nobody is there to be introduced to')
  handoff.useAcceptor(acceptor.life)
  assert.deepEqual(
    acceptor.posted.map(({ name }) => name),
    ['api:1', 'api:2']
  )
  assert.deepEqual([gone.posted.length, living.posted.length, between.posted.length], [1, 2, 1])
  for (const { posted } of [former, acceptor, gone, living, between])
    for (const { port } of posted) port.close()
})
