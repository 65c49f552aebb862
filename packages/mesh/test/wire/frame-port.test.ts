/** A port that batches: what leaves when, and what is heard of its end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { BYTES, CREDIT, DATA, END } from '../../src/wire/frames.ts'
import { FramePort, type FlushMoment, type FrameReceiver } from '../../src/wire/frame-port.ts'

function open(
  t: TestContext,
  moment: FlushMoment
): {
  sender: FramePort
  port: MessagePort
  batches: unknown[]
  unsendable: unknown[]
  closed: Promise<void>
} {
  const { port1, port2 } = new MessageChannel()
  const batches: unknown[] = []
  const unsendable: unknown[] = []
  const closed = new Promise<void>(resolve => {
    const receiver: FrameReceiver = {
      onBatch: batch => batches.push(batch),
      onClose: resolve,
      onUnsendable: (frame, error) => unsendable.push([frame, error.name])
    }
    const sender = new FramePort(port1, receiver, moment)
    t.after(() => sender.close())
    made = sender
  })
  return { sender: made, port: port2, batches, unsendable, closed }
}

let made: FramePort

for (const moment of ['tick', 'turn'] as const) {
  test(`FramePort posts all frames of a ${moment} at once`, async t => {
    const { sender, port } = open(t, moment)
    const received = once(port, 'message')
    for (const frame of [1, 2, 3]) {
      sender.batch.push(frame)
      sender.schedule()
    }
    assert.deepEqual((await received)[0], [1, 2, 3])
    assert.deepEqual(sender.batch, [])
  })
}

test('FramePort.flush() posts now, and nothing when there is nothing', async t => {
  const { sender, port } = open(t, 'turn')
  const received = once(port, 'message')
  sender.flush()
  sender.batch.push('x')
  sender.schedule()
  sender.flush()
  assert.deepEqual((await received)[0], ['x'])
})

test('FramePort tells its receiver of batches, and of things that are none as a batch of one', async t => {
  const { sender, port, batches } = open(t, 'tick')
  sender.ref()
  port.postMessage([1, 2])
  port.postMessage('odd')
  while (batches.length < 2) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(batches, [[1, 2], ['odd']])
})

test('FramePort.close() sends what is left; the other end hears of the close', async t => {
  const { sender, port } = open(t, 'turn')
  const [received, closed] = [once(port, 'message'), once(port, 'close')]
  sender.batch.push('last')
  sender.close()
  sender.close()
  assert.deepEqual((await received)[0], ['last'])
  await closed
  assert.equal(sender.closed, true)
  sender.batch.push('too late')
  sender.flush()
})

test('FramePort tells its receiver that the other end is gone', async t => {
  const { sender, port, closed } = open(t, 'tick')
  sender.ref()
  port.close()
  await closed
  assert.equal(sender.closed, true)
})

test('FramePort posts the other frames of a batch when one cannot be cloned, and says which', async t => {
  const { sender, port, unsendable } = open(t, 'tick')
  const given = new Uint8Array(20_000)
  structuredClone(given, { transfer: [given.buffer] })
  sender.batch.push(END, 1, '', DATA, 2, BYTES, given, CREDIT, 3, 5)
  sender.schedule()
  const received: unknown[] = []
  while (received.length < 2) received.push(...((await once(port, 'message')) as unknown[]))
  assert.deepEqual(received, [
    [END, 1, ''],
    [CREDIT, 3, 5]
  ])
  assert.deepEqual(unsendable, [[[DATA, 2, BYTES, given], 'DataCloneError']])
})
