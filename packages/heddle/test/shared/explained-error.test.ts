/** Errors as they are thrown, and what is said of them to who has to mend them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { explainError, originOf } from '../../src/shared/explained-error.ts'
import type { ExplainedError } from '../../src/shared/explained-error.ts'

const files: Readonly<Record<string, string>> = {
  '/srv/app/server.mjs': "import { x } from './lib/x.mjs'\n\nconst user = undefined\nuser.name()\n",
  '/srv/app/lib/x.mjs': 'export const x = ;\n',
  '/srv/elsewhere/y.mjs': 'y()\n'
}

function explain(error: unknown): ExplainedError {
  return explainError(error, { base: '/srv/app', read: file => files[file] ?? null })
}

function thrown(name: string, message: string, stack: readonly string[], facts: object = {}): Error {
  const error = Object.assign(new Error(message), facts)
  return Object.defineProperties(error, { name: { value: name }, stack: { value: stack.join('\n') } })
}

test('explainError() finds the first call that is the application’s own', () => {
  const { name, message, place, frame, calls } = explain(
    thrown('TypeError', 'no name', [
      'TypeError: no name',
      '    at check (/srv/app/node_modules/ajv/index.js:1:1)',
      '    at handler (file:///srv/app/server.mjs:4:6)',
      '    at y (/srv/elsewhere/y.mjs:1:1)',
      '    at emit (node:events:1:1)'
    ])
  )
  assert.deepEqual([name, message], ['TypeError', 'no name'])
  assert.deepEqual(place, { file: 'server.mjs', line: 4, column: 6 })
  assert.equal(frame?.lines.find(({ number }) => number === 4)?.text, 'user.name()')
  assert.deepEqual(
    calls.map(({ file, origin }) => [file, origin]),
    [
      ['node_modules/ajv/index.js', 'dependency'],
      ['server.mjs', 'own'],
      ['/srv/elsewhere/y.mjs', 'own'],
      ['node:events', 'runtime']
    ]
  )
})

test('explainError() goes where code cannot be read, whoever has loaded it', () => {
  const { place, frame } = explain(
    thrown('SyntaxError', 'Unexpected token', [
      'file:///srv/app/lib/x.mjs:1',
      'export const x = ;',
      '                 ^',
      'SyntaxError: Unexpected token',
      '    at load (file:///srv/app/server.mjs:1:1)'
    ])
  )
  assert.deepEqual(place, { file: 'lib/x.mjs', line: 1, column: 18 })
  assert.equal(frame?.column, 18)
})

test('explainError() finds the line that asks for a module that is not there', () => {
  for (const what of ["module '/srv/app/lib/x.mjs'", "package 'x'"]) {
    const message = `Cannot find ${what} imported from /srv/app/server.mjs`
    const { place, code } = explain(
      thrown('Error', message, [`Error: ${message}`, '    at f (node:internal/x:1:1)'], {
        code: 'ERR_MODULE_NOT_FOUND'
      })
    )
    assert.deepEqual([place?.file, place?.line, code], ['server.mjs', 1, 'ERR_MODULE_NOT_FOUND'])
  }
})

test('explainError() names causes with their places, and goes to one when the error itself has none', () => {
  const cause = thrown('RangeError', 'too far', ['RangeError: too far', '    at f (/srv/app/server.mjs:3:1)'])
  const { place, causes } = explain(
    thrown('Error', 'failed', ['Error: failed', '    at g (node:events:1:1)'], { cause })
  )
  assert.deepEqual(causes, ['RangeError: too far (server.mjs:3:1)'])
  assert.deepEqual(place, { file: 'server.mjs', line: 3, column: 1 })
})

test('explainError() says of an entry that is gone just that', () => {
  const boot = new URL('../../src/worker/boot.ts', import.meta.url).pathname
  const message = `Cannot find module '/srv/app/gone.mjs' imported from ${boot}`
  const stack = [`Error: ${message}`, '    at finalizeResolution (node:internal/modules/esm/resolve:272:11)']
  const facts = explain(thrown('Error', message, stack, { code: 'ERR_MODULE_NOT_FOUND' }))
  assert.deepEqual([facts.message, facts.calls], ["Cannot find module '/srv/app/gone.mjs'", []])
})

test('explainError() takes whatever was thrown', () => {
  for (const value of ['a word', null, undefined, 7, { message: 'x' }, thrown('', '', [])]) {
    const { place, frame, calls } = explain(value)
    assert.deepEqual([place, frame, calls], [null, null, []])
  }
  assert.ok(explain(new Error('x'.repeat(1_000_000))).message.length < 5000)
})

test('originOf() knows whose code a file is', () => {
  const own = new URL('../../src/worker/boot.ts', import.meta.url).pathname
  assert.deepEqual(
    ['/srv/app/a.mjs', '/srv/node_modules/x/a.js', 'node:fs', '<anonymous>', own].map(originOf),
    ['own', 'dependency', 'runtime', 'runtime', 'runtime']
  )
})
