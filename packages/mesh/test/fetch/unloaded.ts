/** Makes a call of the short path where nothing else has loaded undici, and tells what that has loaded. Worker thread. */
import { parentPort } from 'node:worker_threads'

import { makeFetch } from '../../src/client/fetch.ts'
import type { MeshClient } from '../../src/client/client.ts'
import type { ExchangeHandler } from '../../src/client/exchange.ts'
import { UTF8 } from '../../src/wire/frames.ts'

/** Whether the undici inside node has run: it sets its dispatcher when it does. */
function isLoaded(): boolean {
  const slot = Symbol.for('undici.globalDispatcher.1')
  return Object.getOwnPropertyDescriptor(globalThis, slot)?.value !== undefined
}

/** Answers at once, in place of another thread. */
const client = {
  send(_request: object, handler: ExchangeHandler) {
    const block = 'Content-Type: text/plain\r\n'
    queueMicrotask(() => handler.onHead({ status: 200, message: 'OK', block, flags: UTF8, body: '{"a":1}' }))
    return {}
  }
} as unknown as MeshClient

const call = makeFetch({ client, domain: '.mesh', timeoutMs: 0, original: fetch, isOpen: () => true })
const init = { headers: { accept: 'text/plain' }, method: 'POST', body: new URLSearchParams({ a: '1' }) }
const response = await call('http://api.mesh/', init)
const type = response.headers.get('content-type')
let text = ''
for await (const chunk of response.clone().body ?? []) text += Buffer.from(chunk).toString()
const body: unknown = await response.json()
const before = isLoaded()
const classes = [
  response instanceof Response,
  response.headers instanceof Headers,
  response.constructor === Response
]
parentPort?.postMessage({ type, text, body, before, classes, after: isLoaded() })
