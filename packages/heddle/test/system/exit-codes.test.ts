/** Every exit code of the reference, by a process that really ends with it; the signals too. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { ExitName } from '../../src/cli/exit-codes.ts'
import { command, runHeddleIn } from './heddle-process.ts'
import { answering, createProject } from './project.ts'

const repository = join(import.meta.dirname, '../../../..')

/** Codes whose own tests are elsewhere, each with a word that stands there beside the code. */
const elsewhere: Readonly<Partial<Record<ExitName, readonly [file: string, proof: RegExp]>>> = {
  differs: ['packages/heddle/test/cli/commands/operate.test.ts', /code, 1\)/],
  statusFailed: ['packages/heddle/test/cli/commands/inject.test.ts', /code, 22\)/],
  buildFailed: ['packages/heddle/test/cli/commands/build.test.ts', /code, 65,/],
  targetMissed: ['packages/heddle/test/cli/commands/bench.test.ts', /\[99, false/],
  packageMissing: ['packages/heddle/test/cli/load-test/load-test.test.ts', /packageMissing\.code/],
  nodeTooOld: ['test/system/old-node.test.ts', /status, 69\)/],
  busy: ['packages/heddle/test/cli/commands/operate.test.ts', /code, 75\)/],
  applicationFailed: ['packages/heddle/test/system/failure.test.ts', /code: 70,/],
  portUnavailable: ['packages/heddle/test/system/failure.test.ts', /code: 71,/],
  connectionLost: ['packages/heddle/test/cli/commands/follow.test.ts', /code, 76\)/],
  killed: ['packages/heddle/test/system/stop.test.ts', /signal: 'SIGKILL'/],
  hungUp: ['packages/heddle/test/cli/top/top.test.ts', /'SIGHUP'\), 129\]/],
  terminated: ['packages/heddle/test/cli/top/top.test.ts', /'SIGTERM'\), 143\]/]
}

const here: readonly ExitName[] = [
  'ok',
  'unexpected',
  'fileFailed',
  'usage',
  'noServer',
  'configInvalid',
  'interrupted'
]

const free = ['--port', '0', '--admin-port', '0']

test('each exit code has a test', () => {
  const names = [...here, ...Object.keys(elsewhere)]
  assert.deepEqual(names.toSorted(), Object.keys(exitCodes).toSorted())
  for (const [name, [file, proof]] of Object.entries(elsewhere)) {
    assert.match(readFileSync(join(repository, file), 'utf8'), proof, name)
  }
})

test('the code of what cannot start or be found', async t => {
  const project = createProject(t, {})
  const cases: readonly [ExitName, readonly string[]][] = [
    ['usage', ['nonsense']],
    ['noServer', ['ps']],
    ['configInvalid', ['start']],
    ['ok', ['--version']]
  ]
  for (const [name, argv] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- All of them at once would be too much for a small machine.
    const { code, stderr } = await command(project.root, ...argv)
    assert.equal(code, exitCodes[name].code, `${name}: ${stderr}`)
  }
})

test('the codes of a file that is missing, and of an error that nobody foresaw', async t => {
  const project = createProject(t, {
    'heddle.config.mjs': `
      process.once('SIGUSR1', () => { throw new Error('nobody foresaw this') })
      export default { applications: { web: { path: '.', entry: 'web.mjs', workers: 1 } } }`,
    'web.mjs': answering('web')
  })
  const heddle = runHeddleIn(t, project.root, 'start', ...free)
  await heddle.line('Server has started.')
  const missing = await command(project.root, 'inject', 'web', '/', '--data', '@missing.txt')
  assert.equal(missing.code, exitCodes.fileFailed.code, missing.stderr)
  heddle.child.kill('SIGUSR1')
  await heddle.line('An error in the main thread was not caught.')
  assert.deepEqual(await heddle.exited, { code: exitCodes.unexpected.code, signal: null })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends a server that starts in good order`, async t => {
    const slow = 'console.log("loading"); await new Promise(() => setInterval(() => {}, 1000))'
    const project = createProject(t, { 'slow.mjs': slow })
    const { child, line, exited } = runHeddleIn(t, project.root, 'start', 'slow.mjs', ...free)
    await line('loading')
    child.kill(signal)
    assert.deepEqual(await exited, { code: exitCodes.ok.code, signal: null })
  })
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  test(`${signal} before there is a server is ${code} to a shell`, async t => {
    const project = createProject(t, {
      'heddle.config.mjs': `console.log('{ "msg": "loading" }'); await new Promise(() => setInterval(() => {}, 1000))`
    })
    const { child, line, exited } = runHeddleIn(t, project.root, 'start')
    await line('loading')
    child.kill(signal as NodeJS.Signals)
    // What a shell adds 128 to the number of.
    assert.deepEqual(await exited, { code: null, signal })
    assert.match(
      exitCodes.interrupted.meaning,
      code === 130 ? /SIGINT/ : new RegExp(`${code} after ${signal}`)
    )
  })
}
