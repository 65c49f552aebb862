/** What a reload has to do for each change of the configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedConfig } from '../../../src/config/resolved.ts'
import { planReload } from '../../../src/main/reload/plan.ts'
import type { Plan } from '../../../src/main/reload/plan.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'

const api = exampleApplication({ id: 'api' })
const web = exampleApplication({ id: 'web', dependencies: ['api'] })
const before = exampleConfig({ applications: [api, web] })

interface Expected {
  readonly added?: readonly string[]
  readonly kept?: readonly string[]
  readonly removed?: readonly string[]
  readonly moves?: boolean
  readonly changes?: readonly string[]
  readonly refused?: readonly string[]
}

const cases: readonly [title: string, after: ResolvedConfig, expected: Expected][] = [
  ['nothing: the code may be new', before, {}],
  [
    'one application more',
    { ...before, applications: [api, web, exampleApplication({ id: 'jobs' })] },
    { added: ['jobs'], changes: ['applications.jobs: added'] }
  ],
  [
    'one application less',
    { ...before, applications: [api] },
    { kept: ['api'], removed: ['web'], changes: ['applications.web: removed'] }
  ],
  [
    'another number of workers',
    { ...before, applications: [{ ...api, workers: 3 }, web] },
    { changes: ['applications.api.workers: 1 → 3'] }
  ],
  [
    'an environment, whose values are nobody’s business',
    { ...before, applications: [{ ...api, env: { ...api.env, KEY: 'secret' } }, web] },
    { changes: ['applications.api.env.KEY: set'] }
  ],
  [
    'a list',
    { ...before, applications: [{ ...api, preload: ['./trace.ts'] }, web] },
    { changes: ['applications.api.preload: changed'] }
  ],
  [
    'routes and the entrypoint',
    {
      ...before,
      entrypoint: 'web',
      routes: [{ host: null, prefix: '/api', application: 'api', stripPrefix: false, requestTimeout: null }]
    },
    { changes: ['entrypoint: "api" → "web"', 'routes: changed'] }
  ],
  [
    'a limit of the server',
    { ...before, server: { ...before.server, requestTimeout: 5000 } },
    { changes: ['server.requestTimeout: 30000 → 5000'] }
  ],
  [
    'the public port',
    { ...before, server: { ...before.server, port: 8080 } },
    { moves: true, changes: ['server.port: 0 → 8080'] }
  ],
  [
    'the token',
    { ...before, admin: { ...before.admin, token: 'secret' } },
    { changes: ['admin.token: set'] }
  ],
  ['only warnings', { ...before, warnings: ['a warning'] }, {}],
  [
    'the mode',
    { ...before, server: { ...before.server, mode: 'direct' } },
    { changes: ['server.mode: "edge" → "direct"'], refused: ['server.mode: "edge" → "direct"'] }
  ],
  [
    'the number of edge threads, the mesh and the log',
    {
      ...before,
      server: { ...before.server, threads: 2 },
      mesh: { ...before.mesh, timeout: 10 },
      logger: { ...before.logger, level: 'debug', stdout: false }
    },
    {
      changes: [
        'server.threads: 1 → 2',
        'mesh.timeout: 0 → 10',
        'logger.level: "info" → "debug"',
        'logger.stdout: true → false'
      ],
      refused: ['server.threads: 1 → 2', 'mesh.timeout: 0 → 10', 'logger.stdout: true → false']
    }
  ],
  [
    'the port of the administrative server',
    { ...before, admin: { ...before.admin, port: 9191, portChosen: true } },
    { changes: ['admin.port: 0 → 9191'], refused: ['admin.port: 0 → 9191'] }
  ]
]

for (const [title, after, expected] of cases) {
  test(`planReload() finds ${title}`, () => {
    assert.deepEqual(idsOf(planReload(before, after)), {
      added: [],
      kept: ['api', 'web'],
      removed: [],
      moves: false,
      changes: [],
      refused: [],
      ...expected
    })
  })
}

test('planReload() refuses another port where workers listen themselves', () => {
  const direct = { ...before, server: { ...before.server, mode: 'direct' as const } }
  const moved = { ...direct, server: { ...direct.server, port: 8080 } }
  assert.deepEqual(planReload(direct, moved).refused, ['server.port: 0 → 8080'])
})

test('planReload() refuses another entrypoint where its workers have clients of their own', () => {
  for (const mode of ['direct', 'handoff'] as const) {
    const reached = { ...before, server: { ...before.server, mode } }
    const { refused } = planReload(reached, { ...reached, entrypoint: 'web' })
    assert.deepEqual(refused, ['entrypoint: "api" → "web"'], mode)
  }
})

function idsOf(plan: Plan): Record<string, unknown> {
  const { added, kept } = plan
  return { ...plan, added: added.map(({ id }) => id), kept: kept.map(({ id }) => id) }
}

test('planReload() leaves alone in development what does not differ', () => {
  const development = { files: [], autoload: null, watch: {}, inspector: null }
  const developed = { ...before, development }
  const kept = (after: ResolvedConfig): readonly string[] =>
    planReload(developed, after).kept.map(({ id }) => id)
  const files = ['/heddle.json']
  assert.deepEqual(kept({ ...developed, development: { ...development, files } }), [])
  assert.deepEqual(kept({ ...developed, applications: [{ ...api, env: { A: '1' } }, web] }), ['api'])
  const metrics = { ...before.metrics, enabled: !before.metrics.enabled }
  assert.deepEqual(kept({ ...developed, metrics }), ['api', 'web'], 'what workers are started with')
})
