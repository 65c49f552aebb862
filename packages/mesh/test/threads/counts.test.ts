/** What the mesh counts while requests go through it: by member, and by who sent them. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { request } from 'undici'

import { Fleet } from '../fixtures/fleet.ts'

const url = 'http://api.heddle.local'

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0)
}

test('a member’s counts hold every answer with its times and bytes', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  const { member } = await fleet.start('api', './plain.ts')
  for (let i = 0; i < 3; i++) await (await request(url, { dispatcher })).body.dump()
  const body = Readable.from([Buffer.alloc(40_000), Buffer.alloc(60_000)])
  const echo = await request(`${url}/echo`, { method: 'POST', body, dispatcher })
  assert.equal((await echo.body.arrayBuffer()).byteLength, 100_000)
  await (await request(`${url}/status?503`, { dispatcher })).body.dump()
  assert.equal(await member.drained(60_000), true)
  const counts = member.counts()
  assert.deepEqual(counts.answered, [0, 4, 0, 0, 1])
  assert.deepEqual([sum(counts.durations), sum(counts.totals), sum(counts.waits)], [5, 5, 0])
  assert.deepEqual([counts.bytesIn, counts.bytesOut], [100_000, 3 * 2 + 100_000])
  assert.ok(counts.totalUnits >= counts.durationUnits && counts.durationUnits > 0, JSON.stringify(counts))
  assert.equal(counts.retries, 0)
})

test('an answer that goes on has its time to the head and its time to the end', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  const worker = await fleet.start('api', './plain.ts')
  const answer = await request(`${url}/begin`, { dispatcher })
  assert.deepEqual([sum(worker.member.counts().durations), sum(worker.member.counts().totals)], [1, 0])
  await worker.call('release')
  await answer.body.dump()
  assert.deepEqual([sum(worker.member.counts().durations), sum(worker.member.counts().totals)], [1, 1])
})

test('a request that waited, and one that was sent again, are counted to who took them', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  await fleet.registry.expect('api', { queue: { max: 10, timeoutMs: 30_000 } })
  const waiting = request(url, { dispatcher })
  const first = await fleet.start('api', './plain.ts')
  await (await waiting).body.dump()
  assert.equal(sum(first.member.counts().waits), 1)
  assert.ok(first.member.counts().waitUnits > 0)

  const held = request(`${url}/hold`, { dispatcher })
  await first.call('holding', 1)
  const second = await fleet.start('api', './plain.ts')
  await first.kill()
  await second.call('holding', 1)
  await second.call('release')
  await (await held).body.dump()
  assert.equal(second.member.counts().retries, 1)
  assert.equal(first.member.counts().retries, 0)
})

test('a sender’s traffic says whom it has called how often, and what became of it', async t => {
  const fleet = new Fleet(t)
  const { mesh, member } = fleet.join('web')
  mesh.installGlobals()
  const { member: api } = await fleet.start('api', './plain.ts')
  for (const path of ['/', '/', '/status?502']) await (await fetch(`${url}${path}`)).body?.cancel()
  assert.deepEqual(member.traffic(), [{ to: 'api', requests: 3, failures: 1 }])
  assert.deepEqual(api.traffic(), [])
  await fleet.registry.expect('api')
  api.remove()
  await assert.rejects(fetch(url))
  assert.deepEqual(member.traffic(), [{ to: 'api', requests: 4, failures: 2 }], 'nobody answers')
  await fleet.registry.forget('api')
  await assert.rejects(fetch(url))
  assert.deepEqual(
    member.traffic(),
    [{ to: 'api', requests: 4, failures: 2 }],
    'nobody is known by that name'
  )
})

test('without detail senders count what health is judged by, and nothing else', async t => {
  const fleet = new Fleet(t, { detail: false })
  const dispatcher = fleet.dispatcher()
  const { member } = await fleet.start('api', './plain.ts')
  for (const path of ['/', '/status?503', '/echo']) {
    const body = path === '/echo' ? Readable.from([Buffer.alloc(40_000), Buffer.alloc(60_000)]) : null
    const answer = await request(`${url}${path}`, {
      method: body === null ? 'GET' : 'POST',
      body,
      dispatcher
    })
    await answer.body.dump()
  }
  assert.equal(await member.drained(60_000), true)
  const { answered, failures, durations, bytesIn, bytesOut } = member.counts()
  assert.deepEqual([answered, failures, sum(durations)], [[0, 2, 0, 0, 1], 1, 3])
  assert.deepEqual([bytesIn, bytesOut], [0, 0])
})
