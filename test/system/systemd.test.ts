/**
 * The unit of docs/systemd.md as systemd itself reads it (package `systemd`; nothing of it runs), and `systemd-notify` as
 * the way to a service manager where this Node.js has none.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

import { bindDatagrams } from '../../packages/heddle/test/main/notify/datagram-socket.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const [, unit = ''] = /^```ini\n([^]*?)^```$/m.exec(readFileSync(join(root, 'docs/systemd.md'), 'utf8')) ?? []

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'heddle-systemd-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** A file with the unit, the Node.js of this test in it. */
function writeUnit(t: TestContext): string {
  const file = join(directory(t), 'shop.service')
  writeFileSync(file, unit.replaceAll('/usr/bin/node', process.execPath))
  return file
}

test('systemd finds no mistake in the unit', async t => {
  // What it does not know or cannot use it says on standard error and goes on.
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', writeUnit(t)])
  assert.equal(stdout + stderr, '')
})

test('systemd says so of a unit with a mistake', async t => {
  const file = writeUnit(t)
  writeFileSync(file, readFileSync(file, 'utf8').replace('Type=notify', 'Type=notification'))
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', file]).catch(
    (error: { readonly stderr: string }) => error
  )
  assert.match(stderr, /notification/)
})

test('systemd takes the unit for one that is little exposed', async t => {
  const { stdout } = await run('systemd-analyze', [
    'security',
    '--offline=yes',
    '--no-pager',
    '--threshold=25',
    writeUnit(t)
  ])
  assert.match(stdout, /Overall exposure level for shop\.service: [01]\.\d OK/)
})

test('systemd-notify tells where this Node.js cannot and koffi is missing', async t => {
  const path = join(directory(t), 'notify')
  const socket = bindDatagrams(t, path)
  const project = directory(t)
  mkdirSync(join(project, 'web'))
  writeFileSync(join(project, 'web/index.mjs'), 'export default (request, response) => response.end()')
  const hide = join(root, 'packages/heddle/test/fixtures/hide-koffi.cjs')
  const source = `
    process.getBuiltinModule = (find => name => name === 'node:ffi' ? undefined : find(name))(process.getBuiltinModule)
    await import('${join(root, 'packages/heddle/src/cli/main.ts')}')`
  const entry = join(project, 'start.mjs')
  writeFileSync(entry, source)
  const child = execFile(
    process.execPath,
    [
      '--conditions=@heddle/source',
      '--require',
      hide,
      entry,
      'start',
      'web',
      '--port',
      '0',
      '--admin-port',
      '0'
    ],
    { cwd: project, env: { ...process.env, NOTIFY_SOCKET: path, XDG_RUNTIME_DIR: project } }
  )
  t.after(() => child.kill('SIGKILL'))
  const ready = await socket.next('READY=1')
  assert.match(ready, new RegExp(`MAINPID=${child.pid}`))
  assert.match(ready, /STATUS=Serving at http:.* ready\./)
  child.kill('SIGTERM')
  await socket.next('STOPPING=1')
})
