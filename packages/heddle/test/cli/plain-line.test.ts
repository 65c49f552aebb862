/** Command lines node's parser may read, and those left to commander. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readPlainLine } from '../../src/cli/plain-line.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Typed } from '../../src/cli/program.ts'

const plain: readonly (readonly string[])[] = [
  ['start'],
  ['start', 'server.js', '--workers', '4', '-p', '8080'],
  ['start', '-p8080', '--mode=direct', '--json'],
  ['start', '--port', '1', '--port', '2'],
  ['start', '--', 'server.js'],
  ['check', '--config', 'heddle.json', '--json'],
  ['config', '--show-env'],
  ['restart'],
  ['restart', 'api', 'jobs', '--config', 'heddle.json', '--json'],
  ['scale', 'api', '4', '--pid', '4711'],
  ['apps', 'add', 'mail', './mail', '--workers', '2'],
  ['apps', 'stop', 'mail'],
  ['inject', 'api', '/x', '-H', 'a: 1', '--header=b: 2', '-d', '@file', '-i', '-f'],
  ['logs', '-f', 'api', '-n', '5', '-l', 'warn'],
  ['events', 'worker', 'booted', '--json'],
  ['profile', 'cpu', 'api:1', '--seconds', '3'],
  ['config', '--diff', '--name', 'shop'],
  ['ps', '-a']
]

test('readPlainLine() reads plain lines as commander does', async () => {
  for (const argv of plain) {
    let seen: Typed | null = null
    const run = async (typed: Typed): Promise<number> => {
      seen = typed
      return 0
    }
    await createProgram(
      '0',
      async () => run,
      () => {}
    ).parseAsync([...argv], { from: 'user' })
    const read = readPlainLine(argv)
    assert.deepEqual({ words: read?.typed.words, options: { ...read?.typed.options } }, seen, argv.join(' '))
  }
})

const special: readonly (readonly string[])[] = [
  [],
  ['--version'],
  ['help', 'start'],
  ['start', '--help'],
  ['strat'],
  ['start', '--prot', '1'],
  ['start', '--port'],
  ['start', '--port', '-1'],
  ['start', 'a.js', 'b.js'],
  ['start', 'a.js', '--config', 'heddle.json'],
  ['scale', 'api'],
  ['scale', 'api', '1', '2'],
  ['apps'],
  ['apps', 'start']
]

test('readPlainLine() leaves help and mistakes to commander', () => {
  for (const argv of special) assert.equal(readPlainLine(argv), null, argv.join(' '))
})

function readDev(...argv: string[]): unknown {
  const { words, options } = readPlainLine(['dev', ...argv])?.typed ?? { words: [], options: {} }
  return [words, options['inspect'], options['inspect-brk']]
}

test('readPlainLine() takes a value that may be left out only behind =', () => {
  assert.deepEqual(readDev('--inspect', 'server.js'), [['server.js'], '', undefined])
  assert.deepEqual(readDev('--inspect=9300', 'server.js'), [['server.js'], '9300', undefined])
  assert.deepEqual(readDev('server.js', '--inspect-brk'), [['server.js'], undefined, ''])
  assert.deepEqual(readDev('server.js'), [['server.js'], undefined, undefined])
  assert.deepEqual(readDev('--', '--inspect'), [['--inspect'], undefined, undefined])
})
