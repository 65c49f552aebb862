/** Where a syntax error is, in workers that cannot load their application. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'

import { placeSyntaxError } from '../../src/shared/syntax-place.ts'
import { startWorker } from './worker-harness.ts'

/** Files by their path in a directory of their own, which is returned. */
function write(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-syntax-'))
  t.after(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, 'lib'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text)
  return directory
}

test('boot says in which file and line a syntax error is, also of what the entry imports', async t => {
  const directory = write(t, {
    'app.mjs': "import './lib/fine.mjs'\nimport './lib/wrong.mjs'\n",
    'lib/fine.mjs': 'export default 1\n',
    'lib/wrong.mjs': 'export const a = 1\nconst b = { c: 1,, }\n'
  })
  const running = startWorker(t, 'listener-esm/app.mjs', { boot: { entry: join(directory, 'app.mjs') } })
  const { error } = await running.next('failed')
  assert.match(error.stack ?? '', /lib\/wrong\.mjs:2\nconst b = \{ c: 1,, \}\n +\^[\s\S]*SyntaxError: /)
})

test('placeSyntaxError() leaves alone what is placed, what is no syntax error, and what it cannot find', t => {
  const directory = write(t, { 'fine.mjs': 'export default 1\n', 'wrong.mjs': 'syntax error(\n' })
  const urls = ['wrong.mjs', 'fine.mjs', 'gone.mjs'].map(path => pathToFileURL(join(directory, path)).href)
  const placed = new SyntaxError("Unexpected identifier 'error'")
  placed.stack = 'file:///somewhere.ts:3'
  const other = new Error("Unexpected identifier 'error'")
  const elsewhere = new SyntaxError('Unexpected end of JSON input')
  for (const error of [placed, other, elsewhere]) {
    const { stack } = error
    placeSyntaxError(error, urls)
    assert.equal(error.stack, stack)
  }
  const found = new SyntaxError("Unexpected identifier 'error'")
  found.stack = 'SyntaxError: here'
  placeSyntaxError(found, urls)
  assert.match(found.stack, /wrong\.mjs:1\nsyntax error\(\n +\^+\nSyntaxError: here$/)
  const unknown = new SyntaxError("Unexpected identifier 'error'")
  placeSyntaxError(unknown, [])
  assert.doesNotMatch(unknown.stack ?? '', /wrong\.mjs/)
})

test('placeSyntaxError() places what is missing at the end of a file', t => {
  const directory = write(t, { 'open.mjs': 'export function open() {\n' })
  const error = new SyntaxError('Unexpected end of input')
  error.stack = 'SyntaxError: here'
  placeSyntaxError(error, [pathToFileURL(join(directory, 'open.mjs')).href])
  assert.match(error.stack, /open\.mjs:2\nSyntaxError: here$/)
})
