/** Configurations of Watt, as people have them, become configurations the real loader takes; nothing is lost unsaid. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { disk } from '../../src/config/load.ts'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import type { Note } from '../../src/init/note.ts'
import { isWatt, translateWatt } from '../../src/init/watt.ts'
import { application, loaded, outcomes, project, server } from './stage.ts'

const runtime = 'https://schemas.platformatic.dev/wattpm/3.67.0.json'
const node = 'https://schemas.platformatic.dev/@platformatic/node/3.67.0.json'

function own(kind: string, value: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    $schema: `https://schemas.platformatic.dev/@platformatic/${kind}/3.67.0.json`,
    ...value
  })
}

interface Translated {
  readonly config: ResolvedConfig
  readonly notes: readonly Note[]
  /** Path of the application from the project, and its entry from there. */
  readonly entries: readonly string[]
}

async function translated(
  t: TestContext,
  value: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>
): Promise<Translated> {
  const root = project(t, files)
  const { draft, notes } = translateWatt(value, { disk, root })
  const config = await loaded(root, draft)
  return { config, notes, entries: config.applications.map(({ entry }) => entry.slice(root.length + 1)) }
}

test('a runtime with autoload, as its generator writes it', async t => {
  const { config, notes, entries } = await translated(
    t,
    {
      $schema: runtime,
      entrypoint: 'web',
      server: { hostname: '{PLT_SERVER_HOSTNAME}', port: '{PORT}' },
      logger: { level: '{{PLT_SERVER_LOGGER_LEVEL}}' },
      managementApi: '{PLT_MANAGEMENT_API}',
      watch: true,
      autoload: { path: 'web', exclude: ['docs'] }
    },
    {
      '.env':
        'PLT_SERVER_HOSTNAME=0.0.0.0\nPORT=3042\nPLT_SERVER_LOGGER_LEVEL=warn\nPLT_MANAGEMENT_API=true\n',
      'web/web/index.js': server,
      'web/web/watt.json': own('node'),
      'web/api/.env': 'SECRET=x',
      'web/api/src/app.js': server,
      'web/api/platformatic.json': own('node', { node: { main: 'src/app.js' }, logger: { level: 'debug' } }),
      'web/docs/index.js': server
    }
  )
  assert.deepEqual(entries.toSorted(), ['web/api/src/app.js', 'web/web/index.js'])
  assert.deepEqual(
    [config.server.hostname, config.server.port, config.logger.level, config.entrypoint],
    ['0.0.0.0', 3042, 'warn', 'web']
  )
  const api = application(config, 'api')
  assert.deepEqual([api.env['SECRET'], api.workers, api.logger.level], ['x', 1, 'debug'])
  assert.equal(config.mesh.domain, '.plt.local')
  assert.deepEqual(outcomes(notes), ['differs autoload', 'differs managementApi', 'unneeded watch'])
})

test('a single application with a block runtime', async t => {
  const { config, notes, entries } = await translated(
    t,
    {
      $schema: node,
      node: { main: 'dist/server.js' },
      application: { basePath: '/shop', commands: { build: 'tsc', production: 'node other.js' } },
      watch: { enabled: false },
      runtime: {
        server: { port: '{PORT}', hostname: '127.0.0.1' },
        workers: { static: 2 },
        logger: { level: 'fatal' }
      }
    },
    { 'dist/server.js': server }
  )
  assert.deepEqual(entries, ['dist/server.js'])
  assert.deepEqual(
    [config.server.port, config.applications[0]?.workers, config.logger.level],
    [3000, 2, 'error']
  )
  assert.deepEqual(
    config.routes.map(({ prefix, stripPrefix }) => [prefix, stripPrefix]),
    [['/shop', true]]
  )
  assert.deepEqual(outcomes(notes), [
    'differs runtime.logger.level',
    'differs watt.json application.commands.build',
    'differs watt.json application.commands.production',
    'unneeded runtime.server.port',
    'unneeded watt.json watch'
  ])
})

