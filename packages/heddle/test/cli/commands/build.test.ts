/** `heddle build` as a command: what is printed, the codes, and how it is ended. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { createBuildView } from '../../../src/cli/commands/build-view.ts'
import { bareEnv } from '../../bare-env.ts'
import { PseudoTerminal } from '../pseudo-terminal.ts'
import { command, ended } from '../run-command.ts'

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** A directory with a configuration; every application has its own directory. */
function project(t: TestContext, applications: Readonly<Record<string, object>>): Place {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-build-')))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(cwd, path)), { recursive: true })
    writeFileSync(join(cwd, path), text)
  }
  for (const id of Object.keys(applications)) write(`${id}/package.json`, JSON.stringify({ name: id }))
  const entries = Object.entries(applications).map(([id, settings]) => [id, { path: id, ...settings }])
  const [first] = Object.keys(applications)
  const config = { applications: Object.fromEntries(entries), entrypoint: first }
  write('heddle.json', JSON.stringify(config))
  return { cwd, env: { ...bareEnv, PATH: process.env['PATH'], XDG_RUNTIME_DIR: cwd } }
}

function launch(t: TestContext, place: Place, ...argv: readonly string[]): ChildProcess {
  const [program = '', ...rest] = command
  const child = spawn(program, [...rest, 'build', ...argv], { ...place, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('build builds what is missing, in order, and shows the output of what has failed', async t => {
  const place = project(t, {
    web: {
      build: 'test -f ../lib/done && mkdir dist && echo made it > dist/index.js',
      dependencies: ['lib']
    },
    lib: { build: 'echo working; touch done' },
    bad: { build: 'echo why; exit 4', dependencies: ['web'] },
    last: { build: 'touch done', dependencies: ['bad'] },
    none: { build: false }
  })
  const { code, stdout, stderr } = await ended(launch(t, place))
  assert.equal(code, 65, stderr)
  const lines = stdout.replaceAll(/\d+\.\d+s/g, '0s').split('\n')
  assert.deepEqual(lines, [
    'none: nothing to build, its configuration says that it has no build',
    'lib: echo working; touch done',
    '✔ lib built in 0s',
    'web: test -f ../lib/done && mkdir dist && echo made it > dist/index.js',
    '✔ web built in 0s',
    'bad: echo why; exit 4',
    'bad: echo why; exit 4',
    'why',
    '✘ bad ended with code 4 after 0s',
    ''
  ])
  assert.equal(stderr, 'heddle: A build failed: bad ended with code 4. Not begun: last.\n')
  assert.ok(existsSync(join(place.cwd, 'web/dist/index.js')))
})

test('build --json says what has become of each, and one alone shows its output as it comes', async t => {
  const place = project(t, { good: { build: 'echo hello' }, bad: { build: 'echo why; exit 4' } })
  const { code, stdout } = await ended(launch(t, place, '--json'))
  const value = JSON.parse(stdout)
  assert.deepEqual([code, value.ok, value.code], [65, false, 'HEDDLE_BUILD_FAILED'])
  assert.deepEqual(
    value.builds.map(({ name, ok, output }: Record<string, unknown>) => [name, ok, output]).toSorted(),
    [
      ['bad', false, 'why\n'],
      ['good', true, undefined]
    ]
  )
  const one = await ended(launch(t, place, 'good'))
  assert.deepEqual([one.code, one.stderr], [0, ''])
  assert.match(one.stdout, /^good: echo hello\ngood │ hello\n✔ good built in \d+\.\d+s\n$/)
  const unknown = await ended(launch(t, place, 'goood'))
  assert.deepEqual([unknown.code, unknown.stdout], [2, ''])
  assert.match(unknown.stderr, /Did you mean good\?/)
})

test('Ctrl-C ends the builds that run, and begins no other', async t => {
  const script = `trap 'echo asked; exit 1' TERM; echo ready; while true; do sleep 0.1; done`
  const place = project(t, { slow: { build: script }, next: { build: 'echo never', dependencies: ['slow'] } })
  const child = launch(t, place, '--verbose')
  assert.ok(child.stdout !== null)
  const seen: string[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    seen.push(line)
    if (line.endsWith('│ ready')) child.kill('SIGINT')
  })
  await once(child, 'close')
  assert.equal(child.exitCode, 130)
  assert.ok(seen.includes('slow │ asked'), seen.join('\n'))
  assert.ok(!seen.some(line => line.includes('never')))
})

test('on a terminal each build has a line, and what has failed is shown above them', async t => {
  const place = project(t, {
    web: { build: 'true', dependencies: ['lib'] },
    lib: { build: 'echo half way; while test ! -f ../go; do sleep 0.05; done' },
    bad: { build: 'echo why it is so; while test ! -f ../fail; do sleep 0.05; done; exit 4' }
  })
  const terminal = new PseudoTerminal(t, [...command, 'build', '--concurrency', '2'], {
    columns: 80,
    rows: 24,
    ...place
  })
  await terminal.sees(/● lib \S+ half way\n○ web after lib\n/)
  writeFileSync(join(place.cwd, 'fail'), '')
  await terminal.sees(/why it is so\n● lib .*\n○ web not begun\n✘ bad ended with code 4/)
  writeFileSync(join(place.cwd, 'go'), '')
  assert.equal(await terminal.ended(), 65)
  await terminal.sees(/why it is so\n✔ lib built in .*\n○ web not begun\n[^]*Not begun: web/)
})

test('a view of nothing shows nothing but why', t => {
  const written: string[] = []
  t.mock.method(process.stdout, 'write', (text: string) => written.push(text) > 0)
  const nothing = [{ name: 'api', reason: 'its package.json has no script "build"' }]
  createBuildView({ steps: [], nothing }, { isVerbose: false }).close()
  t.mock.restoreAll()
  assert.deepEqual(written, ['api: nothing to build, its package.json has no script "build"\n'])
})
