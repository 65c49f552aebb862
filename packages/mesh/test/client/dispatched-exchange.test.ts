/** What undici's handler is told when the rest of its request is not wanted any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DispatchedExchange } from '../../src/client/dispatched-exchange.ts'
import { MeshError } from '../../src/errors.ts'
import { LATIN1, MORE, NO_BODY } from '../../src/wire/frames.ts'

const failure = new MeshError('MESH_RESPONSE_ABORTED', { host: 'a', worker: 'a:0', reason: 'why' })

interface Controller {
  pause(): void
  resume(): void
}

function begin(paused: boolean): { exchange: DispatchedExchange; told: string[] } {
  const told: string[] = []
  const handler = {
    onRequestStart: () => {},
    onResponseStart: (controller: Controller) => {
      told.push('head')
      if (paused) controller.pause()
    },
    onResponseData: (_controller: Controller, chunk: Buffer) => told.push(String(chunk)),
    onResponseEnd: () => told.push('end'),
    onResponseError: () => told.push('error')
  }
  const exchange = new DispatchedExchange(handler, { method: 'PUT', hostname: 'a', bodyTimeoutMs: 0 })
  exchange.start()
  exchange.onHead({ status: 200, message: 'OK', block: '', flags: NO_BODY | MORE, body: null })
  return { exchange, told }
}

test('a complete response stands that its reader has not taken yet when the upload is broken off', () => {
  const { exchange, told } = begin(true)
  exchange.onData(LATIN1, 'all of it')
  exchange.onEnd('')
  exchange.onError(failure)
  assert.deepEqual(told, ['head'])
  exchange.resume()
  assert.deepEqual(told, ['head', 'all of it', 'end'])
})

test('an incomplete response fails', async () => {
  const { exchange, told } = begin(false)
  exchange.onData(LATIN1, 'a part')
  exchange.onError(failure)
  await new Promise(setImmediate)
  assert.deepEqual(told, ['head', 'a part', 'error'])
})
