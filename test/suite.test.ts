/**
 * The tool that runs the suite of a framework through the mesh: small suites of our own, in which nothing may
 * differ, and one in which something does.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { compare, readLedger, type Difference, type RunResult } from '../tools/suite/outcomes.ts'
import { planFor, readTap, scriptOf } from '../tools/suite/runners.ts'

const folder = join(import.meta.dirname, 'fixtures/suite')
const tool = join(import.meta.dirname, '../tools/suite.ts')

interface Verdict {
  readonly code: number
  readonly output: string
  readonly differences: readonly Difference[]
}

/** Runs the tool on files of the small suite. */
async function judge(...files: readonly string[]): Promise<Verdict> {
  const scratch = mkdtempSync(join(tmpdir(), 'heddle-suite-test-'))
  const json = join(scratch, 'differences.json')
  const args = [tool, folder, '--json', json, '--', 'node', '--test', ...files]
  const { code, output } = await new Promise<{ code: number; output: string }>(resolve => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    )
  })
  const differences = JSON.parse(readFileSync(json, 'utf8')) as Difference[]
  rmSync(scratch, { recursive: true })
  return { code, output, differences }
}

function run(outcomes: Record<string, 'pass' | 'fail'>): RunResult {
  return {
    tests: new Map(Object.entries(outcomes).map(([test, outcome]) => [test, { test, outcome }])),
    traffic: { servers: 1, requests: 1 }
  }
}

test('the suites of applications run through the mesh unchanged', async () => {
  const { code, output, differences } = await judge('express.mjs', 'fastify.mjs')
  assert.deepEqual(differences, [], output)
  assert.equal(code, 0, output)
  assert.match(output, /with the mesh: 7 tests, 7 passed.* 9 requests to 9 servers through the mesh/)
})

test('a server listens, says where, and closes as ever', async () => {
  const { code, output, differences } = await judge('listening.mjs')
  assert.deepEqual(differences, [], output)
  assert.equal(code, 0, output)
  assert.match(output, /without the mesh: 9 tests, 9 passed/)
})

test('a test that is not the same through the mesh is found and named', async () => {
  const { code, output, differences } = await judge('differing.mjs')
  assert.equal(code, 1, output)
  assert.deepEqual(
    differences.map(({ test, without, with: withMesh }) => ({ test, without, with: withMesh })),
    [{ test: 'differing.mjs: a test that is not', without: 'pass', with: 'fail' }]
  )
  assert.match(output, /1 difference/)
})

test('a suite of which nothing comes through the mesh is no success', async () => {
  const { code, output } = await judge('client.mjs')
  assert.equal(code, 1)
  assert.match(output, /Nothing came through the mesh/)
})

test('rounds tell a test that is never the same from one that differs', () => {
  const without = [run({ steady: 'pass', moody: 'pass' }), run({ steady: 'pass', moody: 'fail' })]
  const withMesh = [run({ steady: 'fail', moody: 'fail' }), run({ steady: 'fail', moody: 'fail' })]
  assert.deepEqual(
    compare(without, withMesh).map(({ test }) => test),
    ['steady']
  )
  assert.equal(compare(withMesh, [run({ steady: 'fail' })])[0]?.with, 'absent')
})

test('tests of one name are told apart', () => {
  const lines = ['a', 'a', 'b'].map(test => JSON.stringify({ test, file: '/suite/x.js', outcome: 'pass' }))
  const { tests } = readLedger(lines.join('\n'), '/suite')
  assert.deepEqual([...tests.keys()], ['x.js: a', 'x.js: a (2)', 'x.js: b'])
})

test('TAP is read with its subtests', () => {
  const tap = [
    'TAP version 13',
    '# Subtest: outer',
    '    ok 1 - inner',
    '    not ok 2 - broken',
    '    ok 3 - later # SKIP',
    '    1..3',
    'not ok 1 - outer',
    'ok 2 - plain # time=3ms'
  ]
  assert.deepEqual(
    readTap(tap.join('\n')).map(({ test, outcome }) => `${outcome} ${test}`),
    ['pass outer > inner', 'fail outer > broken', 'skip outer > later', 'fail outer', 'pass plain']
  )
})

test('runners are recognised by their commands', () => {
  assert.equal(scriptOf({ lint: 'eslint', test: 'npm run lint && mocha test/', unit: 'borp' }), 'mocha test/')
  assert.equal(scriptOf({ test: 'npm run unit', unit: 'node --test' }), 'node --test')
  assert.equal(scriptOf({ test: 'make' }), null)
  assert.match(planFor('npx mocha --bail test/', 'r').command, /--bail test\/ --no-bail --reporter '.*cjs'$/)
  assert.match(planFor('node --test a.js', 'r').command, /--test --test-reporter='.*mjs' --test-reporter-des/)
  assert.match(planFor('vitest', 'r').command, /^vitest run --reporter=json --outputFile='r'$/)
  assert.match(planFor('tap test/*.js', 'r').command, /--reporter=tap$/)
})
