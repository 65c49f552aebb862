/**
 * Real processes: nothing that was started may be left, not even what left its parent.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { createGroup, end, launch, memoryOf, pidsOf } from '../processes.mjs'

const sleeper = 'setInterval(() => {}, 1000)'
/** Ends when its child, which has nothing left of it, runs. */
const daemonizer = `
const { spawn } = require('node:child_process')
const stdio = ['ignore', 'ignore', 'ignore', 'ipc']
const child = spawn(process.execPath, ['-e', ${JSON.stringify(`process.send('up'); ${sleeper}`)}], { detached: true, stdio })
child.once('message', () => {
  child.disconnect()
  child.unref()
})
`

test('end() finds a daemon that has left its parent', async () => {
  const group = createGroup()
  const { child } = launch(group, { command: process.execPath, args: ['-e', daemonizer], daemon: true })
  await once(child, 'exit')
  assert.equal(pidsOf(group).length, 1)
  assert.ok(memoryOf(group).rssMb > 10)
  assert.equal(group.failure(), null)
  await end(group)
  assert.deepEqual(pidsOf(group), [])
})

test('end() kills what ignores SIGTERM', async () => {
  const group = createGroup()
  const stubborn = `process.on('SIGTERM', () => {}); console.log('up'); ${sleeper}`
  const { child } = launch(group, { command: process.execPath, args: ['-e', stubborn] })
  await once(child.stdout, 'data')
  await end(group)
  assert.deepEqual(pidsOf(group), [])
})

test('launch() tells why a process cannot answer any more', async () => {
  const group = createGroup()
  const { child } = launch(group, {
    command: process.execPath,
    args: ['-e', 'console.error("no"); process.exit(3)']
  })
  await once(child, 'close')
  assert.match(group.failure() ?? '', /ended with code 3: no/)
})
