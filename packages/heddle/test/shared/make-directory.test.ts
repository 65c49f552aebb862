/** Directories are made one by one, and what cannot be made is an error at once. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { makeDirectory } from '../../src/shared/make-directory.ts'

test('makeDirectory() makes what is absent above it, and leaves what is there', t => {
  const root = mkdtempSync(join(tmpdir(), 'heddle-'))
  t.after(() => rmSync(root, { recursive: true }))
  makeDirectory(join(root, 'a/b/c'), 0o700)
  makeDirectory(join(root, 'a/b/c'))
  const modes = ['a', 'a/b', 'a/b/c'].map(path => statSync(join(root, path)).mode & 0o777)
  assert.deepEqual(modes, [0o700, 0o700, 0o700])
  writeFileSync(join(root, 'file'), '')
  assert.throws(() => makeDirectory(join(root, 'file/below')), { code: 'ENOTDIR' })
})

// Node's own way never returns from there.
const isThere = existsSync('/proc/self')
test('makeDirectory() fails where the kernel makes none, and returns', () => {
  if (isThere) assert.throws(() => makeDirectory('/proc/heddle/a/b'), { code: 'ENOENT' })
  else assert.throws(() => makeDirectory('/dev/null/heddle'), { code: 'ENOTDIR' })
})
