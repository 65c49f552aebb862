/** `heddle init`, as it is typed: on a terminal, in a pipe, and where it has to say no. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { bareEnv } from '../../bare-env.ts'
import { project, server } from '../../init/stage.ts'
import { PseudoTerminal } from '../pseudo-terminal.ts'
import { command, ended, launch } from '../run-command.ts'
import type { Ended } from '../run-command.ts'

function init(t: TestContext, root: string, ...argv: readonly string[]): Promise<Ended> {
  const child = launch(t, { root, env: bareEnv }, ['init', ...argv])
  child.stdin?.end()
  return ended(child)
}

const two = {
  'package.json': '{"name":"shop","type":"module"}\n',
  'apps/api/index.js': `import { createServer } from 'node:http'\ncreateServer().listen(4000)`,
  'apps/web/index.js': `import { createServer } from 'node:http'\nfetch('http://localhost:4000/')\ncreateServer().listen(4001)`
}

test('init in a pipe asks nothing, writes a new application, and replaces nothing', async t => {
  const root = project(t, { 'README.md': '' })
  const first = await init(t, root, 'shop')
  assert.equal(first.code, 0, first.stderr)
  assert.match(
    first.stdout,
    /✔ heddle\.config\.ts {2}written\n[^]*✔ heddle\.config\.ts is right: \d+ workers? in all\./
  )
  assert.match(first.stdout, /Next:\n {2}cd shop\n[^]* {2}heddle dev /)
  assert.match(
    readFileSync(join(root, 'shop/heddle.config.ts'), 'utf8'),
    /shop: \{ entry: 'src\/server\.ts' \}/
  )
  const second = await init(t, root, 'shop')
  assert.equal(second.code, 74)
  assert.match(
    second.stderr,
    /shop\/heddle\.config\.ts is there already, and nothing was written: replace it with --force/
  )
})

test('init beside a Heddle that is installed says that its framework is not', async t => {
  const root = project(t, {
    'package.json': '{"name":"shop","dependencies":{"heddle":"*"}}',
    'node_modules/heddle/package.json': '{}'
  })
  const { code, stdout } = await init(t, root, '--framework', 'express')
  assert.equal(code, 0)
  assert.match(stdout, /Next:\n {2}npm install /)
  assert.match(readFileSync(join(root, 'package.json'), 'utf8'), /"express": "\^5/)
})

test('init says as JSON what it has found, written and checked', async t => {
  const root = project(t, { ...two, 'apps/docs/package.json': '{"scripts":{"start":"next start"}}' })
  const { code, stdout } = await init(t, root, '--json', '--entrypoint', 'api', '--format', 'json')
  assert.equal(code, 0)
  const told = JSON.parse(stdout) as Record<string, unknown>
  const { ok, written, mistakes, leftOut, notes } = told
  assert.deepEqual([ok, written, mistakes], [true, ['heddle.json', 'package.json'], []])
  assert.deepEqual(
    (leftOut as { path: string }[]).map(({ path }) => path),
    ['apps/docs']
  )
  assert.deepEqual(
    (notes as { key: string }[]).map(({ key }) => key),
    ['web']
  )
  assert.deepEqual(JSON.parse(readFileSync(join(root, 'heddle.json'), 'utf8')), {
    applications: {
      api: { path: './apps/api', entry: 'index.js' },
      web: { path: './apps/web', entry: 'index.js' }
    },
    entrypoint: 'api',
    server: { port: 4000 }
  })
  assert.match(readFileSync(join(root, 'package.json'), 'utf8'), /"dev": "heddle dev"/)
})

test('init --from translates beside the file, lists what is different, and --dry-run writes nothing', async t => {
  const root = project(t, {
    'ecosystem.config.cjs': `module.exports = { apps: [{ name: 'a', script: 'a.js', namespace: 'n' }] }`,
    'a.js': server
  })
  const dry = await init(t, root, '--from', 'ecosystem.config.cjs', '--dry-run')
  assert.equal(dry.code, 0)
  assert.match(dry.stdout, /a: \{ entry: 'a\.js', workers: 1 \}/)
  assert.match(dry.stderr, /apps\[0\]\.namespace: there are no groups/)
  assert.equal(existsSync(join(root, 'heddle.config.ts')), false)
  assert.match(dry.stderr, /✔ heddle\.config\.ts is right: 1 worker in all\./)
  const real = await init(t, root, '--port', '4321')
  assert.match(readFileSync(join(root, 'heddle.config.ts'), 'utf8'), /port: 4321/)
  assert.equal(real.code, 0)
  assert.equal((await init(t, root, '--dry-run')).code, 0)
  assert.match(real.stdout, /Without a counterpart:\n {2}apps\[0\]\.namespace: /)
})

test('init ends with the code of the check when what it wrote cannot be used yet', async t => {
  const root = project(t, {
    'package.json': '{"type":"module","scripts":{"start":"node dist/a.js","dev":"nest start"}}'
  })
  const { code, stdout } = await init(t, root)
  assert.equal(code, 78)
  assert.match(stdout, /✘ heddle\.config\.ts cannot be used yet:\n {2}applications\..*: there is no file/)
  assert.match(stdout, /Next:\n[^]*heddle build /)
})

test('init says what it cannot do', async t => {
  const root = project(t, {
    'src/lib.rs': '',
    'fixtures/one/server.js': server,
    'fixtures/next/package.json': '{"name":"n","scripts":{"start":"next start"}}',
    'x.json': '{}',
    'package.json': '{"name":"x"}'
  })
  const cases: readonly (readonly [argv: readonly string[], code: number, message: RegExp])[] = [
    [[], 78, /No application was found in .* that Heddle could run\.\n {2}\.: nothing in it listens/],
    // A project of its own is no place for a new application.
    [['fixtures/next'], 78, /Next\.js \(`next`\)/],
    [['--from', 'x.json'], 78, /it is neither a configuration of Watt nor an ecosystem file of PM2/],
    [['--from', 'nowhere.json'], 78, /there is no such file/],
    [['x.json'], 2, /x\.json is a file: name a directory/],
    [['--format', 'yaml'], 2, /--format is one of ts, js, json, not yaml/],
    [['--entrypoint', 'x', 'fixtures/one'], 2, /There is no application "x"; there is one\./],
    [['--port', 'x'], 2, /--port is a number from 0 to 65535, not x/]
  ]
  const all = await Promise.all(cases.map(([argv]) => init(t, root, ...argv)))
  for (const [index, { code, stderr }] of all.entries()) {
    assert.equal(code, cases[index]?.[1], stderr)
    assert.match(stderr, cases[index]?.[2] ?? /^$/)
  }
})

function terminal(t: TestContext, root: string): PseudoTerminal {
  return new PseudoTerminal(t, [...command, 'init'], { columns: 100, rows: 40, env: bareEnv, cwd: root })
}

test('init on a terminal asks which is public, for the port and the scripts', async t => {
  const root = project(t, two)
  const screen = terminal(t, root)
  await screen.sees(
    /Which application answers the public port\?[^]*1 {2}api \(node:http\)[^]*2 {2}web[^]*\(2\)/
  )
  screen.press('3\r')
  await screen.sees(/A number from 1 to 2, please\./)
  screen.press('1\r')
  await screen.sees(/On which port\? \(4000\)/)
  screen.press('8080\r')
  await screen.sees(/Add the scripts dev and start, and heddle as a dependency, to package\.json\? \(Y\/n\)/)
  screen.press('n\r')
  assert.equal(await screen.ended(), 0)
  const text = readFileSync(join(root, 'heddle.config.ts'), 'utf8')
  assert.match(text, /entrypoint: 'api',\n {2}server: \{\n {4}port: 8080,/)
  assert.equal(readFileSync(join(root, 'package.json'), 'utf8'), two['package.json'])
  assert.equal(screen.isCooked(), true)
})

test('init on a terminal writes nothing when it is left', async t => {
  const root = project(t, {})
  const screen = terminal(t, root)
  await screen.sees(/What shall a small one be written with\?[^]*5 {2}Koa[^]*\(1\)/)
  screen.press('\u0003')
  assert.equal(await screen.ended(), 130)
  await screen.sees(/Nothing was written\./)
  assert.equal(existsSync(join(root, 'package.json')), false)
})
