/** Where the socket for commands is, who may open it, and what becomes of those of dead servers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { runningServers, socketDirectory, socketPathMax } from '../../../src/control/server-facts.ts'
import { introduction, setUp } from './api-stage.ts'

test('ControlSocket lets in nobody but its user, and says who the server is', async t => {
  const { directory, control } = setUp(t)
  const socket = await control.open(introduction)
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  control.introduce({ url: 'http://localhost:3000' })
  const [facts, ...others] = await runningServers(directory)
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(facts, {
    ...introduction,
    pid: process.pid,
    socket,
    url: 'http://localhost:3000'
  })
  assert.equal(statSync(socket.replace(/sock$/, 'json')).mode & 0o777, 0o600)
  await control.close()
  assert.deepEqual(await runningServers(directory), [])
  assert.ok(!existsSync(socket))
})

test('ControlSocket gives a second server of one process a socket of its own', async t => {
  const { directory, control } = setUp(t)
  const first = await control.open(introduction)
  const second = await setUp(t, directory).control.open(introduction)
  assert.notEqual(first, second)
  assert.equal((await runningServers(directory)).length, 2)
})

test('ControlSocket gives two servers that begin at the same moment a socket each, and each keeps its own', async t => {
  const { directory, control } = setUp(t)
  const other = setUp(t, directory).control
  const [first, second] = await Promise.all([control.open(introduction), other.open(introduction)])
  assert.notEqual(first, second)
  await control.close()
  const left = await runningServers(directory)
  assert.deepEqual(
    left.map(({ socket }) => socket),
    [second]
  )
  const third = await setUp(t, directory).control.open(introduction)
  assert.equal(third, first, 'a path that was given back')
})

test('ControlSocket removes what dead servers have left, and nothing of those that live', async t => {
  const { directory, control } = setUp(t)
  mkdirSync(directory, { mode: 0o700 })
  // No process has this number: it is larger than any system gives.
  const facts = { ...introduction, pid: 2 ** 30, startedAt: '', socket: join(directory, 'dead.sock') }
  writeFileSync(join(directory, 'dead.json'), JSON.stringify(facts))
  writeFileSync(facts.socket, '')
  const living = createServer().listen(join(directory, 'other.sock'))
  t.after(() => living.close())
  await once(living, 'listening')
  // In a container of its own, for example: its number means nothing here, but it answers.
  writeFileSync(
    join(directory, 'other.json'),
    JSON.stringify({ ...facts, socket: join(directory, 'other.sock') })
  )
  writeFileSync(join(directory, 'torn.json'), '{"pid":')
  await control.open(introduction)
  assert.ok(!existsSync(join(directory, 'dead.json')) && !existsSync(facts.socket))
  assert.ok(existsSync(join(directory, 'other.json')))
  assert.equal(readFileSync(join(directory, 'torn.json'), 'utf8'), '{"pid":')
})

test('ControlSocket says why it cannot be opened', async t => {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-api-'))
  t.after(() => rmSync(parent, { recursive: true }))
  const open = join(parent, 'open')
  mkdirSync(open)
  chmodSync(open, 0o755)
  const file = join(parent, 'file')
  writeFileSync(file, '')
  // Whoever makes a directory there is told that /proc is not.
  const nowhere = '/proc/nowhere'
  const long = join(parent, 'x'.repeat(socketPathMax))
  const table: readonly (readonly [string, RegExp])[] = [
    [open, /the directory can be entered by other users/],
    [file, /EEXIST|the directory is no directory/],
    [join(file, 'heddle'), /ENOTDIR/],
    [join(nowhere, 'heddle'), /ENOENT|EACCES|EROFS/],
    [long, /its path is longer than the \d+ bytes the system allows: set XDG_RUNTIME_DIR to a shorter one/]
  ]
  for (const [directory, message] of table) {
    await assert.rejects(setUp(t, directory).control.open(introduction), {
      code: 'HEDDLE_SOCKET_FAILED',
      message
    })
  }
})

test('Facts speak of the socket beside them alone, whatever is written there', async t => {
  const { directory, control } = setUp(t)
  mkdirSync(directory, { mode: 0o700 })
  const precious = join(directory, 'precious')
  writeFileSync(precious, '')
  const facts = { ...introduction, pid: 2 ** 30, startedAt: '' }
  writeFileSync(join(directory, 'far.json'), JSON.stringify({ ...facts, socket: precious }))
  writeFileSync(join(directory, 'none.json'), JSON.stringify({ ...facts, socket: '' }))
  assert.deepEqual(await runningServers(directory), [])
  await control.open(introduction)
  assert.ok(existsSync(precious))
  assert.ok(!existsSync(join(directory, 'none.json')))
})

test('socketDirectory() passes over an XDG_RUNTIME_DIR that is not absolute', () => {
  assert.equal(socketDirectory({ XDG_RUNTIME_DIR: '/run/user/7' }), join('/run/user/7', 'heddle'))
  for (const XDG_RUNTIME_DIR of ['run', './run', '']) {
    assert.equal(socketDirectory({ XDG_RUNTIME_DIR }), socketDirectory({}))
  }
})
