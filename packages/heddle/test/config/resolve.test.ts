/** What a configuration becomes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedConfig } from '../../src/config/resolved.ts'
import type { Sources } from '../../src/config/resolve.ts'
import { mistakeLine } from '../../src/errors.ts'
import { defaultApplications, defaultConfig } from './default-config.ts'
import { a, both, paperDisk, resolveWritten, twoApplications, wrong } from './paper-disk.ts'

function right(written: unknown, sources: Partial<Sources> = {}): ResolvedConfig {
  const resolution = resolveWritten(written, sources)
  assert.ok(resolution.ok, resolution.ok ? '' : resolution.mistakes.map(mistakeLine).join('\n'))
  return resolution.config
}

test('resolve() reports mistakes of every kind in one go', () => {
  const lines = wrong(
    {
      applications: { a: { path: 'a', wrkers: 2 }, b: { path: 'zz' } },
      server: { port: 70_000 },
      routes: [{ application: 'q' }],
      mesh: { domain: '{NOPE}' }
    },
    { flags: { 'log-level': 'loud' } }
  )
  const places = lines.map(line => line.slice(0, line.indexOf(': ')))
  assert.deepEqual(places, [
    'mesh.domain',
    'applications.a.wrkers',
    'server.port',
    '--log-level',
    'applications.b.path',
    'routes[0].application'
  ])
})

test('resolve() names what only a module can write: circles, depths without end, values that are no JSON', () => {
  const circle: Record<string, unknown> = { domain: '.x' }
  circle['again'] = [circle]
  let deep: unknown = 1
  for (let depth = 0; depth < 20_000; depth++) deep = [deep]
  const lines = wrong({ ...a, mesh: circle, routes: deep, server: { port: 5n, threads: Number.NaN } })
  assert.deepEqual(lines.slice(0, 4), [
    'mesh.again[0]: contains itself',
    `routes${'[0]'.repeat(99)}: is inside more than 100 objects and lists`,
    'server.port: expected a whole number from 0 to 65535, got 5',
    'server.threads: expected a whole number from 1 to 64, got NaN'
  ])
})

test('resolve() fills in every default', () => {
  const { applications, ...rest } = right(a)
  assert.deepEqual(applications, defaultApplications)
  assert.deepEqual(rest, defaultConfig)
})

test('resolve() lets flags outrank variables, variables the file, and the file defaults', () => {
  const written = { ...a, server: { port: 1 } }
  assert.equal(right(a).server.port, 3000)
  assert.equal(right(written).server.port, 1)
  assert.equal(right(written, { env: { PORT: '2' } }).server.port, 2)
  assert.equal(right(written, { env: { PORT: '2', HEDDLE_PORT: '3' } }).server.port, 3)
  assert.equal(right(written, { env: { PORT: '2', HEDDLE_PORT: '' } }).server.port, 2)
  assert.equal(right(written, { env: { HEDDLE_PORT: '3' }, flags: { port: '4' } }).server.port, 4)
})

test('resolve() gives every setting a flag and a variable', () => {
  const byFlag = right(both, {
    flags: {
      hostname: '::',
      mode: 'direct',
      entrypoint: 'b',
      'admin-port': '1',
      'log-level': 'warn',
      'log-format': 'json',
      workers: '7'
    }
  })
  const byVariable = right(both, {
    env: {
      HOST: '::',
      HEDDLE_MODE: 'direct',
      HEDDLE_ENTRYPOINT: 'b',
      HEDDLE_ADMIN_PORT: '1',
      HEDDLE_LOG_LEVEL: 'warn',
      HEDDLE_LOG_FORMAT: 'json',
      HEDDLE_WORKERS: '7'
    }
  })
  for (const config of [byFlag, byVariable]) {
    assert.equal(config.server.hostname, '::')
    assert.equal(config.server.mode, 'direct')
    assert.equal(config.entrypoint, 'b')
    assert.deepEqual([config.admin.port, config.admin.portChosen], [1, true])
    assert.partialDeepStrictEqual(config.logger, { level: 'warn', format: 'json' })
    for (const { workers } of config.applications) assert.equal(workers, 7)
  }
})

test('resolve() gives each application the level of the log unless it has its own, and finds the log file', () => {
  const applications = { a: { path: 'a', logger: { level: 'trace' } }, b: { path: 'b' } }
  const logger = { level: 'error', redact: ['*.token'], file: { path: 'logs/heddle.log', maxSize: '1MB' } }
  const config = right({ ...both, applications, logger })
  assert.deepEqual(
    config.applications.map(application => application.logger),
    [{ level: 'trace' }, { level: 'error' }]
  )
  assert.deepEqual(config.logger, {
    level: 'error',
    format: 'auto',
    redact: ['*.token'],
    stdout: true,
    file: { path: '/app/logs/heddle.log', maxSize: 1024 ** 2, maxAge: 86_400_000, keep: 10 }
  })
})

function counts(written: unknown, sources?: Partial<Sources>): number[] {
  return right(written, sources).applications.map(({ workers }) => workers)
}

test('resolve() takes the number of workers from the most exact place', () => {
  const written = { ...both, workers: 5, applications: { a: { path: 'a', workers: 2 }, b: { path: 'b' } } }
  assert.deepEqual(counts(both), [3, 3])
  assert.deepEqual(counts(written), [2, 5])
  assert.deepEqual(counts(written, { flags: { workers: '4' } }), [4, 4])
  assert.deepEqual(counts(written, { flags: { workers: 'b=9' } }), [2, 9])
  assert.deepEqual(counts(written, { env: { HEDDLE_WORKERS: '4, a=1' } }), [1, 4])
  assert.deepEqual(counts(both, { machine: { cpus: 1, memoryLimitBytes: null } }), [1, 1])
})

test('resolve() reads durations, sizes and memory with units', () => {
  const config = right({
    applications: {
      a: {
        path: 'a',
        limits: { oldGeneration: '1GB', youngGeneration: 32, stack: '4MiB' },
        restart: { backoffMax: '2m' }
      }
    },
    server: { headersTimeout: '1.5s', maxBodySize: '2MB' },
    startTimeout: '1h'
  })
  assert.deepEqual(config.applications[0]?.limits, {
    oldGenerationMb: 1024,
    youngGenerationMb: 32,
    stackMb: 4
  })
  assert.deepEqual(config.applications[0]?.restart, {
    backoffMin: 250,
    backoffMax: 120_000,
    jitter: 0.25,
    maxFailures: 10,
    window: 60_000,
    openFor: 30_000,
    resetAfter: 60_000
  })
  assert.deepEqual(
    [config.server.headersTimeout, config.server.maxBodySize, config.startTimeout],
    [1500, 2_097_152, 3_600_000]
  )
})

test('resolve() puts variables into texts, numbers and booleans', () => {
  const config = right(
    {
      ...a,
      env: { GREETING: 'hello {NAME}, {{NAME} and {"a":1}' },
      server: { port: '{P}' },
      admin: { enabled: '{ON}' },
      startTimeout: '{T}'
    },
    { env: { NAME: 'Ada', P: '81', ON: 'false', T: '5s' } }
  )
  assert.equal(config.applications[0]?.env['GREETING'], 'hello Ada, {NAME} and {"a":1}')
  assert.deepEqual([config.server.port, config.admin.enabled, config.startTimeout], [81, false, 5000])
})

test('resolve() layers the environment of the workers', () => {
  const disk = paperDisk({
    ...twoApplications,
    '/app/.env': 'A=root\nB=root\nC=root\nD=root\nE=root',
    '/app/a/.env': 'B=own\nC=own\nD=own\nE=own'
  })
  const config = right(
    {
      applications: { a: { path: 'a', envFile: '.env', env: { E: 'own key' } } },
      envFile: '{DOT}env',
      env: { D: 'root key', E: 'root key', F: '{A}' }
    },
    { disk, env: { DOT: '.', C: 'process', D: 'process', E: 'process' } }
  )
  assert.deepEqual(config.applications[0]?.env, {
    A: 'root',
    B: 'own',
    C: 'process',
    D: 'root key',
    E: 'own key',
    F: 'root',
    DOT: '.'
  })
})

test('resolve() makes applications of the directories in an autoloaded one', () => {
  const disk = paperDisk({
    '/app/services/Web/index.js': '1',
    '/app/services/api/src/server.ts': '1',
    '/app/services/old/index.js': '1',
    '/app/services/.git/index.js': '1',
    '/app/services/node_modules/index.js': '1',
    '/app/extra/main.mjs': '1'
  })
  const config = right(
    {
      applications: { extra: { path: 'extra' }, api: { workers: 9 } },
      autoload: { path: 'services', exclude: ['old'] },
      entrypoint: 'web'
    },
    { disk }
  )
  assert.deepEqual(
    config.applications.map(({ id, entry, workers }) => [id, entry, workers]),
    [
      ['extra', '/app/extra/main.mjs', 3],
      ['api', '/app/services/api/src/server.ts', 9],
      ['web', '/app/services/Web/index.js', 3]
    ]
  )
})

test('resolve() takes the application of the route for everything as entrypoint', () => {
  assert.equal(right({ applications: both.applications, routes: [{ application: 'b' }] }).entrypoint, 'b')
})

test('resolve() sorts routes: exact hosts, wildcards, every host; the longest prefix first', () => {
  const routes = [
    { application: 'a' },
    { host: '*.x.dev', application: 'a' },
    { path: '/long/er/', application: 'b', stripPrefix: true },
    { host: 'API.x.dev', path: '/v1', application: 'b' },
    { host: 'api.x.dev', path: '/v1/users', application: 'b' },
    { path: '/long', application: 'b' }
  ]
  assert.deepEqual(
    right({ ...both, routes }).routes.map(({ host, prefix }) => [host, prefix]),
    [
      ['api.x.dev', '/v1/users'],
      ['api.x.dev', '/v1'],
      ['*.x.dev', '/'],
      [null, '/long/er'],
      [null, '/long'],
      [null, '/']
    ]
  )
})

test('resolve() divides the memory of a container among all workers', () => {
  const machine = { cpus: 4, memoryLimitBytes: 1024 ** 3 }
  const written = {
    ...both,
    applications: {
      a: { path: 'a', workers: 2 },
      b: { path: 'b', workers: 2, limits: { oldGeneration: 300 } }
    }
  }
  const config = right(written, { machine })
  assert.deepEqual(
    config.applications.map(({ limits }) => limits),
    [
      {
        oldGenerationMb: 158,
        youngGenerationMb: 22,
        stackMb: null,
        shared: ['oldGenerationMb', 'youngGenerationMb']
      },
      { oldGenerationMb: 300, youngGenerationMb: null, stackMb: null }
    ]
  )
})

function warnings(sources: Partial<Sources>, written: unknown = a): readonly string[] {
  return right(written, sources).warnings
}

test('resolve() warns of what is allowed but hardly meant', () => {
  assert.match(
    warnings({ execArgv: ['--max_old_space_size=99'] })[0] ?? '',
    /^--max_old_space_size=99 in the options of node sets/
  )
  assert.match(
    warnings({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })[0] ?? '',
    /listens on 127\.0\.0\.1, where nothing outside this pod/
  )
  assert.match(
    warnings({ machine: { cpus: 9, memoryLimitBytes: 128 * 1024 ** 2 } })[0] ?? '',
    /allows 128 MiB, too little for 8 workers/
  )
  assert.match(
    warnings({}, { ...a, env: { NODE_OPTIONS: '--max-old-space-size=9' } })[0] ?? '',
    /has no effect in a worker/
  )
  const disk = paperDisk({ '/app/a/package.json': '{"main":"dist/x.js"}', '/app/a/src/index.ts': '1' })
  assert.match(
    warnings({ disk })[0] ?? '',
    /names "dist\/x\.js", which does not exist; \/app\/a\/src\/index\.ts is used/
  )
})

test('resolve() keeps serving for a while when a stop begins in Kubernetes', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  assert.equal(right(a, { env }).gracefulShutdown.drainDelay, 5000)
  assert.equal(right({ ...a, gracefulShutdown: { drainDelay: 0 } }, { env }).gracefulShutdown.drainDelay, 0)
})
