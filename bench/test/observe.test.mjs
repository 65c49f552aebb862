/**
 * What is concluded of looking at a server, and that the application is blocked as it was told: for real, in a thread.
 */

// oxlint-disable no-await-in-loop -- one question after the other.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { rowOf, states } from '../observe/answers.mjs'
import { lateness, logsRow } from '../observe/logs.mjs'
import { pairRow } from '../observe/path.mjs'
import { countSeries, scrapeRow } from '../observe/scrape.mjs'
import { questions, timeOf } from '../observe/questions.mjs'
import { applicationFile, Blocks, onStage } from '../observe/stage.mjs'
import { observeTables } from '../observe/tables.mjs'
import { ways } from '../observe/ways.mjs'
import { firstAnswer, freePorts } from '../probe.mjs'
import { createGroup } from '../processes.mjs'
import { targetsOf } from '../targets.mjs'

function roundsOf(byState) {
  return Object.fromEntries(Object.keys(states).map(state => [state, byState[state] ?? [[2, 2], [4]]]))
}

test('rowOf() takes ratios round by round, and the limit for what is not answered', () => {
  const row = rowOf(
    roundsOf({
      loop: [[3, 3], [4]],
      hash: [[Infinity], [Infinity]],
      child: [[Infinity, 1, 1], []]
    })
  )
  assert.deepEqual([row.loop.ratio.min, row.loop.ratio.max, row.loop.late], [1, 1.5, 0])
  assert.deepEqual([row.hash.medianMs.median, row.hash.late, row.hash.count], [2000, 2, 2])
  assert.deepEqual([row.child.late, row.child.ratio.count, row.child.p99Ms], [1, 1, 2000])
  assert.equal(row.loop.p99Ratio, 1)
})

function answersOf(cast, byState) {
  const row = {
    cast,
    workers: 4,
    actor: 'heddle',
    problems: [],
    questions: { livez: rowOf(roundsOf(byState)) }
  }
  return { rounds: 2, limitMs: 2000, missing: { Watt: 'wattpm is not installed in bench/' }, rows: [row] }
}

function judgeUsual(byState) {
  return targetsOf('observe', { answers: answersOf('usual', byState) })
}

test('targetsOf() holds the worst way to be blocked against idle when a processor is left', () => {
  const slower = judgeUsual({ wait: [[4, 4], [8]], loop: [[3, 3], [4]] })
  assert.deepEqual(
    slower.map(({ question, value, met }) => [question, value, met]),
    [
      ['GET /livez, 4 workers blocked and waiting ÷ idle', 2, false],
      ['GET /livez, 4 workers blocked and burning ÷ idle', 1.25, true]
    ]
  )
  assert.deepEqual(
    judgeUsual({ hash: [[2, Infinity], [4]] }).map(({ met }) => met),
    [true, null]
  )
})

test('targetsOf() holds what burns all processors against others that do', () => {
  const judged = targetsOf('observe', {
    answers: answersOf('many', { loop: [[20], [40]], hash: [[20], [40]], busy: [[20], [40]] })
  })
  assert.deepEqual(
    judged.map(({ question, value }) => [question, value]),
    [
      ['GET /livez, 4 workers blocked and waiting ÷ idle', 1],
      ['GET /livez, 4 workers blocked and burning ÷ others burning', 1]
    ]
  )
})

test('observeTables() says what was not answered and who was not measured', () => {
  const blocks = observeTables({ answers: answersOf('usual', { loop: [[Infinity], [Infinity]] }) })
  assert.match(blocks['observe-answers'], /Heddle: GET \/livez +\| 3\.0 \/ 4\.0 \| +none in 2000 ms \|/)
  assert.match(blocks['observe-answers'], /- Watt: not measured, wattpm is not installed/)
})

function pathRound(rate) {
  return { rateOn: rate, rateOff: 1, rate, cpuOn: 2, cpuOff: 1, cpu: 2, foreign: 0.5 }
}

test('targetsOf() judges what metrics cost, and nothing that is invalid', () => {
  const rows = {
    'edge-metrics': pairRow('edge-metrics', [0.97, 0.99, 0.985].map(pathRound), []),
    'direct-metrics': pairRow('direct-metrics', [pathRound(1)], ['round 2: it broke'])
  }
  assert.deepEqual(
    targetsOf('observe', { path: { rows } }).map(({ value, met }) => [value, met]),
    [
      [0.985, true],
      [null, null]
    ]
  )
  const block = observeTables({ path: { rows } })['observe-path']
  assert.match(block, /metrics, direct \(invalid\)/)
  assert.match(block, /- metrics, edge: others used the machine in 3 rounds\./)
})

