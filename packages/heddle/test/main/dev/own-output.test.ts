/** Which files the server itself writes into. */
import assert from 'node:assert/strict'
import { closeSync, linkSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { ownOutput } from '../../../src/main/dev/own-output.ts'
import { createProject } from './project.ts'

test('ownOutput() knows a file that output is sent to, by whatever name', t => {
  const { root } = createProject(t, { 'out.txt': '', 'other.txt': '' })
  const [out, other, link] = ['out.txt', 'other.txt', 'link.txt'].map(name => join(root, name))
  assert.ok(out !== undefined && other !== undefined && link !== undefined)
  linkSync(out, link)
  const descriptor = openSync(out, 'a')
  t.after(() => closeSync(descriptor))
  const isOwn = ownOutput([descriptor, 99_999])
  assert.deepEqual([out, link, other, join(root, 'gone')].map(isOwn), [true, true, false, false])
  assert.equal(ownOutput([])(out), false)
})
