/** Restart and reload as an operator uses them: real processes, and real clients that must not notice. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'

import { answering, createProject } from './project.ts'
import { runLoad } from './steady-load.ts'

const config = (port = 0, more = ''): string => `
  import { workers } from './workers.ts'
  export default {
    applications: { web: { path: './web', workers } ${more} },
    entrypoint: 'web',
    server: { port: ${port} },
    admin: { enabled: false }
  }`

const files = {
  'heddle.config.ts': config(),
  'workers.ts': 'export const workers: number = 2',
  'web/server.mjs': answering('one'),
  'mail/server.mjs': answering('mail')
}

/** A port nobody has, below those the system gives to whoever asks for any: until it is opened nobody else gets it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    const port = randomInt(10_000, 32_000)
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** What makes an application start no sooner than there is a file `go`: the time for a second signal. */
const leisurely = `
  import { existsSync } from 'node:fs'
  const go = new URL('go', import.meta.url)
  while (!existsSync(go)) await new Promise(look => setTimeout(look, 20))`

const get = async (url: string): Promise<string> =>
  (await fetch(url, { headers: { connection: 'close' } })).text()

interface Shown {
  readonly phase: string
  readonly applications: readonly {
    readonly id: string
    readonly phase: string
    readonly workers: readonly { readonly name: string; readonly restarts: number }[]
  }[]
}

test('restart replaces every worker, reload brings new code and configuration, and no request is lost', async t => {
  const project = createProject(t, files)
  const { url } = await project.start()
  const load = runLoad(t, url)
  await load.answered('one')
  const { code, stdout } = await project.heddle('restart')
  assert.deepEqual([code, stdout], [0, '✔ Every worker is a fresh one.\n'])
  assert.equal((await project.heddle('restart', 'web', '--json')).stdout, '{"ok":true}\n')
  const report: Shown = JSON.parse((await project.heddle('ps', '--json')).stdout)
  assert.deepEqual(
    report.applications[0]?.workers.map(({ name, restarts }) => [name, restarts]),
    [
      ['web:0', 2],
      ['web:1', 2]
    ]
  )
  for (const [word, workers] of [
    ['two', 3],
    ['three', 1],
    ['four', 2]
  ]) {
    project.write({
      'web/server.mjs': answering(String(word)),
      'workers.ts': `export const workers: number = ${workers}`
    })
    const { code, stdout, stderr } = await project.heddle('reload')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^✔ Reloaded in \d+\.\d s: .*\n {2}applications\.web\.workers: \d → \d\n$/)
    // Who has asked after the command has returned gets the new code.
    assert.equal(await get(url), word)
    await load.answered(String(word))
  }
  const { answers, failures } = await load.stop()
  assert.deepEqual(failures, [])
  assert.deepEqual(Object.keys(answers).toSorted(), ['four', 'one', 'three', 'two'])
})

test('reload of broken code or a broken configuration leaves everything running, and the code says so', async t => {
  const project = createProject(t, files)
  const { url, line } = await project.start()
  const load = runLoad(t, url)
  await load.answered('one')
  project.write({ 'web/server.mjs': 'throw new Error("a broken deployment")' })
  const broken = await project.heddle('reload')
  assert.equal(broken.code, 70)
  assert.match(
    broken.stderr,
    /^heddle: The reload failed, and everything runs on as it was: .* worker web:\d could not be loaded\.\n {2}Error: a broken deployment\n {6}at .*server\.mjs:1:7/
  )
  await line('Reload failed: everything runs on as it was.')

  project.write({ 'web/server.mjs': answering('fine'), 'workers.ts': 'export const workers: number = 0' })
  const invalid = await project.heddle('reload', '--json')
  assert.equal(invalid.code, 78)
  assert.partialDeepStrictEqual(JSON.parse(invalid.stdout), { ok: false, code: 'HEDDLE_CONFIG_INVALID' })

  project.write({ 'workers.ts': 'export const workers: number = ' })
  assert.equal((await project.heddle('reload')).code, 78)

  project.write({
    'workers.ts': files['workers.ts'],
    'heddle.config.ts': config().replace('port: 0', "port: 0, mode: 'direct'")
  })
  const refused = await project.heddle('reload')
  assert.equal(refused.code, 78)
  assert.match(refused.stderr, /need a new start, so nothing was changed: server\.mode: "edge" → "direct"/)

  const { answers, failures } = await load.stop()
  assert.deepEqual(failures, [])
  assert.deepEqual(Object.keys(answers), ['one'])
  assert.equal((await project.heddle('restart', 'nobody')).code, 2)
})

test('reload moves the public port, adds and removes applications, and removes what a command had added', async t => {
  const ports = [await freePort(), await freePort()]
  const project = createProject(t, { ...files, 'heddle.config.ts': config(ports[0]) })
  const { url } = await project.start()
  assert.equal(url, `http://127.0.0.1:${ports[0]}`)
  const before = await fetch(`${url}/begun?ms=1500`)
  const slow = before.text()
  assert.equal((await project.heddle('apps', 'add', 'jobs', './mail', '--workers', '1')).code, 0)
  project.write({ 'heddle.config.ts': config(ports[1], ", mail: { path: './mail', workers: 1 }") })
  const { code, stdout, stderr } = await project.heddle('reload')
  assert.equal(code, 0, stderr)
  for (const change of ['mail: added', 'jobs: removed']) {
    assert.ok(stdout.includes(`applications.${change}`), stdout)
  }
  assert.ok(stdout.includes(`server.port: ${ports[0]} → ${ports[1]}`))
  assert.equal(await slow, 'one')
  assert.equal(await get(`http://127.0.0.1:${ports[1]}`), 'one')
  // Connections that came through it go on, so a new one has to be tried.
  const late = connect(ports[0] ?? 0, '127.0.0.1')
  await assert.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' })
  const { stdout: shown } = await project.heddle('ps')
  assert.match(shown, new RegExp(`\\(process \\d+\\) is running at http://127\\.0\\.0\\.1:${ports[1]}, up `))
  assert.doesNotMatch(shown, /jobs/)
  await project.shows(/^ {2}web:0 +ready[^]*^mail:0 +ready/m, 'ps')
})

test('SIGHUP reloads and SIGUSR2 restarts; what fails is logged and the server runs on', async t => {
  const project = createProject(t, files)
  const { url, child, line } = await project.start()
  const load = runLoad(t, url)
  project.write({ 'web/server.mjs': `${leisurely}\n${answering('two')}` })
  child.kill('SIGHUP')
  await line('Reload begins.')
  child.kill('SIGHUP')
  await line('A signal came while the last one is being obeyed: it is obeyed afterwards.')
  project.write({ 'web/go': '' })
  await line('Reload is done.')
  assert.equal(await get(url), 'two')
  // The second one follows the first; a restart is refused until it is over.
  await line('Reload is done.', 2)
  child.kill('SIGUSR2')
  await line('Restart is done: every worker is a fresh one.')
  project.write({ 'web/server.mjs': 'throw new Error("broken")' })
  child.kill('SIGHUP')
  const failed = await line('A signal could not be obeyed: the server runs on as it was.')
  assert.match(String(failed['reason']), /could not be loaded/)
  assert.equal(await get(url), 'two')
  assert.deepEqual((await load.stop()).failures, [])
})