const supervised = {
  $schema: runtime,
  applications: [
    {
      id: 'a',
      path: './{{A_DIRECTORY}}',
      workers: { minimum: 2, maximum: 3 },
      health: { maxELU: 0.8 },
      nodeOptions: '--max-old-space-size=200'
    },
    {
      id: 'B_b',
      path: './b',
      dependencies: ['a'],
      env: { X: '{HOME_X}' },
      execArgv: ['--enable-source-maps', '--expose-gc']
    }
  ],
  env: { HOME_X: '1' },
  envfile: 'vars.env',
  workers: { dynamic: true, minimum: 1, maximum: 4, total: 6, cooldown: 20_000 },
  health: {
    enabled: true,
    interval: 10_000,
    maxHeapTotal: '512MB',
    maxYoungGeneration: 33_554_432,
    maxUnhealthyChecks: 5,
    maxEventLoopDelayP99: 500,
    codeRangeSize: 1
  },
  restartOnError: 5000,
  startTimeout: 60_000,
  gracefulShutdown: { runtime: 20_000, application: 10_000, closeConnections: true },
  metrics: { port: 9091, hostname: '0.0.0.0', readiness: true, auth: { username: 'x', password: 'y' } },
  policies: { deny: { a: 'B_b' } },
  applicationTimeout: 60_000
}

test('workers that follow the load, limits, health, restarts, shutdown, metrics', async t => {
  const { config, notes } = await translated(t, supervised, {
    'a/index.js': server,
    'b/index.js': server,
    'vars.env': 'HOME_X=2\nA_DIRECTORY=a'
  })
  const a = application(config, 'a')
  const b = application(config, 'b-b')
  assert.deepEqual([a.scaling.min, a.scaling.max, b.scaling.min, b.scaling.max], [2, 3, 1, 4])
  assert.deepEqual(
    [a.limits.oldGenerationMb, b.limits.oldGenerationMb, b.limits.youngGenerationMb],
    [200, 512, 32]
  )
  assert.deepEqual(
    [a.health.maxELU, a.health.interval, a.health.maxUnhealthyChecks, a.health.maxLoopDelay],
    [0.8, 10_000, 5, 500]
  )
  assert.deepEqual(
    [b.env['X'], b.env['HOME_X'], b.dependencies, b.execArgv],
    ['2', '1', ['a'], ['--enable-source-maps']]
  )
  assert.deepEqual(
    [a.restart.backoffMin, config.startTimeout, config.gracefulShutdown.timeout, a.rollout.drainTimeout],
    [5000, 60_000, 20_000, 10_000]
  )
  assert.deepEqual([config.admin.port, config.admin.hostname, config.mesh.timeout], [9091, '0.0.0.0', 60_000])
  assert.deepEqual(config.mesh.deny, { a: ['b-b'] })
  assert.deepEqual(outcomes(notes), [
    'differs applications[1].id',
    'differs metrics.readiness',
    'differs restartOnError',
    'differs workers.cooldown',
    'missing applications[1].execArgv',
    'missing health.codeRangeSize',
    'missing metrics.auth',
    'unneeded gracefulShutdown.closeConnections'
  ])
})

const composed = {
  $schema: 'https://schemas.platformatic.dev/@platformatic/runtime/3.67.0.json',
  entrypoint: 'gateway',
  services: [
    { id: 'gateway', path: 'gateway' },
    { id: 'front', path: 'front' },
    { id: 'api', path: 'api', dependencies: ['books'] },
    { id: 'raw', path: 'raw' },
    { id: 'books', path: 'books' },
    { id: 'shop', path: 'shop' },
    { id: 'off', path: 'raw', enabled: false },
    { id: 'far', url: 'https://example.com/far.git', path: 'far' }
  ],
  policies: { deny: { api: ['books', 'raw'] } }
}

