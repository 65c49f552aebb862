/** Tests the two calls of the system by which descriptors are duplicated and closed. */
import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { descriptors } from './stage.ts'

test('findDescriptors() finds calls that do what they say, or nothing', () => {
  if (descriptors === null) {
    assert.ok(!process.versions.node.startsWith('26.'), 'Node.js 26 has them')
    return
  }
  const file = openSync(import.meta.filename, 'r')
  const copy = descriptors.dup(file)
  assert.notEqual(copy, file)
  assert.equal(fstatSync(copy).ino, fstatSync(file).ino)
  // Flags are octal: 02000000 is O_CLOEXEC, without which child processes would keep clients' connections open.
  if (process.platform === 'linux') {
    assert.match(readFileSync(`/proc/self/fdinfo/${copy}`, 'utf8'), /^flags:\s+0?2\d{6}$/m)
  }
  closeSync(file)
  assert.equal(fstatSync(copy).isFile(), true, 'the copy stays')
  assert.equal(descriptors.close(copy), 0)
  assert.equal(descriptors.close(copy), -1, 'it is closed once')
  assert.equal(descriptors.dup(copy), -1)
})
