/** Tests of what the system says of this process. */
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'

import { readProcess } from '../../../src/main/metrics/process-facts.ts'

test('readProcess() tells how this process stands', () => {
  const { cpu, rssBytes, startedAt, openFds, maxFds } = readProcess()
  assert.ok(cpu.user > 0 && rssBytes > 1e7)
  assert.ok(startedAt * 1000 < Date.now() && startedAt * 1000 > Date.now() - 600_000)
  if (process.platform !== 'linux') return
  assert.ok(openFds !== null && maxFds !== null && openFds > 2 && openFds < maxFds)
})

test('readProcess() counts what is open', () => {
  const before = readProcess().openFds
  const files = Array.from({ length: 5 }, () => openSync(import.meta.filename, 'r'))
  const after = readProcess().openFds
  for (const file of files) closeSync(file)
  assert.equal(after, before === null ? null : before + 5)
})
