/** The small readers: units, names, duplicate keys, options of Node.js. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { toId } from '../../src/config/applications.ts'
import { findDuplicateKeys } from '../../src/config/json.ts'
import { nearest } from '../../src/config/nearest.ts'
import { heapOptionIn, splitNodeOptions, workerOptions } from '../../src/config/node-options.ts'
import { parseDuration, parseMemory, parseRatio, parseSize } from '../../src/config/units.ts'

test('parseDuration() reads milliseconds', () => {
  const table: readonly [string, number | null][] = [
    ['250', 250],
    ['250ms', 250],
    ['1.5 s', 1500],
    ['5M', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['-1s', null],
    ['s', null],
    ['1 week', null],
    ['', null]
  ]
  for (const [text, expected] of table) assert.equal(parseDuration(text), expected, text)
})

test('parseSize() reads bytes and parseMemory() MiB', () => {
  assert.deepEqual(['512', '512B', '16KB', '1.5MiB', '2gb', '1TB'].map(parseSize), [
    512,
    512,
    16_384,
    1_572_864,
    2_147_483_648,
    null
  ])
  assert.deepEqual(['256', '256MB', '2GB', '1KB', 'much'].map(parseMemory), [256, 256, 2048, 1, null])
})

test('parseRatio() reads parts of a whole', () => {
  assert.deepEqual(['0.25', '25%', '1', '12.5 %', '-1', '%', 'half'].map(parseRatio), [
    0.25,
    0.25,
    1,
    0.125,
    null,
    null,
    null
  ])
})

test('nearest() finds what was probably meant', () => {
  const known = ['port', 'hostname', 'trustProxy']
  assert.deepEqual(
    ['prot', 'Port', 'hostnam', 'trustproxies', 'xyz', 'p'].map(name => nearest(name, known)),
    ['port', 'port', 'hostname', 'trustProxy', null, null]
  )
})

test('toId() makes a label of a name', () => {
  assert.deepEqual(['My_App', '.hidden', 'a--b', '日本'].map(toId), ['my-app', 'hidden', 'a-b', ''])
})

function paths(text: string): string[] {
  return findDuplicateKeys(text).map(({ path }) => path)
}

test('findDuplicateKeys() finds keys that are written twice, at their path', () => {
  assert.deepEqual(paths('{"a":1,"b":{"a":[1,{"c":"{\\"c\\":1}","c":2}],"a":2},"x":"a","a":null}'), [
    'b.a[1].c',
    'b.a',
    'a'
  ])
  assert.deepEqual(paths('{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}'), [])
  assert.deepEqual(paths(String.raw`{"a":1,"\u0061":2}`), ['a'])
})

test('heapOptionIn() knows every spelling', () => {
  const spellings = [
    '--max-old-space-size=1',
    '--max_old_space_size=1',
    '--max-old-space-size',
    '--max-old-space-size-percentage=50'
  ]
  for (const option of spellings) assert.equal(heapOptionIn(['--x', option]), option)
  assert.equal(heapOptionIn(splitNodeOptions('--max-old-space-sizes=1 --import=x')), null)
})

test('workerOptions are taken by a worker of this Node.js', async () => {
  const values: Readonly<Record<string, string>> = {
    '--conditions': 'x',
    '--disable-warning': 'X',
    '--dns-result-order': 'ipv4first',
    '--experimental-loader': 'data:text/javascript,1',
    '--import': 'data:text/javascript,1',
    '--max-http-header-size': '9000',
    '--network-family-autoselection-attempt-timeout': '500',
    '--require': 'node:fs',
    '--unhandled-rejections': 'strict'
  }
  for (const name of workerOptions) {
    const option = values[name] === undefined ? name : `${name}=${values[name]}`
    // Only the constructor judges options: the thread may end at once.
    const worker = new Worker('', { eval: true, execArgv: [option], stdout: true, stderr: true })
    await once(worker, 'exit')
  }
})
