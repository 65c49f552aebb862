/** The applications of a project are found where people keep them, with what they need to run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { callsOf, compose, guessPublic } from '../../src/init/compose.ts'
import { survey } from '../../src/init/survey.ts'
import type { Survey } from '../../src/init/survey.ts'
import { codeOf, portIn } from '../../src/init/source-text.ts'
import { troublesIn } from '../../src/init/source-troubles.ts'
import { paperDisk } from '../config/paper-disk.ts'

const listens = `createServer(() => {}).listen(process.env.PORT ?? 4000)`

function look(files: Readonly<Record<string, unknown>>): Survey {
  const texts = Object.entries(files).map(([path, content]) => [
    `/p/${path}`,
    typeof content === 'string' ? content : JSON.stringify(content)
  ])
  return survey(paperDisk(Object.fromEntries(texts) as Record<string, string>), '/p')
}

/** `id path/entry framework port`, one for each. */
function seen({ applications }: Survey): string[] {
  return applications.map(({ id, path, entry, framework, port, serves }) =>
    [id, path === '' ? entry : `${path}/${entry}`, framework ?? (serves ? 'server' : 'job'), port].join(' ')
  )
}

const cases: readonly (readonly [
  what: string,
  files: Readonly<Record<string, unknown>>,
  found: readonly string[]
])[] = [
  ['a script without package.json', { 'server.js': listens }, ['p server.js server 4000']],
  [
    'a package with a start script',
    {
      'package.json': {
        name: '@acme/Shop_API',
        scripts: { start: 'PORT=81 node bin/www' },
        dependencies: { express: '5' }
      },
      'bin/www': `require('../app').listen(1234)`,
      'app.js': `module.exports = require('express')()`
    },
    ['shop-api bin/www Express 81']
  ],
  [
    'a package without scripts, by main',
    {
      'package.json': { name: 'x', main: 'lib/run.js' },
      'lib/run.js': `import fastify from 'fastify'\nfastify().listen({ port: 8080 })`
    },
    ['x lib/run.js Fastify 8080']
  ],
  [
    'an exported Hono application in TypeScript',
    {
      'package.json': { name: 'x', type: 'module' },
      'src/index.ts': `import { Hono } from 'hono'\nexport default new Hono()`
    },
    ['x src/index.ts Hono ']
  ],
  [
    'a port in .env',
    {
      'package.json': { name: 'x', scripts: { start: 'node a.js' } },
      'a.js': 'x.listen(process.env.PORT)',
      '.env': 'PORT=4100'
    },
    ['x a.js server 4100']
  ],
  [
    'a workspace, libraries and front ends left out',
    {
      'package.json': { workspaces: ['apps/*', 'packages/*'], scripts: { start: 'turbo start' } },
      'apps/api/package.json': { scripts: { start: 'node server.js' } },
      'apps/api/server.js': listens,
      'apps/web/package.json': { scripts: { start: 'next start' } },
      'apps/mailer/package.json': { scripts: { start: 'node mailer.js' } },
      'apps/mailer/mailer.js': 'setInterval(() => {}, 1000)',
      'packages/ui/package.json': { main: 'index.js' },
      'packages/ui/index.js': 'export const ui = 1'
    },
    ['api apps/api/server.js server 4000', 'mailer apps/mailer/mailer.js job ']
  ],
  [
    'a workspace of pnpm',
    {
      'pnpm-workspace.yaml': "packages:\n  # ours\n  - 'servers/*'\n  - '!servers/old'\nother: 1\n",
      'servers/a/index.js': listens,
      'servers/old/index.js': listens
    },
    ['a servers/a/index.js server 4000']
  ],
  [
    'services beside one another, without a workspace',
    {
      'services/b/server.js': listens,
      'services/a/server.js': listens,
      'services/.hidden/server.js': listens
    },
    ['a services/a/server.js server 4000', 'b services/b/server.js server 4000']
  ],
  [
    'directories of the project, when there is nothing else',
    { 'backend/index.js': listens, 'test/index.js': listens, 'data/x.json': '1' },
    ['backend backend/index.js server 4000']
  ],
  [
    'two packages of one name',
    { 'apps/api/index.js': listens, 'services/api/index.js': listens },
    ['api apps/api/index.js server 4000', 'api-2 services/api/index.js server 4000']
  ],
  [
    'an object with fetch, whatever its request is called',
    { 'index.js': 'export default { async fetch(r) { return new Response(r.url) } }' },
    ['p index.js server ']
  ],
  ['a library', { 'package.json': { name: 'x', main: 'index.js' }, 'index.js': 'export const x = 1' }, []],
  ['nothing', { 'README.md': '' }, []]
]

