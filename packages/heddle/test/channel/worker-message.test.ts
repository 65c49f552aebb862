/** Table tests of what is a message of a worker, and what an application may have posted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'

import type { FromWorker } from '../../src/channel/messages.ts'
import { readFromWorker } from '../../src/channel/worker-message.ts'

const { port1, port2 } = new MessageChannel()
port1.close()
port2.close()
const error = { name: 'Error', message: 'no', stack: null, code: null }

const messages: readonly FromWorker[] = [
  { type: 'ready', kind: 'listen', hasServer: true, port: null },
  { type: 'ready', kind: 'listen', hasServer: true, port: 3000 },
  { type: 'failed', error },
  {
    type: 'crashed',
    origin: 'processExit',
    error: { ...error, stack: 'Error: no', code: '7' },
    isolated: false
  },
  { type: 'loaded', files: ['/app/server.js'] },
  { type: 'inspector', port: 9229, url: null },
  { type: 'metrics', port: port1 },
  { type: 'stopped' }
]

for (const message of messages) {
  test(`${message.type} is a message of a worker, and none when something of it is missing or another thing`, () => {
    assert.equal(readFromWorker(message), message)
    for (const key of Object.keys(message)) {
      assert.equal(readFromWorker({ ...message, [key]: undefined }), null)
      assert.equal(readFromWorker({ ...message, [key]: Symbol(key) }), null)
    }
  })
}

const others: readonly unknown[] = [
  null,
  undefined,
  'ready',
  7,
  [],
  {},
  { type: 'toString' },
  { type: '__proto__' },
  { type: 'started' },
  { type: 'failed', error: { ...error, stack: 7 } },
  { type: 'crashed', origin: 'elsewhere', error, isolated: false },
  { type: 'loaded', files: ['/app/server.js', null] }
]

for (const [index, posted] of others.entries()) {
  test(`what an application has posted is none (${index})`, () => assert.equal(readFromWorker(posted), null))
}
