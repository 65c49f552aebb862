/**
 * What Heddle promises in figures, held against the results. Pure.
 *
 * "Not behind" allows three per cent for throughput and five for p99: two equal contenders differ by that
 * much from one run to the next. A result that is missing or invalid meets nothing.
 */
import { chaosTargets, chaosTimesTargets } from './chaos/targets.mjs'
import { observeTargets } from './observe/targets.mjs'
import { scalingTargets } from './scaling/targets.mjs'

const notBehind = 0.97
const notBehindP99 = 1.05

function target(question, limit, value, unit) {
  const known = typeof value === 'number' && Number.isFinite(value)
  const met = known && (limit.atMost === undefined ? value >= limit.atLeast : value <= limit.atMost)
  return { question, limit, unit, value: known ? value : null, met: known ? met : null }
}

function bootTargets(result) {
  const { threads: bare, 'heddle-edge': edge } = result.contenders
  const usable = bare?.valid && edge?.valid
  const at = count => (usable ? { bare: bare.workers[count], edge: edge.workers[count] } : null)
  const over = (count, key) => {
    const both = at(count)
    return both === null ? null : both.edge[key]?.median - both.bare[key]?.median
  }
  const targets = []
  for (const count of [1, 4]) {
    const ratio = at(count)?.edge.ratioToBare?.median
    const which = `${count} worker${count === 1 ? '' : 's'}`
    targets.push(target(`boot ÷ bare script, ${which}`, { atMost: 2 }, ratio, '×'))
    targets.push(target(`memory over bare script, ${which}`, { atMost: 60 }, over(count, 'idleRssMb'), 'MB'))
    const loaded = over(count, 'loadedRssMb')
    targets.push(target(`memory over bare script after load, ${which}`, { atMost: 60 }, loaded, 'MB'))
  }
  const further = usable ? edge.perFurtherWorkerMb : null
  targets.push(target('memory of each further worker', { atMost: 25 }, further?.idleRss, 'MB'))
  targets.push(target('memory of each further worker, after load', { atMost: 25 }, further?.loadedRss, 'MB'))
  return targets
}

function throughputTargets(result) {
  const ratio = (application, above, below, key) => {
    const rows = result.applications[application]?.ratios ?? []
    const row = rows.find(candidate => candidate.above === above && candidate.below === below)
    return row?.valid ? row[key]?.median : null
  }
  const rate = (application, above, below) => ratio(application, above, below, 'requestsPerSecond')
  const p99 = application => ratio(application, 'heddle-edge', 'heddle-direct', 'p99')
  const direct = 'heddle-direct'
  const edge = 'heddle-edge'
  return [
    target('direct ÷ bare threads, hello', { atLeast: 0.97 }, rate('hello', direct, 'threads'), '×'),
    target('direct ÷ Watt, hello', { atLeast: notBehind }, rate('hello', direct, 'watt'), '×'),
    target('direct ÷ node:cluster, hello', { atLeast: notBehind }, rate('hello', direct, 'cluster'), '×'),
    target('edge ÷ HAProxy → processes, hello', { atLeast: 1.3 }, rate('hello', edge, 'haproxy'), '×'),
    target('edge ÷ direct, hello', { atLeast: 0.75 }, rate('hello', edge, direct), '×'),
    target('edge ÷ direct, 1 ms handler', { atLeast: 0.95 }, rate('cpu-1ms', edge, direct), '×'),
    target('p99: edge ÷ direct, hello', { atMost: notBehindP99 }, p99('hello'), '×'),
    target('p99: edge ÷ direct, 1 ms handler', { atMost: notBehindP99 }, p99('cpu-1ms'), '×')
  ]
}

function installTargets(result) {
  const { heddle } = result.contenders
  const usable = heddle?.valid ? heddle : null
  return [
    target('packages installed', { atMost: 25 }, usable?.packages, 'packages'),
    target('size installed', { atMost: 12 }, usable?.megabytes, 'MB')
  ]
}

// Row: what is held against undici-thread-interceptor, and against HTTP over loopback.
const meshRates = {
  get: [9, 3.5],
  'get-chunked': [12, 3.5],
  'post-1k': [7, 3.2],
  'post-64k': [5.5, 3],
  'get-64k': [6, 2.5],
  'post-1m': [2.7, 1.3],
  upload: [15, 1.3],
  download: [3, 1.3],
  fastify: [6, 2.5],
  express: [6, 2.5],
  hono: [6, 2.5],
  worker: [8, 3.5],
  fetch: [null, 3]
}
const meshOthers = ['interceptor', 'loopback']
const meshOtherTitles = { interceptor: 'thread-interceptor', loopback: 'loopback' }

function meshTargets({ rows }) {
  const held = (id, key, atWhat, limits) =>
    meshOthers.flatMap((side, index) => {
      if (limits[index] === null || rows[id] === undefined) return []
      const ratio = rows[id].ratios[side]
      const question = `${rows[id].title}${atWhat} ÷ ${meshOtherTitles[side]}`
      const limit = key === 'rate' ? { atLeast: limits[index] } : { atMost: limits[index] }
      return [target(question, limit, ratio?.valid ? ratio[key]?.median : null, '×')]
    })
  return [
    ...Object.entries(meshRates).flatMap(([id, limits]) => held(id, 'rate', '', limits)),
    ...held('get-1', 'p50Us', '', [0.18, 0.33]),
    ...held('get', 'p99Us', ', p99', [0.25, 0.5])
  ]
}

// A request must cost the same among 64 as between two; a tenth is what two equal runs may differ by.
function meshGrowthTargets({ rows }) {
  const two = rows[2]?.mesh
  const many = rows[64]?.mesh
  const usable = two?.valid && many?.valid
  const growth = key => (usable ? many[key].median / two[key].median : null)
  return [
    target('CPU of a request, 64 members ÷ 2', { atMost: 1.1 }, growth('cpuUs'), '×'),
    target('p50 of a request alone, 64 members ÷ 2', { atMost: 1.1 }, growth('singleP50Us'), '×'),
    target('joining as the 64th', { atMost: 50 }, usable ? many.joinMs?.median : null, 'ms')
  ]
}

const byName = {
  boot: bootTargets,
  throughput: throughputTargets,
  install: installTargets,
  mesh: meshTargets,
  'mesh-growth': meshGrowthTargets,
  chaos: result => chaosTargets(target, result),
  'chaos-times': result => chaosTimesTargets(target, result),
  observe: result => observeTargets(target, result),
  scaling: result => scalingTargets(target, result)
}

/**
 * Judges one result.
 * @param {string} name of the benchmark
 * @returns a list of `{ question, limit, unit, value, met }`; `met` is null when there is no valid value.
 */
export function targetsOf(name, result) {
  return byName[name]?.(result) ?? []
}