for (const [what, files, found] of cases) test(what, () => assert.deepEqual(seen(look(files)), found))

const typed = (imports: string, more = ''): string =>
  `import Fastify from 'fastify'\nimport { routes } from '${imports}'\n${more}\nawait Fastify().register(routes).listen({ port: 5001 })`

const built = { build: 'tsc', start: 'node dist/server.js', dev: 'tsx watch src/server.ts' }

/** What is in package.json beside its name, the files, and the entry, what is preloaded and whether something is to be done. */
const typeCases: readonly (readonly [
  what: string,
  manifest: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
  found: readonly [entry: string, preload: readonly string[], isReady: boolean]
])[] = [
  [
    'source that node runs is better than what a build makes',
    { scripts: built },
    { 'src/server.ts': typed('./routes.ts'), 'src/routes.ts': '' },
    ['src/server.ts', [], true]
  ],
  [
    'source that node does not run is built: names of files',
    { scripts: built },
    { 'src/server.ts': typed('./routes.js'), 'src/routes.ts': '', 'dist/server.js': '' },
    ['dist/server.js', [], true]
  ],
  [
    'source that node does not run is built: an enum further inside',
    { scripts: built },
    { 'src/server.ts': typed('./routes.ts'), 'src/routes.ts': 'export enum A { b }' },
    ['dist/server.js', [], false]
  ],
  [
    'without a build tsx is preloaded',
    { scripts: { start: 'tsx src/server.ts' }, devDependencies: { tsx: '4' } },
    { 'src/server.ts': typed('./routes'), 'src/routes.ts': '' },
    ['src/server.ts', ['tsx'], true]
  ],
  [
    'types alone need nothing',
    { scripts: { start: 'tsx src/server.ts' } },
    {
      'src/server.ts': typed('./routes.ts', "import type { A } from './nowhere'"),
      'src/routes.ts': `// enum A {}\nexport const a = 'enum B {}'`
    },
    ['src/server.ts', [], true]
  ],
  [
    'decorators are built',
    { scripts: { start: 'nest start', 'start:prod': 'node dist/main' } },
    { 'src/main.ts': '@Module({})\nclass A {}' },
    ['dist/main.js', [], false]
  ]
]

for (const [what, manifest, files, found] of typeCases) {
  test(`TypeScript: ${what}`, () => {
    const [application] = look({ 'package.json': { name: 'x', ...manifest }, ...files }).applications
    assert.deepEqual(
      [application?.entry, application?.options?.preload ?? [], application?.todo === null],
      found
    )
  })
}

test('what is left out has a reason', () => {
  const { leftOut } = look({
    'package.json': { workspaces: ['*'] },
    'web/package.json': { scripts: { start: 'next start' } },
    'ui/package.json': {}
  })
  assert.deepEqual(
    leftOut.map(({ path, reason }) => [path, reason.slice(0, 9)]),
    [
      ['ui', 'nothing i'],
      ['web', 'Next.js (']
    ]
  )
})

test('a directory is empty while nobody has written a program, also behind npm init', () => {
  assert.equal(
    look({ 'package.json': { name: 'x', main: 'index.js' }, 'node_modules/a/index.js': listens }).isEmpty,
    true
  )
  assert.equal(look({ 'lib.rs': '', 'src/lib.rs': '' }).isEmpty, false)
  assert.equal(look({ 'index.js': '' }).isEmpty, false)
})

test('configurations of other programs are seen', () => {
  assert.deepEqual(look({ 'ecosystem.config.cjs': '', 'watt.json': '{}' }).foreign, [
    'watt.json',
    'ecosystem.config.cjs'
  ])
})

