/** The watch over silent responses: who is told, in which order, and who is left alone. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { unwatchBody, watchBody, type StreamingResponse } from '../../src/client/body-timeouts.ts'

// What is watched is watched by a timer that keeps nobody alive.
const alive = setInterval(() => undefined, 1000)
after(() => clearInterval(alive))

interface Watched extends StreamingResponse {
  readonly told: Promise<number>
  paused: boolean
}

function response(bodyTimeoutMs: number, paused = false): Watched {
  const { promise, resolve } = Promise.withResolvers<number>()
  const onBodyTimeout = (): void => resolve(performance.now())
  const made = { bodyTimeoutMs, paused, onBodyTimeout, told: promise }
  return { ...made, stirred: false, quietSinceMs: 0, watchIndex: -1 }
}

test('watchBody() tells each late response once its time is over, and no other', async () => {
  const began = performance.now()
  const [soon, later, given, last] = [response(100), response(300), response(100), response(600)]
  const asleep = response(50, true)
  for (const one of [soon, given, later, asleep, last]) watchBody(one)
  unwatchBody(given)
  const order: string[] = []
  for (const [name, one] of Object.entries({ soon, later, given, asleep, last })) {
    void one.told.then(() => order.push(name))
  }
  assert.ok((await soon.told) - began >= 100)
  assert.ok((await later.told) - began >= 300)
  later.stirred = true
  assert.ok((await last.told) - began >= 600)
  assert.deepEqual(order, ['soon', 'later', 'last'])
  assert.deepEqual(
    [soon, later, given, last].map(({ watchIndex }) => watchIndex),
    [-1, -1, -1, -1]
  )
  asleep.paused = false
  await asleep.told
})

test('watchBody() begins anew with each piece', async () => {
  const lively = response(300)
  watchBody(lively)
  const pulse = setInterval(() => {
    lively.stirred = true
  }, 50)
  const reference = response(1000)
  watchBody(reference)
  await Promise.race([lively.told, reference.told])
  assert.notEqual(lively.watchIndex, -1)
  clearInterval(pulse)
  await lively.told
})

test('unwatchBody() of what is not watched does nothing', async () => {
  const [stranger, known] = [response(100), response(100)]
  watchBody(known)
  unwatchBody(stranger)
  assert.equal(known.watchIndex, 0)
  await known.told
  unwatchBody(known)
  assert.equal(known.watchIndex, -1)
})
