/** Finding and reading configurations on a real disk. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { disk, loadConfig } from '../../src/config/load.ts'
import type { LoadOptions } from '../../src/config/load.ts'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import { HeddleError } from '../../src/errors.ts'

const machine = { cpus: 4, memoryLimitBytes: null }

function directory(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'heddle-load-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

function load(cwd: string, options: Partial<LoadOptions> = {}): Promise<ResolvedConfig> {
  return loadConfig({ cwd, env: {}, machine, ...options })
}

async function failure(promise: Promise<unknown>): Promise<HeddleError> {
  const [outcome] = await Promise.allSettled([promise])
  assert.ok(outcome?.status === 'rejected' && outcome.reason instanceof HeddleError)
  return outcome.reason
}

const application = "applications: { a: { path: 'a' } }"
const forms: readonly [string, string, string][] = [
  [
    'an object in TypeScript',
    'heddle.config.ts',
    `const port: number = 81\nexport default { ${application}, server: { port } }`
  ],
  [
    'an object in TypeScript that is a module by its name',
    'heddle.config.mts',
    `const port: number = 81\nexport default { ${application}, server: { port } }`
  ],
  ['an object in JavaScript', 'heddle.config.mjs', `export default { ${application}, server: { port: 81 } }`],
  [
    'a promise',
    'heddle.config.mjs',
    `export default Promise.resolve({ ${application}, server: { port: 81 } })`
  ],
  [
    'a function',
    'heddle.config.mjs',
    `export default ({ env }) => ({ ${application}, server: { port: Number(env.P) } })`
  ],
  [
    'an async function',
    'heddle.config.ts',
    `export default async () => ({ ${application}, server: { port: 81 } })`
  ],
  ['CommonJS', 'heddle.config.js', `module.exports = { ${application}, server: { port: 81 } }`],
  [
    'JSON',
    'heddle.json',
    '{ "$schema": "./s.json", "applications": { "a": { "path": "a" } }, "server": { "port": 81 } }'
  ]
]

for (const [name, file, text] of forms) {
  test(`loadConfig() reads ${name} in ${file}`, async t => {
    const cwd = directory(t, { [file]: text, 'a/index.js': '1' })
    const config = await load(cwd, { env: { P: '81' } })
    assert.deepEqual([config.file, config.root, config.server.port], [join(cwd, file), cwd, 81])
    assert.equal(config.applications[0]?.entry, join(cwd, 'a/index.js'))
  })
}

test('loadConfig() takes the file or directory it is given, or HEDDLE_CONFIG', async t => {
  const json = '{ "applications": { "a": { "path": "." } } }'
  const cwd = directory(t, {
    'x/other.json': json,
    'x/index.js': '1',
    'y/heddle.json': json,
    'y/index.js': '1'
  })
  assert.equal((await load(cwd, { configPath: 'x/other.json' })).root, join(cwd, 'x'))
  assert.equal((await load(cwd, { configPath: 'y' })).root, join(cwd, 'y'))
  assert.equal((await load(cwd, { env: { HEDDLE_CONFIG: 'y' } })).root, join(cwd, 'y'))
  assert.equal(
    (await load(cwd, { env: { HEDDLE_CONFIG: 'y' }, configPath: 'x/other.json' })).root,
    join(cwd, 'x')
  )
})

test('loadConfig() runs one entry without a file', async t => {
  const cwd = directory(t, {
    'server.js': '1',
    'jobs.mjs': '1',
    'shop/package.json': '{"name":"@acme/Web_Shop","main":"run.js"}',
    'shop/run.js': '1',
    'shop/src/main.ts': '1',
    'plain/index.js': '1',
    'heddle.json': '{ "applications": {} }'
  })
  const facts = async (entry: string): Promise<unknown[]> => {
    const config = await load(cwd, { entry, env: { HEDDLE_CONFIG: 'nowhere' } })
    const [only] = config.applications
    return [config.file, only?.id, only?.path, only?.entry]
  }
  assert.deepEqual(await facts('jobs.mjs'), [null, 'jobs', cwd, join(cwd, 'jobs.mjs')])
  assert.deepEqual(await facts('./plain'), [null, 'plain', join(cwd, 'plain'), join(cwd, 'plain/index.js')])
  assert.deepEqual(await facts('shop'), [null, 'web-shop', join(cwd, 'shop'), join(cwd, 'shop/run.js')])
  assert.deepEqual(await facts('shop/src/main.ts'), [
    null,
    'web-shop',
    join(cwd, 'shop'),
    join(cwd, 'shop/src/main.ts')
  ])
  assert.match(String((await facts('server.js'))[1]), /^heddle-load-/)
})

test('loadConfig() takes a path with braces in it as it is', async t => {
  const cwd = directory(t, { '{HOME}/job.js': '1' })
  assert.equal((await load(cwd, { entry: '{HOME}/job.js' })).applications[0]?.path, join(cwd, '{HOME}'))
})

test('loadConfig() says that there is no configuration, and where it looked', async t => {
  const cwd = directory(t, {})
  const error = await failure(load(cwd))
  assert.equal(error.code, 'HEDDLE_CONFIG_NOT_FOUND')
  assert.ok(error.message.includes(cwd))
})

test('loadConfig() says why a configuration cannot be read', async t => {
  const cwd = directory(t, {
    'broken.json': '{ "a": ',
    'empty.json': ' \n',
    'throws.mjs': "throw new Error('no luck')",
    'x.yaml': ''
  })
  for (const [configPath, reason] of [
    ['none.json', /there is no such file/],
    ['broken.json', /JSON/],
    ['empty.json', /it is empty/],
    ['throws.mjs', /no luck/],
    ['x.yaml', /ends neither in/]
  ] as const) {
    const error = await failure(load(cwd, { configPath }))
    assert.equal(error.code, 'HEDDLE_CONFIG_UNREADABLE')
    assert.match(error.message, reason)
  }
})

test('loadConfig() says in which line of a module something is wrong', async t => {
  const cwd = directory(t, { 'open.mjs': 'export default {\n  workers: 2,\n  entry: ]\n}\n' })
  const error = await failure(load(cwd, { configPath: 'open.mjs' }))
  assert.match(String((error.cause as Error).stack), /open\.mjs:3\n {2}entry: \]\n +\^/)
})

test('loadConfig() says what helps where package.json makes modules CommonJS', async t => {
  const cwd = directory(t, {
    'package.json': '{ "type": "commonjs" }',
    'imports.ts': "import { join } from 'node:path'\nexport default { name: join('a') }",
    'exports.js': 'export default {}'
  })
  for (const [configPath, name] of [
    ['imports.ts', 'imports.mts'],
    ['exports.js', 'exports.mjs']
  ] as const) {
    const error = await failure(load(cwd, { configPath }))
    assert.match(error.message, new RegExp(`call it ${name}, or write "type": "module" there\\.$`))
  }
})

test('loadConfig() lists mistakes with the file they are in', async t => {
  const cwd = directory(t, {
    'heddle.json': '{ "applications": { "a": { "path": "a" }, "a": { "path": "b" } }, "workers": 0 }'
  })
  const error = await failure(load(cwd))
  assert.equal(
    error.message,
    [
      `${join(cwd, 'heddle.json')} has 3 mistakes:`,
      '  applications.a: is written twice in the same object',
      '  workers: expected a whole number from 1 to 256, got 0',
      `  applications.a.path: there is no directory ${join(cwd, 'b')}, got "b"`
    ].join('\n')
  )
})

test('loadConfig() refuses two configuration files and a default export of another kind', async t => {
  const two = directory(t, { 'heddle.json': '{}', 'heddle.config.ts': '' })
  assert.match(
    (await failure(load(two))).message,
    /more than one configuration file \(heddle\.config\.ts and heddle\.json\)/
  )
  const none = directory(t, { 'heddle.config.mjs': 'export const config = {}' })
  assert.match((await failure(load(none))).message, /the default export has to be an object/)
})

test('disk takes a link to itself for nothing', t => {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-load-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  symlinkSync('loop', join(cwd, 'loop'))
  assert.equal(disk.kind(join(cwd, 'loop')), null)
  assert.deepEqual(disk.directories(cwd), [])
})

test('disk reads a text without the mark of its encoding', t => {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-load-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  writeFileSync(join(cwd, 'package.json'), '\uFEFF{}')
  assert.equal(disk.read(join(cwd, 'package.json')), '{}')
})