test('public is who is called by nobody, then who has a public name', () => {
  const api = `fetch('http://localhost:4002/'); createServer().listen(4001)`
  const found = look({ 'apps/a/index.js': api, 'apps/api/index.js': 'createServer().listen(4002)' })
  assert.equal(guessPublic(found.applications)?.id, 'a')
  const [caller] = found.applications
  assert.deepEqual(caller === undefined ? [] : callsOf(caller, found.applications), [
    { port: 4002, id: 'api' }
  ])
  const named = look({ 'apps/billing/index.js': listens, 'apps/shop-web/index.js': listens })
  assert.equal(guessPublic(named.applications)?.id, 'shop-web')
  assert.equal(guessPublic([]), null)
})

test('a configuration says what was found and offers what people change', () => {
  const files = { '/p/apps/a/index.js': listens, '/p/apps/b/index.js': listens, '/p/.env': 'A=1' }
  const disk = paperDisk(files)
  const draft = compose(disk, survey(disk, '/p'), { entrypoint: 'b', port: 4000 })
  assert.deepEqual(draft.config, {
    applications: { a: { path: './apps/a', entry: 'index.js' }, b: { path: './apps/b', entry: 'index.js' } },
    entrypoint: 'b',
    server: { port: 4000 }
  })
  assert.deepEqual(
    draft.offers['']?.map(({ line }) => line.replace(/:.*/, '')),
    ['routes', 'envFile', 'workers']
  )
})

test('what code cannot do in a thread is seen, unless it asks first', () => {
  const cases: readonly (readonly [code: string, begins: readonly string[]])[] = [
    ["import cluster from 'node:cluster'; cluster.fork()", ['forks processes']],
    ["process.send('ready')", ['calls process.send()']],
    ["if (process.send) process.send('ready')", []],
    ["process.send?.('ready')", []],
    ['Bun.serve({ fetch })', ['serves with Bun.serve()']],
    ["if (typeof Bun !== 'undefined') Bun.serve({ fetch })", []],
    ['process.chdir(__dirname)', ['calls process.chdir()']],
    ['x(process.env.NODE_APP_INSTANCE)', ['reads NODE_APP_INSTANCE']],
    ['globalThis.platformatic.logger.info(1)', ['uses globalThis.platformatic']],
    ['globalThis.platformatic?.logger', []],
    ["// process.send('ready')", []]
  ]
  for (const [code, begins] of cases) {
    const found = troublesIn(codeOf(code))
    assert.deepEqual(
      found.map((text, index) => text.startsWith(begins[index] ?? '!')),
      begins.map(() => true),
      code
    )
  }
})

test('a package.json that cannot be read is told', () => {
  const { leftOut } = look({ 'package.json': '{ "name": ', 'index.js': listens })
  assert.match(leftOut[0]?.reason ?? '', /package\.json is not JSON: /)
})

test('a port is read where servers are told theirs, and not in comments', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['app.listen(3001)', 3001],
    ['listen(Number(process.env["PORT"] ?? 3002))', 3002],
    ['const port = process.env.PORT || 3003', 3003],
    ['await app.listen({ host, port: 3004 })', 3004],
    ['const PORT: number = 3005', 3005],
    ['serve({ fetch: app.fetch, port: 3006 })', 3006],
    ['// app.listen(3007)\nx', null],
    ['app.listen(port)', null],
    ['app.listen(99999)', null]
  ]
  for (const [code, port] of cases) assert.equal(portIn(codeOf(code)), port, code)
  assert.equal(codeOf(`'http://a' // b\n/* c */ "// d"`), `'http://a' \n "// d"`)
})

test('survey() looks at the beginning of what is larger than any project, and says so', () => {
  const files = Object.fromEntries(
    Array.from({ length: 2500 }, (_, index) => [`d${String(index).padStart(4, '0')}/server.js`, listens])
  )
  const { applications, leftOut } = look(files)
  assert.equal(applications.length, 2000)
  assert.equal(applications.at(-1)?.path, 'd1999')
  assert.match(leftOut.map(({ reason }) => reason).join(), /^more than 2000 directories are there, /)
})

test('survey() passes over a directory nobody may look into', () => {
  const disk = paperDisk({ '/p/package.json': '{"workspaces":["apps/*"]}', '/p/apps/api/server.js': listens })
  const closed = { ...disk, directories: () => assert.fail('EACCES') }
  assert.deepEqual(survey(closed, '/p').applications, [])
})
