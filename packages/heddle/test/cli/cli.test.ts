/** The command line from outside: what is typed, what is printed, how it ends. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { bareEnv } from '../bare-env.ts'

const bin = join(import.meta.dirname, '../../bin/heddle.js')
// A build that lies about is not what is tested.
const condition = '--conditions=@heddle/source'
const repository = join(import.meta.dirname, '../../../..')

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function directory(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'heddle-cli-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

/** Where the servers of this file have their sockets for commands. */
const runtimeDirectory = mkdtempSync(join(tmpdir(), 'heddle-run-'))
process.on('exit', () => rmSync(runtimeDirectory, { recursive: true }))

function launch(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const clean = { ...bareEnv, PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtimeDirectory, ...env }
  return spawn(process.execPath, argv, { cwd, env: clean, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function ended(child: ChildProcess): Promise<Ended> {
  assert.ok(child.stdout !== null && child.stderr !== null)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}

function heddle(cwd: string, ...argv: readonly string[]): Promise<Ended> {
  return ended(launch([condition, bin, ...argv], cwd))
}

const valid = {
  'heddle.json': '{ "applications": { "web": { "path": "web", "env": { "SECRET": "s3cret" } } } }',
  'web/index.js': 'module.exports = (req, res) => res.end("hello")'
}

test('heddle --version prints the version', async () => {
  const { code, stdout } = await heddle(repository, '--version')
  assert.equal(code, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

test('heddle --help lists the commands, and each has its own help with examples', async () => {
  const help = await heddle(repository, '--help')
  assert.equal(help.code, 0)
  for (const name of ['start', 'check', 'config']) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'))
    const { code, stdout } = await heddle(repository, name, '--help')
    assert.equal(code, 0)
    assert.match(stdout, /--port <number>[^]*HEDDLE_PORT\s+or\s+PORT[^]*Examples:\n {2}heddle /)
  }
})

test('heddle does not mind a reader who has seen enough', async t => {
  const cwd = directory(t, valid)
  for (const argv of [['config'], ['--help'], ['config', '--json']]) {
    const child = launch([condition, bin, ...argv], cwd)
    assert.ok(child.stdout !== null && child.stderr !== null)
    child.stdout.destroy()
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.deepEqual([child.exitCode, stderr], [0, ''], argv.join(' '))
  }
})

test('heddle ends with code 74 when its output cannot be written', async t => {
  const cwd = directory(t, valid)
  for (const redirect of ['> /dev/full', '> /dev/full 2>&1']) {
    const command = ['-c', `"$@" config ${redirect}`, 'sh', process.execPath, condition, bin]
    const child = spawn('sh', command, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.equal(child.exitCode, 74)
    assert.match(
      stderr,
      redirect.includes('2>') ? /^$/ : /^heddle: The standard output cannot be written: ENOSPC.*\n$/
    )
  }
})

test('heddle ends with code 2 when the command line is wrong', async t => {
  const cwd = directory(t, valid)
  const wrong: readonly [readonly string[], RegExp][] = [
    [[], /Usage: heddle/],
    [['strat'], /unknown command 'strat'\n\(Did you mean start\?\)/],
    [['start', '--prot', '1'], /unknown option '--prot'\n\(Did you mean --port\?\)/],
    [['start', '--port'], /argument missing/],
    [['check', 'a.js', 'b.js'], /too many arguments/],
    [['check', 'a.js', '--config', 'x'], /exclude each other/]
  ]
  for (const [argv, message] of wrong) {
    const { code, stdout, stderr } = await heddle(cwd, ...argv)
    assert.equal(code, 2, argv.join(' '))
    assert.equal(stdout, '')
    assert.match(stderr, message)
  }
})

test('heddle check says that a configuration is right', async t => {
  const cwd = directory(t, valid)
  assert.deepEqual(await heddle(cwd, 'check', '--workers', '2'), {
    code: 0,
    stdout: '✔ heddle.json is right: 1 application, 2 workers.\n',
    stderr: ''
  })
  const { code, stdout } = await heddle(cwd, 'check', '--json')
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout), {
    ok: true,
    file: join(cwd, 'heddle.json'),
    mistakes: [],
    warnings: []
  })
})

test('heddle check lists every mistake and ends with code 78', async t => {
  const cwd = directory(t, { 'heddle.json': '{ "aplications": {}, "server": { "port": 70000 } }' })
  const { code, stdout, stderr } = await heddle(cwd, 'check', '--log-level', 'loud')
  assert.equal(code, 78)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    [
      `heddle: ${join(cwd, 'heddle.json')} has 3 mistakes:`,
      '  aplications: unknown key (did you mean "applications"?)',
      '  server.port: expected a whole number from 0 to 65535, got 70000',
      '  --log-level: expected "trace" or "debug" or "info" or "warn" or "error" or "silent", got "loud"',
      'Nothing was started.',
      ''
    ].join('\n')
  )
  const json = await heddle(cwd, 'check', '--json')
  assert.equal(json.code, 78)
  const report: unknown = JSON.parse(json.stdout)
  assert.ok(
    typeof report === 'object' && report !== null && 'mistakes' in report && Array.isArray(report.mistakes)
  )
  assert.deepEqual(report.mistakes[1], {
    path: 'server.port',
    message: 'expected a whole number from 0 to 65535',
    offered: 70_000
  })
})

test('heddle says what to do when there is no configuration', async t => {
  const { code, stderr } = await heddle(directory(t, {}), 'start')
  assert.equal(code, 78)
  assert.match(
    stderr,
    /There is no configuration file in .*\nWrite one with heddle init, name one with --config, or name an application/
  )
})

test('heddle config prints the resolved configuration and hides the environment', async t => {
  const cwd = directory(t, valid)
  const outline = await heddle(cwd, 'config', '--port', '81')
  assert.match(
    outline.stdout,
    /^applications:\n {2}- id: "web"\n[^]* {6}SECRET: "\(hidden\)"\n[^]*server:\n {2}port: 81\n/m
  )
  assert.match((await heddle(cwd, 'config', '--json')).stdout, /"env":\{"SECRET":"\(hidden\)"\}/)
  assert.match((await heddle(cwd, 'config', '--json', '--show-env')).stdout, /"env":\{"SECRET":"s3cret"\}/)
})

test('heddle refuses an old Node.js in one line', async t => {
  for (const version of ['v22.18.0', 'v0.10.48']) {
    const cwd = directory(t, {
      'fake.cjs': `Object.defineProperty(process, 'version', { value: '${version}' })`
    })
    const outcome = await ended(launch(['--require', './fake.cjs', bin, 'start'], cwd))
    assert.deepEqual(outcome, {
      code: 69,
      stdout: '',
      stderr: `heddle: Node.js 22.19 or newer is needed; this is ${version}.\n`
    })
  }
})

test('heddle start works in a child where a process cannot be replaced', async t => {
  const cwd = directory(t, { ...valid, 'no-execve.cjs': 'delete process.execve' })
  const child = launch(
    ['--require', './no-execve.cjs', bin, 'start', '--port', '0', '--admin-port', '0'],
    cwd
  )
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout !== null)
  const urls: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { readonly msg: string; readonly url?: string }
    if (msg !== 'Server has started.' || url === undefined) continue
    urls.push(url)
    assert.equal(await (await fetch(url)).text(), 'hello')
    child.kill('SIGTERM')
  }
  assert.equal(urls.length, 1)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  const failed = await ended(launch(['--require', './no-execve.cjs', bin, 'start', 'none.js'], cwd))
  assert.equal(failed.code, 78)
})

test('the generated files have not drifted', async () => {
  const argv = [condition, join(repository, 'tools/docs.ts'), '--check']
  assert.deepEqual(await ended(launch(argv, repository)), { code: 0, stdout: '', stderr: '' })
})
