/** The other commands for a running server: how it is found, looked at, changed and stopped. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

import { runtimeDirectory } from './heddle-process.ts'
import { answering, createProject, gettingStuck } from './project.ts'

const files = {
  'heddle.config.ts':
    "export default { applications: { web: { path: './web', workers: 1 } }, server: { port: 0 }, admin: { enabled: false } }",
  'web/server.mjs': answering('one'),
  'mail/server.mjs': answering('mail')
}

const get = async (url: string): Promise<string> =>
  (await fetch(url, { headers: { connection: 'close' } })).text()

test('scale and apps change what runs, and refuse what must not be', async t => {
  const project = createProject(t, files)
  const { url } = await project.start()
  assert.equal((await project.heddle('scale', 'web', '3')).stdout, '✔ web has 3 workers.\n')
  assert.equal((await project.heddle('scale', 'web', 'many')).code, 2)
  assert.equal((await project.heddle('scale', '', '3')).code, 2)
  const list = await project.heddle('apps', 'add', 'mail', './mail', '--settings', '[]')
  assert.deepEqual([list.code, /--settings has to be a JSON object/.test(list.stderr)], [2, true])
  const settings = '{"dependencies":["web"]}'
  const added = await project.heddle('apps', 'add', 'mail', './mail', '-w', '1', '--settings', settings)
  assert.deepEqual([added.code, added.stdout], [0, '✔ mail was added and is ready.\n'])
  const needed = await project.heddle('apps', 'stop', 'web')
  assert.equal(needed.code, 2)
  assert.match(needed.stderr, /^heddle: The application web is needed by mail/)
  assert.equal((await project.heddle('apps', 'stop', 'mail')).code, 0)
  await project.shows(/^web +3\/3 ready[^]*^ {2}web:2 +ready[^]*^mail:0 +stopped/m, 'ps')
  assert.equal((await project.heddle('apps', 'remove', 'mail')).code, 0)
  assert.equal(await get(url), 'one')
})

test('stop waits until the process is gone, and what is in flight is finished', async t => {
  const project = createProject(t, files)
  const { url, child, exited } = await project.start()
  const begun = await fetch(`${url}/begun?ms=700`)
  const { code, stdout } = await project.heddle('stop')
  assert.equal(code, 0)
  assert.match(
    stdout,
    new RegExp(`^✔ The server \\(process ${child.pid}\\) has stopped in \\d+\\.\\d s\\.\\n$`)
  )
  // This process hears of it a moment later than the command has seen it.
  assert.deepEqual(await exited, { code: 0, signal: null })
  assert.equal(await begun.text(), 'one')
  const none = await project.heddle('stop')
  assert.equal(none.code, 68)
  assert.match(none.stderr, new RegExp(`^heddle: No server runs in ${project.root}\\.`))
})

test('a command finds its server by directory, file, name, process or socket, and never guesses', async t => {
  const [first, second] = [createProject(t, files), createProject(t, files)]
  const { child } = await first.start()
  await second.start()
  const pid = String(child.pid)
  const directory = join(runtimeDirectory, 'heddle')
  const socket = join(directory, `${pid}.sock`)
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  const named = [
    ['--name', basename(first.root)],
    ['--config', first.root],
    ['--config', join(first.root, 'heddle.config.ts')],
    ['--pid', pid],
    ['--socket', socket]
  ]
  for (const options of named) {
    const { code, stdout } = await second.heddle('ps', ...options)
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^heddle-project-\\w+ \\(process ${pid}\\) is running`))
  }
  const empty = createProject(t, {})
  const { code, stderr } = await empty.heddle('ps')
  assert.equal(code, 68)
  for (const { root } of [first, second]) {
    assert.match(stderr, new RegExp(`process \\d+ in ${root} \\(heddle\\.config\\.ts\\) at http://.*: web`))
  }
  const nobody = await first.heddle('ps', '--socket', join(directory, 'nobody.sock'))
  assert.equal(nobody.code, 68)
  assert.match(nobody.stderr, /^heddle: No server runs at .*nobody\.sock\.\n {2}process \d+ in /)
  chmodSync(directory, 0o755)
  const mistrusted = await first.heddle('ps')
  chmodSync(directory, 0o700)
  assert.equal(mistrusted.code, 68)
  assert.match(mistrusted.stderr, /heddle cannot be used: the directory can be entered by other users\.\n$/)
  // Two in one directory: only the process tells them apart.
  await first.start()
  const two = await first.heddle('ps')
  assert.equal(two.code, 68)
  assert.match(two.stderr, /2 servers run in .*: choose one with --pid\./)
  // What a killed server leaves behind is neither listed nor kept.
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.equal((await first.heddle('ps')).code, 0)
  const { child: last } = await empty.start(join(first.root, 'web/server.mjs'), '--port', '0')
  assert.ok(!readdirSync(directory).some(name => name.startsWith(`${pid}.`)))
  assert.ok(readdirSync(directory).includes(`${last.pid}.json`))
})

test('ps and the probes answer while every worker is blocked in native code, and a stop still ends the process', async t => {
  const project = createProject(t, {
    'heddle.json': JSON.stringify({
      applications: { web: { path: 'web', workers: 2 } },
      server: { port: 0 },
      admin: { port: 0 },
      gracefulShutdown: { timeout: 1000 }
    }),
    'web/server.mjs': gettingStuck
  })
  const { url, line, exited } = await project.start('--log-level', 'debug')
  const admin = String((await line('Administrative server is listening.'))['url'])
  const lost = [0, 1].map(() => assert.rejects(fetch(`${url}/stuck`)))
  await line('stuck from now on', 2)
  assert.equal((await fetch(`${admin}/livez`)).status, 200)
  assert.match((await project.heddle('ps')).stdout, /^ {2}web:0 [^]*^ {2}web:1 /m)
  const stopped = await project.heddle('stop')
  assert.deepEqual([stopped.code, await exited], [0, { code: null, signal: 'SIGKILL' }])
  await Promise.all(lost)
})
