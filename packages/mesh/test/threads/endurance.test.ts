/** After thousands of requests and hundreds of aborts nothing is left behind. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { request, type Dispatcher } from 'undici'

import { Fleet, type Hand } from '../fixtures/fleet.ts'
import { everybodyTurns } from '../fixtures/turning.ts'

const url = 'http://api.heddle.local'
const undo: (() => unknown)[] = []
let workers: Hand[] = []
let dispatcher: Dispatcher

before(async () => {
  const fleet = new Fleet({ after: step => undo.unshift(step) })
  dispatcher = fleet.dispatcher()
  workers = await Promise.all([1, 2].map(() => fleet.start('api', './plain.ts')))
})

after(async () => {
  for (const step of undo) await step()
})

async function round(requests: number): Promise<void> {
  const sent: Promise<unknown>[] = []
  for (let i = 0; i < requests; i++) {
    sent.push(
      i % 4 === 0
        ? request(`${url}/echo`, { method: 'POST', body: 'x'.repeat(i), dispatcher }).then(({ body }) =>
            body.text()
          )
        : request(`${url}/`, { dispatcher }).then(({ body }) => body.text())
    )
  }
  await Promise.all(sent)
}

async function abortedRound(requests: number): Promise<void> {
  const sent = Array.from({ length: requests }, async (_, i) => {
    const control = new AbortController()
    const answer = request(`${url}${i % 2 === 0 ? '/hold' : '/begin'}`, {
      signal: control.signal,
      dispatcher
    })
    if (i % 3 === 0) setImmediate(() => control.abort())
    if (i % 2 === 1 && i % 3 !== 0) {
      const { body } = await answer
      body.destroy()
      return
    }
    setImmediate(() => control.abort())
    await assert.rejects(
      answer.then(({ body }) => body.text()),
      { name: 'AbortError' }
    )
  })
  await Promise.all(sent)
}

async function nothingLeft(): Promise<void> {
  for (const { member } of workers) {
    assert.equal(await member.drained(60_000), true)
    assert.equal(member.inflight(), 0)
  }
}

test('in-flight counts are back to zero after thousands of requests and hundreds of aborts', async () => {
  for (let i = 0; i < 5; i++) await Promise.all([round(600), abortedRound(100)])
  await nothingLeft()
  for (const worker of workers) await worker.call('release')
  await round(100)
  await nothingLeft()
})

test('more requests than a link has cells are all answered', async t => {
  everybodyTurns(t)
  const held = Array.from({ length: 3000 }, () =>
    request(`${url}/hold`, { dispatcher }).then(({ body }) => body.text())
  )
  await Promise.all(workers.map(worker => worker.call('holding', 1500)))
  for (const worker of workers) await worker.call('release')
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['released']))
  await nothingLeft()
})
