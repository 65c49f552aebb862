/** What `heddle ps` shows of a server in every state. */
import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'node:test'

import { duration, statusText } from '../../../src/cli/commands/ps.ts'
import { progressText } from '../../../src/cli/progress.ts'
import { tableText } from '../../../src/cli/table-text.ts'
import { report, worker } from '../../main/admin/example-report.ts'

test('statusText() has a line for the server and one for each worker, with what is wrong with it', () => {
  const broken = { name: 'TypeError', message: 'no\n  database', stack: null, at: '' }
  const shown = statusText({
    ...report,
    url: 'http://localhost:3000',
    uptimeMs: 93_784_000,
    applications: [
      {
        id: 'api',
        phase: 'running',
        kind: 'fastify',
        ready: 1,
        workers: [
          { ...worker, inflight: 12, readyMs: 65_000, restarts: 3, lastEnd: 'stopped' },
          { ...worker, slot: 1, name: 'api:1', state: 'ejected', readyMs: null, keptOut: true },
          {
            ...worker,
            slot: 2,
            name: 'api:2',
            state: 'exited',
            readyMs: null,
            circuit: 'open',
            lastError: broken
          },
          {
            ...worker,
            slot: 3,
            name: 'api:3',
            state: 'exited',
            readyMs: null,
            lastEnd: 'ended by itself with code 3'
          }
        ]
      },
      { id: 'mail', phase: 'stopped', kind: null, ready: 0, workers: [] }
    ],
    edges: [{ name: 'edge:0', state: 'ready', heartbeatAgeMs: 3, restarts: 0, zombies: 0 }]
  })
  assert.deepEqual(stripVTControlCharacters(shown).split('\n'), [
    'Process 1 is running at http://localhost:3000, up 1d 2h',
    '',
    'APPLICATION  WORKER  STATE         READY  RESTARTS  IN FLIGHT  LAST ERROR',
    'api          api:0   ready         1m 5s         3         12',
    'api          api:1   kept out                    0          0',
    'api          api:2   circuit open                0          0  TypeError: no database',
    'api          api:3   exited                      0          0  ended by itself with code 3',
    'mail                 stopped',
    '             edge:0  ready                       0',
    ''
  ])
})

test('duration() says the two largest units', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0.0s'],
    [940, '0.9s'],
    [12_900, '12s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h 0m'],
    [200_000_000, '2d 7h']
  ]
  for (const [ms, text] of table) assert.equal(duration(ms), text)
})

test('progressText() tells the steps of an operation, and nothing else', () => {
  const worker = { application: 'api', slot: 0, worker: 'api:0' }
  assert.equal(
    progressText('worker:ready', { ...worker, bootMs: 12 }),
    'api:0: a fresh thread is ready after 12 ms'
  )
  assert.equal(
    progressText('reload:started', { changes: [] }),
    'the configuration is the same, the code may be new'
  )
  assert.equal(progressText('worker:moved', worker), null)
  assert.equal(progressText('toString', worker), null)
})

test('progressText() counts one worker as one', () => {
  assert.equal(
    progressText('application:starting', { application: 'api', workers: 1 }),
    'api starts with 1 worker'
  )
  assert.equal(
    progressText('application:scaled', { application: 'api', from: 2, to: 1 }),
    'api has 1 worker instead of 2'
  )
})

test('tableText() sets columns, numbers at their right end', () => {
  const table = tableText(
    ['NAME', 'COUNT', 'END'],
    [
      ['a', '7', 'x'],
      ['longer', '1000000', '']
    ],
    { right: [1] }
  )
  assert.equal(table, 'NAME      COUNT  END\na             7  x\nlonger  1000000\n')
})
