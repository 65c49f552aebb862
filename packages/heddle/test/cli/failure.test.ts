/** What a person reads of a failure and of what has caused it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { stripVTControlCharacters } from 'node:util'

import { printFailure } from '../../src/cli/failure.ts'
import { HeddleError } from '../../src/errors.ts'

function printed(t: TestContext, cause: unknown, reason: string): string {
  const lines: string[] = []
  const write = t.mock.method(process.stderr, 'write', (text: string) => {
    lines.push(text)
    return true
  })
  printFailure(new HeddleError('HEDDLE_CONFIG_UNREADABLE', { file: '/srv/heddle.json', reason }, { cause }))
  write.mock.restore()
  return stripVTControlCharacters(lines.join(''))
}

function errorWith(error: Error, ...calls: readonly string[]): Error {
  const head = `${error.name}: ${error.message}`
  error.stack = [head, ...calls.map(call => `    at ${call}`)].join('\n')
  return error
}

const inside = [
  'JSON.parse (<anonymous>)',
  'readJson (file:///srv/node_modules/heddle/dist/cli/main.js:211:26)',
  'async node:internal/modules/esm/loader:650:26'
]

test('printFailure() says what a file has caused once, without the calls of node and Heddle', t => {
  const error = errorWith(new SyntaxError('Unexpected end of input'), ...inside)
  const text = printed(t, error, 'Unexpected end of input')
  assert.equal(text, 'heddle: /srv/heddle.json cannot be read: Unexpected end of input.\n')
})

test('printFailure() keeps the calls of the file itself, and a cause that adds to what was said', t => {
  const own = 'file:///srv/heddle.config.mjs:3:9'
  const thrown = errorWith(new Error('no database'), own, ...inside)
  assert.equal(
    printed(t, thrown, 'no database'),
    `heddle: /srv/heddle.json cannot be read: no database.\n  Error: no database\n      at ${own}\n`
  )
  const other = errorWith(new Error('EACCES'), ...inside)
  assert.equal(
    printed(t, other, 'it is closed'),
    'heddle: /srv/heddle.json cannot be read: it is closed.\n  Error: EACCES\n'
  )
})
