/** Tests of the health watch over workers on paper and a clock that stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PaperStage } from './paper-workers.ts'

const noDelay = { p50: 0, p99: 0, max: 0 }
const mebibyte = 1024 ** 2
const full = { heapUsed: 99 * mebibyte, heapLimit: 100 * mebibyte, external: 0, loopDelay: noDelay, gcMs: 0 }
const well = { ...full, heapUsed: 10 * mebibyte }

test('HealthWatch takes a worker that does not turn out within a second, and brings it back when it does', async () => {
  const stage = await PaperStage.begin(3)
  await stage.clock.advance(250)
  const worker = stage.at(1)
  worker.block()
  await stage.clock.advance(500)
  assert.deepEqual(worker.history, [])
  await stage.clock.advance(100)
  assert.deepEqual(worker.history, ['ejected, blocked: its event loop has not turned for 550 ms'])
  await stage.clock.advance(2400)
  assert.deepEqual(stage.watch.views().get('api:1')?.causes, [
    'blocked: its event loop has not turned for 2950 ms'
  ])
  worker.unblock()
  await stage.clock.advance(900)
  assert.equal(worker.state, 'ejected')
  await stage.clock.advance(200)
  assert.equal(worker.state, 'ready')
  assert.deepEqual(worker.history.slice(1), ['restored, all is well again'])
  assert.deepEqual(stage.at(0).history, [])
})

test('HealthWatch takes out who does not turn also when nobody is judged or still warms up', async () => {
  for (const health of [{ enabled: false }, { gracePeriod: 60_000 }]) {
    const stage = await PaperStage.begin(2, health)
    stage.at(0).block()
    await stage.clock.advance(30_000)
    assert.deepEqual(stage.at(0).history, ['ejected, blocked: its event loop has not turned for 600 ms'])
  }
})

test('HealthWatch replaces a worker that is blocked for maxUnhealthyChecks intervals, and tries again', async () => {
  const stage = await PaperStage.begin(2, { interval: 1000, maxUnhealthyChecks: 3 })
  stage.replacing = 'fails'
  const worker = stage.at(0)
  // Between two checks, so that bad checks and the age of the block come apart.
  await stage.clock.advance(500)
  worker.block()
  await stage.clock.advance(2999)
  assert.equal(worker.history.length, 1)
  await stage.clock.advance(101)
  const [, first] = worker.history
  assert.match(
    first ?? '',
    /^replaced, blocked: its event loop has not turned for 3\d\d\d ms \(limit 3000 ms\)$/
  )
  await stage.clock.advance(2800)
  assert.equal(worker.history.length, 2)
  await stage.clock.advance(300)
  assert.equal(worker.history.length, 3)
  assert.ok(worker.history.every(entry => !entry.startsWith('replaced, unhealthy')))
})

test('HealthWatch holds nothing against a worker that somebody looks into, and forgets none of the past', async () => {
  const stage = await PaperStage.begin(3, { interval: 1000, maxFailures: 5 })
  const [worker, ill] = [stage.at(0), stage.at(1)]
  ill.writer.measure(full)
  await stage.clock.advance(2000)
  assert.equal(ill.state, 'ejected')
  for (const each of [worker, ill]) stage.excused.add(each)
  worker.block()
  Object.assign(worker, { failures: 50, failuresInRow: 50 })
  await stage.clock.advance(60_000)
  assert.deepEqual(worker.history, [])
  assert.equal(ill.state, 'ejected')
  worker.unblock()
  ill.writer.measure(well)
  await stage.clock.advance(200)
  stage.excused.clear()
  await stage.clock.advance(10_000)
  assert.deepEqual(worker.history, [])
  assert.equal(ill.history.at(-1), 'restored, all is well again')
  worker.block()
  await stage.clock.advance(700)
  assert.equal(worker.state, 'ejected')
})

test('HealthWatch replaces a single worker that is blocked, and never takes it out', async () => {
  const stage = await PaperStage.begin(1, { interval: 1000 })
  const worker = stage.at(0)
  worker.block()
  await stage.clock.advance(3100)
  assert.equal(worker.history.length, 1)
  assert.match(worker.history[0] ?? '', /^replaced, blocked/)
  assert.equal(stage.heard('worker:kept').length, 0)
})

test('HealthWatch takes an unhealthy worker out after fall checks and replaces it after maxUnhealthyChecks', async () => {
  const stage = await PaperStage.begin(2)
  const worker = stage.at(1)
  worker.writer.measure(full)
  await stage.clock.advance(5000)
  assert.deepEqual(worker.history, [])
  await stage.clock.advance(5000)
  const reason = 'heap in use is 99 % of 100 MiB (limit 95 %)'
  assert.deepEqual(worker.history, [`ejected, unhealthy: ${reason}`])
  await stage.clock.advance(5000)
  assert.deepEqual(worker.history.slice(1), [`replaced, unhealthy: ${reason}`])
  assert.deepEqual(
    stage.heard('worker:unhealthy').map(({ worker: name, checks, reasons }) => [name, checks, reasons]),
    [1, 2, 3].map(checks => ['api:1', checks, [reason]])
  )
  assert.notEqual(stage.at(1), worker)
  await stage.clock.advance(60_000)
  assert.deepEqual(stage.at(1).history, [])
})

test('HealthWatch brings a worker back after rise good checks', async () => {
  const stage = await PaperStage.begin(2)
  const worker = stage.at(0)
  worker.writer.measure(full)
  await stage.clock.advance(10_000)
  worker.writer.measure(well)
  await stage.clock.advance(5000)
  assert.equal(worker.state, 'ejected')
  await stage.clock.advance(5000)
  assert.equal(worker.state, 'ready')
  assert.equal(stage.heard('worker:healthy').length, 1)
})

test('HealthWatch does not judge in the grace period, nor when it is switched off', async () => {
  const stage = await PaperStage.begin(2, { gracePeriod: 20_000 })
  stage.at(0).writer.measure(full)
  await stage.clock.advance(19_999)
  assert.equal(stage.heard('worker:unhealthy').length, 0)
  await stage.clock.advance(1)
  assert.equal(stage.heard('worker:unhealthy').length, 1)
  const off = await PaperStage.begin(2, { enabled: false })
  off.at(0).writer.measure(full)
  off.at(0).failures = off.at(0).failuresInRow = 50
  await off.clock.advance(60_000)
  assert.deepEqual([off.facts, off.at(0).history], [[], []])
})

test('HealthWatch goes on counting while a replacement is under way, and begins no second one', async () => {
  const stage = await PaperStage.begin(2)
  stage.replacing = 'hangs'
  stage.at(0).writer.measure(full)
  await stage.clock.advance(60_000)
  assert.equal(stage.at(0).history.filter(entry => entry.startsWith('replaced')).length, 1)
  assert.equal(stage.heard('worker:unhealthy').at(-1)?.checks, 12)
})

test('HealthWatch brings a worker back only when all causes are over', async () => {
  const stage = await PaperStage.begin(2)
  const worker = stage.at(0)
  worker.failures = worker.failuresInRow = 5
  await stage.clock.advance(500)
  assert.deepEqual(worker.history, ['ejected, failing: 5 requests in a row failed; out for 10000 ms'])
  await stage.clock.advance(9000)
  worker.writer.check('readiness', 'bad', 'cache says: cold')
  await stage.clock.advance(3000)
  assert.deepEqual(stage.watch.views().get('api:0')?.causes, ['not ready: cache says: cold'])
  assert.equal(worker.state, 'ejected')
  worker.writer.check('readiness', 'good')
  await stage.clock.advance(100)
  assert.equal(worker.state, 'ready')
  assert.equal(worker.history.length, 2)
})

test('HealthWatch says once that a worker is kept, goes on asking, and makes room for who is worse', async () => {
  const stage = await PaperStage.begin(2)
  const [sick, blocked] = [stage.at(0), stage.at(1)]
  sick.writer.check('readiness', 'bad', 'cold')
  await stage.clock.advance(100)
  blocked.block()
  await stage.clock.advance(1000)
  assert.deepEqual([sick.state, blocked.state], ['ready', 'ejected'])
  assert.match(
    sick.history.at(-1) ?? '',
    /^restored, makes room: api:1 is blocked: its event loop has not turned/
  )
  await stage.clock.advance(1000)
  assert.deepEqual(stage.heard('worker:kept'), [{ ...sick.fact, reason: 'not ready: cold' }])
  assert.equal(stage.watch.views().get('api:0')?.isKept, true)
  blocked.unblock()
  await stage.clock.advance(1200)
  assert.deepEqual([sick.state, blocked.state], ['ejected', 'ready'])
})

test('HealthWatch lets the best of those who are out come back when all others have gone', async () => {
  const stage = await PaperStage.begin(4)
  const [blocked, sick] = [stage.at(0), stage.at(1)]
  blocked.block()
  await stage.clock.advance(1000)
  sick.writer.check('readiness', 'bad', 'cold')
  await stage.clock.advance(1000)
  assert.deepEqual([sick.state, blocked.state], ['ejected', 'ejected'])
  stage.leave(stage.at(3))
  stage.leave(stage.at(2))
  await stage.clock.advance(1000)
  assert.deepEqual([sick.state, blocked.state], ['ready', 'ejected'])
  assert.equal(stage.watch.views().get('api:1')?.isKept, true)
})

test('HealthWatch takes nobody out when it stood still itself', async () => {
  const stage = await PaperStage.begin(4)
  await stage.clock.advance(100)
  // The process is suspended: no tick comes, and all heartbeats are old when it goes on.
  for (const worker of stage.workers()) worker.block()
  stage.clock.stall(5000)
  await stage.clock.advance(0)
  for (const worker of stage.workers()) worker.unblock()
  await stage.clock.advance(2000)
  assert.deepEqual(
    stage.workers().map(({ history }) => history),
    [[], [], [], []]
  )
})

test('HealthWatch does not judge a busy application, but one worker that is busy alone', async () => {
  const stage = await PaperStage.begin(3)
  for (const worker of stage.workers()) worker.load = 1
  await stage.clock.advance(30_000)
  assert.equal(stage.heard('worker:unhealthy').length, 0)
  stage.at(1).load = 0.2
  stage.at(2).load = 0.2
  await stage.clock.advance(20_000)
  assert.match(
    stage.heard('worker:unhealthy')[0]?.reasons[0] ?? '',
    /^event loop utilization is 1 \(limit 0\.98\)/
  )
})

test('HealthWatch compares a worker with those who take requests and are warm', async () => {
  const stage = await PaperStage.begin(4)
  for (const worker of stage.workers()) worker.load = 1
  // Out, and idle for that.
  stage.at(3).load = 0
  stage.at(3).eject('by hand')
  stage.leave(stage.at(2))
  await stage.clock.advance(60_000)
  assert.equal(stage.heard('worker:unhealthy').length, 0)
})

test('HealthWatch takes checks that stop answering for bad ones', async () => {
  const stage = await PaperStage.begin(2, { interval: 1000, timeout: 1000 })
  const worker = stage.at(0)
  worker.writer.check('health', 'good')
  await stage.clock.advance(3000)
  assert.equal(stage.heard('worker:unhealthy').length, 0)
  await stage.clock.advance(1000)
  assert.deepEqual(stage.heard('worker:unhealthy')[0]?.reasons, [
    'its checks have not answered for 3 s (limit 3 s)'
  ])
  worker.writer.check('health', 'good')
  await stage.clock.advance(1000)
  assert.equal(stage.heard('worker:healthy').length, 1)
})

test('HealthWatch shows how each worker stands, and forgets who is gone', async () => {
  const stage = await PaperStage.begin(2)
  stage.at(0).writer.measure({ ...full, gcMs: 7, loopDelay: { p50: 1, p99: 2, max: 3 } })
  await stage.clock.advance(100)
  assert.equal(stage.watch.views().get('api:1')?.good, null)
  await stage.clock.advance(10_000)
  const { elu, ...view } = stage.watch.views().get('api:0') ?? { elu: null }
  assert.ok(Math.abs((elu ?? 0) - 0.1) < 1e-9)
  assert.deepEqual(view, {
    good: false,
    badChecks: 2,
    reasons: ['heap in use is 99 % of 100 MiB (limit 95 %)'],
    causes: ['unhealthy: heap in use is 99 % of 100 MiB (limit 95 %)'],
    isKept: false,
    notReady: null,
    loopDelay: { p50: 1, p99: 2, max: 3 },
    heapUsed: 99 * mebibyte,
    heapLimit: 100 * mebibyte,
    external: 0,
    gcMs: 7,
    responseMs: null,
    errorRate: null
  })
  stage.at(0).state = 'draining'
  await stage.clock.advance(100)
  assert.deepEqual([...stage.watch.views().keys()], ['api:1'])
  stage.watch.stop()
  assert.equal(stage.clock.pending, 0)
})

test('HealthWatch does not bring back who was taken out by somebody else', async () => {
  const stage = await PaperStage.begin(2)
  stage.at(0).eject('by hand')
  await stage.clock.advance(20_000)
  assert.deepEqual(stage.at(0).history, ['ejected, by hand'])
})
