/** What `top` remembers, what each key does, and what is shown in little room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noHistory, remember } from '../../../src/cli/top/history.ts'
import { logged, looked, pressed, startState } from '../../../src/cli/top/state.ts'
import type { TopState } from '../../../src/cli/top/state.ts'
import { topLines } from '../../../src/cli/top/view.ts'
import { nothingRecent } from '../../../src/main/admin/report.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { report, worker } from '../../main/admin/example-report.ts'

const recent = { ...nothingRecent, windowMs: 10_000, p99Ms: 3 }

interface Counts {
  readonly pid?: number
  readonly uptimeMs: number
  /** Requests answered, by worker. */
  readonly api: readonly number[]
}

function status({ pid = 1, uptimeMs, api }: Counts): StatusReport {
  const workers = api.map((requests, slot) =>
    Object.assign({}, worker, { name: `api:${slot}`, slot, requests, recent })
  )
  const applications = report.applications.map(each =>
    Object.assign({}, each, { workers, recent, desired: api.length, ready: api.length })
  )
  return { ...report, pid, uptimeMs, applications }
}

function plain(_style: unknown, text: string): string {
  return text
}

function keys(state: TopState, ...names: readonly string[]): TopState {
  return names.reduce((next, name) => pressed(next, name).state, state)
}

const three = looked(startState, status({ uptimeMs: 1000, api: [1, 2, 3] }))

test('remember() counts requests a second from one look to the next', () => {
  const looks: readonly Counts[] = [
    { uptimeMs: 1000, api: [10, 10] },
    { uptimeMs: 2000, api: [15, 25] },
    { uptimeMs: 4000, api: [25, 35] },
    // A worker has gone, and what it had counted.
    { uptimeMs: 5000, api: [30] },
    { uptimeMs: 6000, api: [31] }
  ]
  const history = looks.reduce((earlier, counts) => remember(earlier, status(counts)), noHistory)
  const perSecond = history.samples.get('api')?.map(sample => sample.perSecond)
  assert.deepEqual(perSecond, [null, 20, 10, null, 1])
  // Another process begins anew.
  const other = remember(history, status({ pid: 2, uptimeMs: 9000, api: [99] }))
  assert.deepEqual(other.samples.get('api'), [{ perSecond: null, p99Ms: 3 }])
  let long = noHistory
  for (let second = 1; second < 100; second += 1) {
    long = remember(long, status({ uptimeMs: second * 1000, api: [second] }))
  }
  assert.equal(long.samples.get('api')?.length, 60)
})

test('looked() keeps the row that is chosen, and takes the first worker when it has gone', () => {
  assert.equal(three.chosen, 'api:0')
  const last = keys(three, 'end')
  assert.equal(last.chosen, 'api:2')
  assert.equal(looked(last, status({ uptimeMs: 2000, api: [1, 2, 3] })).chosen, 'api:2')
  assert.equal(looked(last, status({ uptimeMs: 2000, api: [1, 2] })).chosen, 'api:0')
  assert.equal(looked(startState, { ...report, applications: [] }).chosen, null)
})

test('pressed() moves the choice and no further than the rows go', () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [['down'], 'api:1'],
    [['j', 'j', 'j', 'j'], 'api:2'],
    [['up', 'up'], 'api'],
    [['pagedown'], 'api:2'],
    [['end', 'home'], 'api']
  ]
  for (const [names, chosen] of table) assert.equal(keys(three, ...names).chosen, chosen, names.join())
})

test('pressed() asks for what is to be done to the row that is chosen', () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [['d'], 'drain api:0'],
    [['down', 'y'], 'ready api:1'],
    [['p'], 'profile api:0'],
    [['l'], 'read log api:0'],
    [['home', 'return'], 'read log api'],
    [['r', 'y'], 'restart api:0'],
    [['home', 'r', 'y'], 'restart api'],
    [['l', 'escape'], 'leave log'],
    [['q'], 'quit']
  ]
  for (const [names, wanted] of table) {
    const task = pressed(keys(three, ...names.slice(0, -1)), names.at(-1) ?? '').task
    assert.equal(task && 'row' in task ? `${task.do} ${task.row.name}` : task?.do, wanted, names.join())
  }
  const none: readonly (readonly string[])[] = [
    ['home', 'd'],
    ['r'],
    ['r', 'n'],
    ['r', 'q'],
    ['?', 'q'],
    ['l', 'd'],
    ['x']
  ]
  for (const names of none) {
    const { task } = pressed(keys(three, ...names.slice(0, -1)), names.at(-1) ?? '')
    assert.equal(task, undefined, names.join())
  }
  assert.equal(keys(three, 'home', 'd').message?.text, 'Choose a worker for that.')
  assert.equal(pressed(startState, 'd').task, undefined)
})

test('logged() stays where somebody reads, and at the newest line otherwise', () => {
  const reading = logged(keys(three, 'l'), ['1', '2', '3', '4'])
  const size = { columns: 60, rows: 6 }
  const shown = (state: TopState): string => topLines(state, size, plain).slice(2, -2).join()
  assert.equal(shown(reading), '3,4')
  assert.equal(shown(logged(reading, ['5'])), '4,5')
  const up = keys(reading, 'up')
  assert.equal(shown(up), '2,3')
  assert.equal(shown(logged(up, ['5', '6'])), '2,3')
  assert.equal(shown(keys(up, 'end')), '3,4')
  // What is not shown is not kept.
  assert.equal(logged(three, ['1']), three)
})

test('topLines() fills the terminal, however small it is', () => {
  for (const rows of [9, 12, 24, 50]) {
    assert.equal(topLines(three, { columns: 80, rows }, plain).length, rows)
  }
  const many = looked(startState, {
    ...report,
    applications: Array.from({ length: 30 }, (_, index) =>
      Object.assign({}, report.applications[0], {
        id: `app-${index}`,
        recent: { ...recent, requestsPerSecond: index }
      })
    )
  })
  const lines = topLines(many, { columns: 80, rows: 24 }, plain)
  assert.equal(lines.length, 24)
  assert.ok(lines.some(line => line === 'and 26 applications more'))
  assert.ok(lines.some(line => line.startsWith('app-29')))
})
