/** What is built, in which order, and what is not. */
import assert from 'node:assert/strict'
import { delimiter } from 'node:path'
import { test } from 'node:test'

import { packageManagerOf } from '../../src/build/package-manager.ts'
import { buildingVariable, readPackages } from '../../src/build/packages.ts'
import type { BuildApplication, PackageDisk } from '../../src/build/packages.ts'
import { planBuild } from '../../src/build/plan.ts'
import type { Package } from '../../src/build/plan.ts'
import { paperDisk } from '../config/paper-disk.ts'

function packaged(name: string, changes: Partial<Package> = {}): Package {
  const command = { text: 'npm run build', program: 'npm', args: ['run', 'build'], isShell: false, env: {} }
  return { path: name, name, isApplication: true, command, reason: null, packages: [], after: [], ...changes }
}

const unbuilt = { command: null, reason: 'there is nothing' }

/** The plan as text: each step, and what it waits for. */
function planned(packages: readonly Package[], ...wanted: readonly string[]): readonly string[] {
  return planBuild(packages, wanted).steps.map(({ name, after }) =>
    after.length === 0 ? name : `${name} after ${after.join(', ')}`
  )
}

test('a plan has every build once, behind what it depends on', () => {
  const ui = packaged('ui', { isApplication: false })
  const table: readonly (readonly [readonly Package[], readonly string[], readonly string[]])[] = [
    [
      [packaged('a'), packaged('b')],
      ['a', 'b'],
      ['a', 'b']
    ],
    // By `dependencies`: order only.
    [
      [packaged('a', { after: ['b'] }), packaged('b')],
      ['a', 'b'],
      ['b', 'a after b']
    ],
    [[packaged('a', { after: ['b'] }), packaged('b')], ['a'], ['a']],
    // By package.json: what is needed is built too.
    [[packaged('a', { packages: ['ui'] }), ui], ['a'], ['ui', 'a after ui']],
    [
      [packaged('a', { packages: ['ui'] }), packaged('b', { packages: ['ui', 'a'] }), ui],
      ['b', 'a'],
      ['ui', 'a after ui', 'b after ui, a']
    ],
    // Through one that has no build.
    [
      [packaged('a', { packages: ['between'] }), packaged('between', { ...unbuilt, packages: ['ui'] }), ui],
      ['a'],
      ['ui', 'a after ui']
    ],
    [[packaged('a', { packages: ['elsewhere'] })], ['a'], ['a']]
  ]
  for (const [packages, wanted, steps] of table) assert.deepEqual(planned(packages, ...wanted), steps)
})

test('what has nothing to build is named with its reason, when it was asked for', () => {
  const packages = [packaged('a', { packages: ['b'] }), packaged('b', unbuilt), packaged('c', unbuilt)]
  assert.deepEqual(planBuild(packages, ['a', 'c']).nothing, [{ name: 'c', reason: 'there is nothing' }])
})

test('a circle in package.json is refused with all its members', () => {
  const circle = [
    packaged('a', { packages: ['b'] }),
    packaged('b', { packages: ['c'] }),
    packaged('c', { ...unbuilt, packages: ['b'] })
  ]
  assert.throws(() => planBuild(circle, ['a']), {
    code: 'HEDDLE_BUILD_CIRCLE',
    message: 'What is to be built depends on itself: b → c → b.'
  })
})

test('where `dependencies` contradict package.json they do not count', () => {
  const contrary = [packaged('a', { after: ['b'] }), packaged('b', { packages: ['a'] })]
  assert.deepEqual(planned(contrary, 'a', 'b'), ['a', 'b after a'])
  const longer = [
    packaged('a', { after: ['b'] }),
    packaged('b', { packages: ['c'] }),
    packaged('c', { after: ['a'] })
  ]
  assert.deepEqual(planned(longer, 'a', 'b', 'c'), ['c', 'b after c', 'a after b'])
})

const manifest = (value: object): string => JSON.stringify(value)

test('the package manager is that of the nearest directory that says so', () => {
  const table: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ '/w/a/index.js': '' }, 'npm'],
    [{ '/w/pnpm-lock.yaml': '' }, 'pnpm'],
    [{ '/w/yarn.lock': '', '/w/package.json': '{}' }, 'yarn'],
    [{ '/w/a/package-lock.json': '', '/w/yarn.lock': '' }, 'npm'],
    [{ '/w/package.json': manifest({ packageManager: 'pnpm@10.1.0' }), '/w/yarn.lock': '' }, 'pnpm'],
    [{ '/w/package.json': manifest({ packageManager: 'other@1' }), '/w/bun.lock': '' }, 'bun'],
    [{ '/w/package.json': '{ broken', '/w/yarn.lock': '' }, 'yarn']
  ]
  for (const [files, wanted] of table) assert.equal(packageManagerOf(paperDisk(files), '/w/a'), wanted)
})