test('a scrape is judged by its p99, and its series are counted', () => {
  const round = {
    bytes: 2048,
    gzipBytes: null,
    series: 2,
    inProcess: { medianMs: 1, p99Ms: 5, firstMs: 9 },
    overHttp: { medianMs: 1, p99Ms: 25 },
    underLoad: { medianMs: 1, p99Ms: 50 }
  }
  const scrape = { workers: 64, ...scrapeRow([round], []) }
  assert.deepEqual(
    targetsOf('observe', { scrape }).map(({ value, met }) => [value, met]),
    [
      [5, true],
      [25, false]
    ]
  )
  assert.match(observeTables({ scrape })['observe-scrape'], /^2 series, 2 KB of text, – KB with gzip\./)
  assert.equal(countSeries('# HELP a b\na{c="d"} 1\na 2\n\n'), 2)
})

function lateRound(maxMs, linesPerSecond) {
  return { maxMs, p99Ms: 1, linesPerSecond, seen: { lines: 10, lost: 2 } }
}

test('lateness() counts every millisecond of a loop that stood still', () => {
  assert.deepEqual(lateness([], 1000), { maxMs: 0, p99Ms: 0 })
  assert.deepEqual(lateness([5], 1000), { maxMs: 5, p99Ms: 0 })
  const { maxMs, p99Ms } = lateness([500, 2], 1000)
  assert.equal(maxMs, 500)
  assert.ok(p99Ms >= 480 && p99Ms <= 500, `${p99Ms}`)
})

test('a late main thread is judged by its worst round, and only when the lines came out', () => {
  const rows = {
    heddle: logsRow('heddle', [lateRound(3, 50_000), lateRound(25, 49_000)], []),
    'heddle-file': logsRow('heddle-file', [lateRound(3, 40_000)], []),
    'heddle-followed': logsRow('heddle-followed', [lateRound(3, 50_000)], [])
  }
  assert.deepEqual(
    targetsOf('observe', { logs: { rows } }).map(({ value, met }) => [value, met]),
    [
      [25, false],
      [null, null],
      [3, true]
    ]
  )
  const block = observeTables({ logs: { rows, missing: {} } })['observe-logs']
  assert.match(block, /20, 4 told as lost/)
})

test('a part that broke off is said to have, and promises nothing', () => {
  const result = { scrape: { error: 'no room' } }
  assert.equal(observeTables(result)['observe-scrape'], '- Broke off: no room')
  assert.deepEqual(targetsOf('observe', result), [])
})

for (const way of Object.keys(ways)) {
  test(`the way ${way} holds its thread up until the moment it was told`, () => {
    const until = Date.now() + 150
    ways[way](until)
    const late = Date.now() - until
    // The child process sleeps for so many milliseconds from when it has started.
    assert.ok(late >= 0 || way === 'child', `${late}`)
    assert.ok(late > -20, `${late}`)
  })
}

test('the application blocks when it is ordered to, once, and writes down when', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-observe-'))
  const orderFile = join(directory, 'order')
  const [port] = await freePorts(1)
  const worker = new Worker(applicationFile, { env: { PORT: `${port}`, OBSERVE_ORDER: orderFile } })
  t.after(async () => {
    await worker.terminate()
    rmSync(directory, { recursive: true, force: true })
  })
  await firstAnswer(createGroup(), port, 10_000)
  const blocks = new Blocks(orderFile, 1)
  const startedAt = Date.now()
  await blocks.begin('wait', 300)
  await blocks.over()
  assert.ok(Date.now() >= startedAt + 300)
  await blocks.begin('loop', 50)
  await blocks.over()
  const records = readdirSync(`${orderFile}.records`).map(name =>
    readFileSync(join(`${orderFile}.records`, name), 'latin1')
  )
  assert.deepEqual(records, ['1 begin\n1 end\n2 begin\n2 end\n'])
})

/** Asks everything while all workers are blocked; tells whether they still were when the first answer came. */
async function askWhileBlocked(live, way, ms) {
  let wereBlocked = false
  await live.blocks.begin(way, ms)
  for (const id of Object.keys(questions)) {
    const took = await timeOf(id, live, 20_000)
    assert.ok(took > 0 && Number.isFinite(took), `${way}: ${id}`)
    if (id === 'livez') wereBlocked = live.blocks.ended() === 0
  }
  await live.blocks.over()
  return wereBlocked
}

test('every question is answered while every worker is blocked, in JavaScript and in native code', async () => {
  const nodeArgs = ['--conditions=@heddle/source']
  await onStage({ actor: 'heddle', workers: 2, nodeArgs }, async live => {
    // How long a block has to be for the first answer depends on the machine: where it was too short there is a longer one.
    for (const way of ['wait', 'hash']) {
      let ms = 1500
      while (!(await askWhileBlocked(live, way, ms))) {
        ms *= 2
        assert.ok(ms < 20_000, `${way}: livez is not answered while all are blocked`)
      }
    }
  })
})