test('a gateway becomes routes, and what only Watt can run is left out', async t => {
  const { config, notes } = await translated(t, composed, {
    'gateway/watt.json': own('gateway', {
      gateway: {
        applications: [
          { id: 'front', proxy: { prefix: '/' } },
          { id: 'api', openapi: { url: '/documentation/json', prefix: '/api' } },
          { id: 'raw', proxy: { prefix: '/raw', rewritePrefix: '/raw', methods: ['GET'] } },
          { id: 'books' }
        ],
        refreshTimeout: 1000
      }
    }),
    'front/package.json': '{"dependencies":{"vite":"7","fastify":"5"}}',
    'front/index.js': server,
    'api/index.js': server,
    'raw/index.js': `${server}; globalThis.platformatic.logger.info('x')`,
    'books/platformatic.json': own('db', { db: { connectionString: '{DATABASE_URL}' } }),
    'shop/package.json': '{"dependencies":{"next":"15"}}',
    'far/index.js': server
  })
  assert.deepEqual(
    config.applications.map(({ id }) => id),
    ['front', 'api', 'raw', 'far']
  )
  assert.equal(config.entrypoint, 'front')
  assert.deepEqual(
    config.routes.map(({ prefix, application, stripPrefix }) => [prefix, application, stripPrefix]),
    [
      ['/api', 'api', true],
      ['/raw', 'raw', false]
    ]
  )
  assert.deepEqual([application(config, 'api').dependencies, config.mesh.deny], [[], { api: ['raw'] }])
  assert.deepEqual(outcomes(notes), [
    'differs entrypoint',
    'differs gateway/watt.json gateway.applications[1].openapi',
    'differs services[3]',
    'differs services[6].enabled',
    'missing gateway/watt.json gateway.applications[1].openapi.url',
    'missing gateway/watt.json gateway.applications[2].proxy.methods',
    'missing gateway/watt.json gateway.refreshTimeout',
    'missing gateway: books',
    'missing services[0]',
    'missing services[4]',
    'missing services[5]',
    'missing services[7].url',
    'unneeded policies.deny.api'
  ])
})

test('a gateway that names nobody sends to everybody, and the first version of files is known', async t => {
  const { config, notes } = await translated(
    t,
    { $schema: 'https://platformatic.dev/schemas/v1.1.0/runtime', autoload: { path: 'web' }, workers: 5 },
    {
      'web/all/platformatic.composer.json':
        '{"$schema":"https://platformatic.dev/schemas/v1.1.0/composer","composer":{}}',
      'web/db/platformatic.db.json': '{"$schema":"https://platformatic.dev/schemas/v1.1.0/db","db":{}}',
      'web/fast/index.js': server,
      'web/slow/index.js': server
    }
  )
  assert.deepEqual(
    config.routes.map(({ prefix, stripPrefix }) => [prefix, stripPrefix]),
    [
      ['/fast', true],
      ['/slow', true]
    ]
  )
  assert.deepEqual([config.entrypoint, config.applications.length], ['fast', 2])
  assert.deepEqual(outcomes(notes), [
    'differs autoload',
    'differs entrypoint',
    'missing autoload.all',
    'missing autoload.db'
  ])
})

test('everything else a runtime may have is told, and nothing twice', async t => {
  const others = {
    reuseTcpPorts: true,
    startupConcurrency: 4,
    workersRestartDelay: 1,
    exitOnUnhandledErrors: true,
    management: true,
    healthProbes: true,
    telemetry: { applicationName: 'x' },
    httpCache: true,
    undici: {},
    extensions: ['./x.js'],
    scheduler: [],
    inspectorOptions: {},
    messagingTimeout: 1,
    resolvedApplicationsBasePath: 'external',
    nodeModulesSourceMaps: [],
    compileCache: true,
    strictEnv: true,
    verticalScaler: { enabled: true },
    somethingNew: 1
  }
  const { notes } = await translated(
    t,
    { $schema: runtime, web: [{ id: 'a', path: 'a' }], ...others },
    { 'a/index.js': server }
  )
  assert.deepEqual(notes.map(({ key }) => key).toSorted(), Object.keys(others).toSorted())
})

test('a configuration of Watt is known by what is in it', () => {
  assert.equal(isWatt({ $schema: runtime }), true)
  assert.equal(isWatt({ module: '@platformatic/node' }), true)
  assert.equal(isWatt({ autoload: { path: 'web' } }), true)
  assert.equal(isWatt({ runtime: {} }), true)
  assert.equal(isWatt({ name: 'x', version: '1' }), false)
})