/** A disk on paper with links, by path. */
function linkedDisk(
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>>
): PackageDisk {
  const disk = paperDisk(files)
  return { ...disk, real: path => links[path] ?? (disk.kind(path) === null ? null : path) }
}

const application = (id: string, changes: Partial<BuildApplication> = {}): BuildApplication => ({
  id,
  path: `/w/apps/${id}`,
  env: { PATH: '/bin' },
  dependencies: [],
  ...changes
})

test('packages are read from package.json, and those of the workspace are links', () => {
  const files = {
    '/w/package-lock.json': '',
    '/w/apps/web/package.json': manifest({
      name: '@x/web',
      scripts: { build: 'make' },
      dependencies: { '@x/ui': '*', express: '5', missing: '1' },
      devDependencies: { '@x/ui': '*' }
    }),
    '/w/apps/api/package.json': manifest({ name: '@x/api' }),
    '/w/packages/ui/package.json': manifest({
      name: '@x/ui',
      scripts: { build: 'make' },
      peerDependencies: { '@x/base': '*' }
    }),
    '/w/packages/base/package.json': manifest({ name: '@x/base' }),
    '/w/node_modules/express/package.json': manifest({ scripts: { build: 'never' } })
  }
  const links = { '/w/node_modules/@x/ui': '/w/packages/ui', '/w/node_modules/@x/base': '/w/packages/base' }
  const given = [application('web', { dependencies: ['api'] }), application('api')]
  const packages = readPackages(given, linkedDisk(files, links), {})
  assert.deepEqual(
    packages.map(each => [
      each.name,
      each.path,
      each.isApplication,
      each.packages,
      each.after,
      each.command?.text ?? each.reason
    ]),
    [
      ['web', '/w/apps/web', true, ['/w/packages/ui'], ['/w/apps/api'], 'npm run build'],
      ['api', '/w/apps/api', true, [], [], 'its package.json has no script "build"'],
      ['@x/ui', '/w/packages/ui', false, ['/w/packages/base'], [], 'npm run build'],
      ['@x/base', '/w/packages/base', false, [], [], 'its package.json has no script "build"']
    ]
  )
})

test('the key build outranks the script, and a build does not build itself', () => {
  const files = { '/w/apps/web/package.json': manifest({ scripts: { build: 'heddle build' } }) }
  const read = (changes: Partial<BuildApplication>): Package | undefined =>
    readPackages([application('web', changes)], linkedDisk(files, {}), {})[0]
  const own = read({ build: 'make all' })?.command
  assert.deepEqual([own?.text, own?.program, own?.isShell], ['make all', 'make all', true])
  assert.ok(
    own?.env['PATH']?.startsWith(
      '/w/apps/web/node_modules/.bin:/w/apps/node_modules/.bin:/w/node_modules/.bin:'
    )
  )
  assert.ok(own?.env['PATH']?.endsWith(':/bin'))
  assert.equal(read({ build: false })?.reason, 'its configuration says that it has no build')
  const env = { [buildingVariable]: ['/w/apps/x', '/w/apps/web'].join(delimiter) }
  assert.match(read({ env })?.reason ?? '', /is being built/)
  assert.equal(read({})?.command?.env[buildingVariable], '/w/apps/web')
})

test('what a package manager has told the script that runs the command is not passed on', () => {
  const files = { '/w/apps/web/package.json': manifest({ scripts: { build: 'make' } }) }
  const env = {
    npm_command: 'run',
    npm_lifecycle_event: 'build',
    npm_package_json: '/w/package.json',
    npm_config_workspace: 'web',
    npm_config_registry: 'https://example.com',
    KEPT: '1'
  }
  const [web] = readPackages([application('web', { env })], linkedDisk(files, {}), {})
  assert.deepEqual(Object.keys(web?.command?.env ?? {}), ['npm_config_registry', 'KEPT', buildingVariable])
})

test('two applications in one directory are built once', () => {
  const files = { '/w/apps/web/package.json': manifest({ scripts: { build: 'make' } }) }
  const twins = [application('web', { dependencies: ['jobs'] }), application('jobs', { path: '/w/apps/web' })]
  const packages = readPackages(twins, linkedDisk(files, {}), {})
  assert.deepEqual(
    packages.map(({ name, after }) => [name, after]),
    [['web, jobs', []]]
  )
})
