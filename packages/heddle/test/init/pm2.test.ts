/** Ecosystem files of PM2, as people have them, become configurations the real loader takes; nothing is lost unsaid. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { disk } from '../../src/config/load.ts'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import type { Note } from '../../src/init/note.ts'
import { isEcosystem, translateEcosystem } from '../../src/init/pm2.ts'
import { application, loaded, outcomes, project, server } from './stage.ts'

interface Translated {
  readonly root: string
  readonly config: ResolvedConfig
  readonly notes: readonly Note[]
}

async function translated(
  t: TestContext,
  value: (root: string) => unknown,
  files: Readonly<Record<string, string>>
): Promise<Translated> {
  const root = project(t, files)
  const { draft, notes } = translateEcosystem(value(root), { disk, root })
  return { root, config: await loaded(root, draft), notes }
}

const clustered = {
  apps: [
    {
      name: 'Shop Backend',
      cwd: './backend',
      script: './dist/main.js',
      instances: 'max',
      exec_mode: 'cluster',
      watch: false,
      autorestart: true,
      max_restarts: 10,
      min_uptime: '10s',
      max_memory_restart: '500M',
      node_args: '--max-old-space-size=512 --enable-source-maps --expose-gc',
      error_file: './logs/backend-error.log',
      out_file: './logs/backend-out.log',
      log_date_format: 'YYYY-MM-DD HH:mm:ss Z',
      merge_logs: true,
      kill_timeout: 30_000,
      listen_timeout: 60_000,
      wait_ready: true,
      exp_backoff_restart_delay: 100,
      cron_restart: '0 3 * * *',
      env: { NODE_ENV: 'development', PORT: 4000, TEMPLATE: '{NAME}' },
      env_production: { NODE_ENV: 'production', WORKERS: 2 }
    }
  ],
  deploy: { production: { host: 'example.com' } }
}

test('a server in cluster mode with everything people write', async t => {
  const { config, notes } = await translated(t, () => clustered, { 'backend/dist/main.js': server })
  const { workers, env, execArgv, limits, recycle, restart, rollout } = application(config, 'shop-backend')
  assert.deepEqual(
    [config.server.port, workers, execArgv, limits.oldGenerationMb],
    [4000, 3, ['--enable-source-maps'], 512]
  )
  assert.deepEqual(env, { NODE_ENV: 'production', PORT: '4000', TEMPLATE: '{NAME}', WORKERS: '2' })
  assert.deepEqual([recycle.maxHeap, recycle.maxAge], [500, 86_400_000])
  assert.deepEqual([restart.backoffMin, restart.maxFailures, restart.resetAfter], [100, 10, 10_000])
  assert.deepEqual(
    [rollout.drainTimeout, config.gracefulShutdown.timeout, config.startTimeout],
    [30_000, 30_000, 60_000]
  )
  assert.match(config.logger.file?.path ?? '', /logs\/heddle\.log$/)
  assert.deepEqual(outcomes(notes), [
    'differs apps[0].cron_restart',
    'differs apps[0].cwd',
    'differs apps[0].exp_backoff_restart_delay',
    'differs apps[0].instances',
    'differs apps[0].kill_timeout',
    'differs apps[0].max_memory_restart',
    'differs apps[0].max_restarts',
    'differs apps[0].name',
    'differs apps[0].out_file',
    'differs apps[0].wait_ready',
    'missing apps[0].node_args',
    'missing deploy',
    'unneeded apps[0].log_date_format',
    'unneeded apps[0].merge_logs'
  ])
})

test('several processes: one is public, the ports of the others close, and their URLs follow', async t => {
  const { config, notes } = await translated(
    t,
    root => ({
      apps: [
        { name: 'api', cwd: `${root}/api`, script: 'server.js', instances: 2, env: { PORT: 4000 } },
        {
          name: 'web',
          cwd: `${root}/web`,
          script: 'npm',
          args: 'run start',
          interpreter: 'none',
          env: { PORT: '3001', API_URL: 'http://localhost:4000/v1', OTHER: 'http://localhost:40001' }
        },
        { name: 'bot', script: 'bot.js', env_file: 'bot.env', watch: true, ignore_watch: ['logs'] }
      ]
    }),
    {
      'api/server.js': server,
      'web/package.json': '{"scripts":{"start":"node -r ./boot.js server.js"}}',
      'web/server.js': server,
      'web/boot.js': '',
      'bot.env': 'TOKEN=x',
      'bot.js': 'setInterval(() => process.chdir("."), 1000)'
    }
  )
  assert.deepEqual([config.entrypoint, config.server.port], ['web', 3001])
  assert.deepEqual(
    config.applications.map(({ id, workers }) => [id, workers]),
    [
      ['api', 2],
      ['web', 1],
      ['bot', 1]
    ]
  )
  const web = application(config, 'web')
  assert.deepEqual(
    [web.env['API_URL'], web.env['OTHER']],
    ['http://api.heddle.local/v1', 'http://localhost:40001']
  )
  assert.equal(web.preload.length, 1)
  assert.equal(application(config, 'bot').env['TOKEN'], 'x')
  assert.deepEqual(outcomes(notes), [
    'differs apps[0].cwd',
    'differs apps[0].env.PORT',
    'differs apps[1].cwd',
    'differs apps[1].env.API_URL',
    'differs apps[2].script',
    'differs apps[2].watch',
    'unneeded apps[2].ignore_watch'
  ])
})

test('what cannot be an application is left out, with the reason', async t => {
  const { config, notes } = await translated(
    t,
    () => ({
      apps: [
        { name: 'next', script: 'node_modules/next/dist/bin/next', args: 'start -p 3000' },
        { name: 'ml', script: 'main.py', interpreter: 'python3' },
        { name: 'gunicorn', script: './venv/bin/gunicorn', args: 'main:app', interpreter: 'none' },
        { name: 'nightly', script: 'nightly.js', cron_restart: '0 1 * * *', autorestart: false },
        { name: 'tunnel', script: 'cloudflared', args: 'tunnel' },
        { name: 'nothing' },
        {
          name: 'once',
          script: 'server.js',
          autorestart: false,
          uid: 'www',
          colour: 'blue',
          args: ['--verbose']
        }
      ]
    }),
    { 'server.js': server }
  )
  assert.deepEqual(
    config.applications.map(({ id }) => id),
    ['once']
  )
  assert.deepEqual(
    notes.filter(({ text }) => text.includes('left out: it')).map(({ text }) => text.split(' is left')[0]),
    ['next', 'ml', 'gunicorn', 'nightly', 'tunnel', 'nothing']
  )
  const missing = outcomes(notes).filter(each => each.includes('[6]'))
  assert.deepEqual(missing, [
    'missing apps[6].args',
    'missing apps[6].autorestart',
    'missing apps[6].colour',
    'missing apps[6].uid'
  ])
})

/** Ways to say what is run, the files, and the entry. */
const commands: readonly (readonly [
  written: Readonly<Record<string, unknown>>,
  file: string,
  entry: string
])[] = [
  [{ script: 'server.js' }, 'server.js', 'server.js'],
  [{ script: './bin/www' }, 'bin/www', 'bin/www'],
  [{ script: './server' }, 'server.js', 'server.js'],
  [{ script: 'node', args: 'server.js' }, 'server.js', 'server.js'],
  [{ script: 'node', args: ['--no-warnings', 'server.js'] }, 'server.js', 'server.js'],
  [{ script: 'node server.js', interpreter: 'none' }, 'server.js', 'server.js'],
  [{ script: 'npm', args: 'start' }, 'server.js', 'server.js'],
  [{ script: 'npm', args: 'run start' }, 'server.js', 'server.js'],
  [{ script: 'yarn', args: 'start' }, 'server.js', 'server.js'],
  [{ script: './node_modules/.bin/tsx', args: 'src/a.ts' }, 'src/a.ts', 'src/a.ts'],
  [{ script: 'src/a.ts', interpreter: 'tsx' }, 'src/a.ts', 'src/a.ts'],
  [{ script: 'nodemon ./server.js' }, 'server.js', 'server.js'],
  [{ exec: 'server.js', exec_interpreter: '/usr/bin/node' }, 'server.js', 'server.js']
]

