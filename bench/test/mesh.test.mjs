/**
 * The mesh's measurements: what is planned, what is counted, what is said about it. And once for real: sides
 * that need nothing installed carry a short load.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sourceBuild } from '../mesh/builds.mjs'
import { memberMb } from '../mesh/growth.mjs'
import { Latencies, generate } from '../mesh/generator.mjs'
import { threadOf } from '../mesh/profile.mjs'
import { play } from '../mesh/stage.mjs'
import { planOf, ratioOf, sideRow } from '../mesh/suite.mjs'
import { meshGrowthTables, meshProfileTables, meshTables } from '../mesh/tables.mjs'
import { floors, workloads } from '../mesh/workloads.mjs'
import { targetsOf } from '../targets.mjs'

const nothing = { only: null, sides: null, before: null }

test('Latencies give the nearest rank, however many there are', () => {
  const latencies = new Latencies()
  for (let value = 200_000; value > 0; value--) latencies.add(value)
  assert.deepEqual(latencies.percentiles(0.5, 0.99, 1), [100_000, 198_000, 200_000])
  assert.deepEqual(new Latencies().percentiles(0.5), [Number.NaN])
})

test('generate() keeps so many in flight, and counts all that ended', async () => {
  let running = 0
  let most = 0
  let ended = 0
  const operate = async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    ended++
  }
  const { requests, p50Us } = await generate(operate, { inFlight: 7, seconds: 0.05 })
  assert.equal(most, 7)
  assert.equal(running, 0)
  assert.equal(requests, ended)
  assert.ok(p50Us > 0)
})

test('generate() fails with the first operation that does', async () => {
  let turn = 0
  const operate = async () => {
    if (++turn === 5) throw new Error('no')
  }
  await assert.rejects(generate(operate, { inFlight: 2, seconds: 1 }), /^Error: no$/)
})

test('planOf() gives every workload the compared sides, and a floor its own', () => {
  const plan = planOf(nothing)
  assert.equal(plan.length, Object.keys(workloads).length + Object.keys(floors).length)
  assert.deepEqual(plan.find(({ id }) => id === 'get').sides, ['mesh', 'interceptor', 'loopback'])
  assert.deepEqual(plan.find(({ id }) => id === 'floor-posts').sides, ['posts'])
})

test('planOf() adds the mesh of before, and does as it is told', () => {
  const [row] = planOf({ ...nothing, only: ['get'], before: 'HEAD' })
  assert.deepEqual(row.sides, ['mesh', 'before', 'interceptor', 'loopback'])
  assert.deepEqual(planOf({ ...nothing, only: ['get'], sides: ['mesh'] })[0].sides, ['mesh'])
})

function roundOf(rate, cpuUs = 10) {
  return { rate, p50Us: 5, p99Us: 50, cpuUs, clientCpuUs: 6, serverCpuUs: 3, foreign: 0 }
}

function resultOf(id, rates) {
  const rows = Object.fromEntries(
    Object.entries(rates).map(([side, list]) => [
      side,
      sideRow(
        side,
        list.map(rate => (rate === null ? null : roundOf(rate))),
        list.includes(null) ? ['round 1: it broke'] : []
      )
    ])
  )
  const others = Object.keys(rows).filter(side => side !== 'mesh')
  const ratios = Object.fromEntries(others.map(side => [side, ratioOf(rows.mesh, rows[side])]))
  const { title, size = 0, shown = 'rate' } = workloads[id]
  return { id, title, size, shown, sides: rows, ratios }
}

const sides = { mesh: '@heddle/mesh', interceptor: 'interceptor', loopback: 'loopback' }
const get = resultOf('get', { mesh: [100, 90], interceptor: [10, 10], loopback: [20, null] })

test('ratioOf() divides round by round, and says when a side is invalid', () => {
  assert.deepEqual([get.ratios.interceptor.rate.median, get.ratios.interceptor.valid], [9.5, true])
  assert.deepEqual([get.ratios.loopback.rate.count, get.ratios.loopback.valid], [1, false])
})

test('targetsOf() judges a row of the mesh, and nothing that was not measured', () => {
  const judged = targetsOf('mesh', { rows: { get } })
  assert.deepEqual(
    judged.map(({ question, value, met }) => [question, value, met]),
    [
      ['GET small JSON, 100 in flight ÷ thread-interceptor', 9.5, true],
      ['GET small JSON, 100 in flight ÷ loopback', null, null],
      ['GET small JSON, 100 in flight, p99 ÷ thread-interceptor', 1, false],
      ['GET small JSON, 100 in flight, p99 ÷ loopback', null, null]
    ]
  )
})

test('meshTables() shows a dash for an invalid ratio, and why', () => {
  const blocks = meshTables({ sides, rows: { get } })
  assert.match(blocks['mesh-ratios'], /requests\/s +\| +9\.50 \(9\.00–10\.00\) \| +– \|/)
  assert.match(blocks['mesh-rows'], /- undici → node:http, loopback: \*\*invalid\*\*, round 1: it broke\./)
  assert.equal(blocks['mesh-floor'], undefined)
})

function floorOf(id, side, cpuUs) {
  const round = { ...roundOf(1000, cpuUs), clientCpuUs: 2, serverCpuUs: 1 }
  return { ...floors[id], size: 0, ratios: {}, sides: { [side]: sideRow(side, [round], []) } }
}

test('meshTables() says how far the mesh is from its floors', () => {
  const rows = {
    get,
    'floor-request': floorOf('floor-request', 'stub', 4),
    'floor-posts': floorOf('floor-posts', 'posts', 1)
  }
  assert.match(
    meshTables({ sides, rows })['mesh-floor'],
    /the mesh itself and node:http objects +\| +– \| +5\.00 \| +2\.00 \| +1\.00 \|/
  )
})

const crowd = idleMb => ({ idleMb: { median: idleMb } })

test('memberMb() leaves out what workers take without a mesh', () => {
  const rows = {
    2: { mesh: crowd(101), bare: crowd(100) },
    8: { mesh: crowd(164), bare: crowd(160) },
    32: { mesh: crowd(416), bare: crowd(400) }
  }
  assert.equal(memberMb(rows, 'mesh', 'idleMb'), 0.5)
  assert.equal(memberMb({ 2: rows[2] }, 'mesh', 'idleMb'), null)
})

test('meshGrowthTables() names what could not be measured', () => {
  const summary = null
  const keys = ['upMs', 'joinMs', 'visitMs', 'idleMb', 'linkKb', 'rate', 'singleP50Us', 'cpuUs']
  const row = Object.fromEntries(keys.map(key => [key, summary]))
  const mesh = { title: 'the mesh', valid: false, problems: ['round 1: no room'], ...row }
  const blocks = meshGrowthTables({ rows: { 64: { mesh } }, perMember: {} })
  assert.match(blocks['mesh-growth'], /- the mesh \(invalid\), 64: round 1: no room\./)
})

test('threadOf() and its table charge each request its share', () => {
  const profile = {
    nodes: [{ id: 1, callFrame: { functionName: 'send', url: 'node:net', lineNumber: 0 } }],
    samples: [1, 1],
    timeDeltas: [0, 1000]
  }
  const thread = threadOf(profile, 100, () => null)
  assert.deepEqual(thread.parts, [{ name: 'node:net', share: 1, us: 10 }])
  const threads = { client: thread, server: { ...thread, parts: [] } }
  const profiles = [{ title: 'GET', side: 'the mesh', problem: null, rate: 5, threads }]
  assert.match(meshProfileTables({ profiles })['mesh-profile'], /\| `node:net` +\| +10\.00 \| +0\.00 \|/)
})

const brief = { seconds: 0.05, warmUpSeconds: 0.01 }

for (const [side, id] of [
  ['mesh', 'get'],
  ['mesh', 'worker'],
  ['mesh', 'upload'],
  ['loopback', 'fetch'],
  ['loopback', 'download'],
  ['posts', 'floor-posts'],
  ['stub', 'floor-fetch']
]) {
  test(`${side} carries the workload ${id}`, async () => {
    const workload = { ...workloads, ...floors }[id]
    const settings = side === 'mesh' ? { entry: sourceBuild() } : {}
    const outcome = await play('measure.mjs', { side, settings, workload, ...brief }, { lastsMs: 1000 })
    // How many is the machine's business.
    assert.ok(outcome.requests > 0)
    assert.ok(outcome.p50Us > 0 && outcome.clientCpuUs > 0)
  })
}

test('play() tells why a measurement failed', async () => {
  const order = { side: 'loopback', workload: { ...workloads.get, operation: 'unheard-of' }, ...brief }
  await assert.rejects(play('measure.mjs', order, { lastsMs: 1000 }), /ended with code 1: [^]*not a function/)
})