test('what is run is found in whatever way it is said', async t => {
  for (const [written, file, entry] of commands) {
    const files = {
      'package.json': '{"scripts":{"start":"node server.js"}}',
      [file]: 'require("x").listen(1)'
    }
    const { root, config } = await translated(t, () => written, files)
    assert.equal(config.applications[0]?.entry, `${root}/${entry}`, JSON.stringify(written))
  }
})

test('the number of instances', async t => {
  const cases: readonly (readonly [instances: unknown, workers: number, isNoted: boolean])[] = [
    [undefined, 1, false],
    [3, 3, false],
    ['4', 4, false],
    ['max', 3, true],
    [0, 3, true],
    [-1, 3, false],
    [-2, 3, true],
    ['many', 3, true]
  ]
  for (const [instances, workers, isNoted] of cases) {
    const { config, notes } = await translated(t, () => [{ script: 'server.js', name: 'a', instances }], {
      'server.js': server
    })
    assert.deepEqual(
      [application(config, 'a').workers, notes.length > 0],
      [workers, isNoted],
      String(instances)
    )
  }
})

test('amounts of memory and times are in the units of Heddle', async t => {
  const cases: readonly (readonly [memory: unknown, maxHeap: number])[] = [
    ['300M', 300],
    ['1G', 1024],
    ['1.5G', 1536],
    ['1536K', 2],
    [314_572_800, 300],
    ['314572800', 300],
    ['nonsense', 0]
  ]
  for (const [max_memory_restart, maxHeap] of cases) {
    const { config } = await translated(t, () => ({ script: 'server.js', name: 'a', max_memory_restart }), {
      'server.js': server
    })
    assert.equal(application(config, 'a').recycle.maxHeap, maxHeap, String(max_memory_restart))
  }
})

test('node of another version is node, and apps may be one process', async t => {
  const apps = { name: 'a', script: 'server.js', interpreter: 'node@18.20.4' }
  const { config, notes } = await translated(t, () => ({ apps }), { 'server.js': server })
  assert.ok(application(config, 'a').entry.endsWith('server.js'))
  assert.deepEqual(
    notes.map(({ key, outcome }) => [key, outcome]),
    [['apps.interpreter', 'differs']]
  )
})

test('an ecosystem file is known by what is in it', () => {
  assert.equal(isEcosystem({ apps: [] }), true)
  assert.equal(isEcosystem({ pm2: [{ script: 'a' }] }), true)
  assert.equal(isEcosystem([{ script: 'a.js' }, { script: 'b.js' }]), true)
  assert.equal(isEcosystem({ script: 'a.js' }), true)
  assert.equal(isEcosystem({ apps: { script: 'a.js' } }), true)
  assert.equal(isEcosystem({ scripts: {} }), false)
  assert.equal(isEcosystem([]), false)
  assert.equal(isEcosystem(null), false)
})
