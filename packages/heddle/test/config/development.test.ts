/** What is different about a configuration in development. */
import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { loadConfig } from '../../src/config/load.ts'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import type { Sources } from '../../src/config/resolve.ts'
import { mistakeLine } from '../../src/errors.ts'
import { a, both, paperDisk, resolveWritten, twoApplications, wrong } from './paper-disk.ts'

function developed(written: unknown, sources: Partial<Sources> = {}): ResolvedConfig {
  const resolution = resolveWritten(written, { development: ['/app/heddle.json'], ...sources })
  assert.ok(resolution.ok, resolution.ok ? '' : resolution.mistakes.map(mistakeLine).join('\n'))
  return resolution.config
}

function workersOf({ applications }: ResolvedConfig): readonly number[] {
  return applications.map(({ workers }) => workers)
}

test('resolve() gives each application one worker in development, whatever is written, unless it is told otherwise outside the file', () => {
  const written = { ...both, workers: { min: 2, max: 4, spare: 1 } }
  const [first] = developed(written).applications
  assert.deepEqual(first?.scaling, { min: 1, max: 1, spare: 0, enabled: false })
  assert.deepEqual(workersOf(developed(written)), [1, 1])
  assert.deepEqual(workersOf(developed(written, { flags: { workers: '3' } })), [3, 3])
  assert.deepEqual(workersOf(developed(written, { flags: { workers: 'a=2' } })), [2, 1])
  assert.deepEqual(workersOf(developed(written, { env: { HEDDLE_WORKERS: '2' } })), [2, 2])
})

test('resolve() recycles, judges and waits for nobody in development', () => {
  const written = {
    ...a,
    recycle: { maxAge: '1h', maxRequests: 5 },
    rollout: { drainTimeout: '1m' },
    restart: { openFor: '1m' },
    gracefulShutdown: { drainDelay: '5s', timeout: '1m' },
    server: { mode: 'direct' }
  }
  const { applications, server, gracefulShutdown, warnings } = developed(written)
  assert.partialDeepStrictEqual(applications[0], {
    recycle: { maxAge: 0, maxRequests: 0 },
    rollout: { drainTimeout: 2000 },
    // A page that ends its worker with each of its requests opens the circuit at once.
    restart: { openFor: 1000 },
    health: { enabled: false }
  })
  assert.deepEqual([server.mode, server.threads], ['edge', 1])
  assert.deepEqual(gracefulShutdown, { drainDelay: 0, timeout: 1500 })
  assert.match(warnings.join('\n'), /server\.mode is "edge", not "direct"/)
  assert.deepEqual(developed(a).warnings, [])
})

test('resolve() says what is watched in development: nothing where the server serves', () => {
  const disk = paperDisk({ ...twoApplications, '/app/shared.env': 'X=1', '/app/a/own.env': '' })
  const written = {
    applications: {
      a: { path: 'a', envFile: 'own.env', watch: { include: ['../lib', 'x.csv'], poll: '2s' } },
      b: { path: 'b', watch: { enabled: false, ignore: [] } }
    },
    entrypoint: 'a',
    envFile: 'shared.env',
    watch: { include: ['templates'], ignore: ['*.csv'] }
  }
  const { development } = developed(written, { disk })
  assert.deepEqual(development?.files, ['/app/heddle.json', '/app/shared.env', '/app/a/own.env'])
  assert.equal(development.autoload, null)
  assert.deepEqual(development.watch, {
    a: { enabled: true, include: ['/app/lib', '/app/a/x.csv'], ignore: ['*.csv'], poll: 2000 },
    b: { enabled: false, include: ['/app/templates'], ignore: [], poll: 0 }
  })
  assert.equal(developed({ autoload: { path: '.' }, entrypoint: 'a' }).development?.autoload, '/app')
  const served = resolveWritten(a)
  assert.ok(served.ok && served.config.development === null)
})

test('resolve() reports mistakes in what is watched', () => {
  const watch = { enabled: 'yes', poll: -1, patterns: [] }
  const places = wrong({ ...a, watch }).map(line => line.slice(0, line.indexOf(':')))
  assert.deepEqual(places, ['watch.patterns', 'watch.enabled', 'watch.poll'])
})

test('loadConfig() knows in development what the configuration file imports', async t => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-developed-')))
  t.after(() => rmSync(cwd, { recursive: true }))
  writeFileSync(join(cwd, 'app.mjs'), 'export default () => {}')
  writeFileSync(join(cwd, 'names.mjs'), `export { name } from './name.mjs'`)
  writeFileSync(join(cwd, 'name.mjs'), `export const name = 'app'`)
  writeFileSync(
    join(cwd, 'heddle.config.mjs'),
    `import { name } from './names.mjs'
    export default { applications: { [name]: { entry: 'app.mjs' } } }`
  )
  const { development } = await loadConfig({ cwd, env: {}, development: true })
  const names = ['heddle.config.mjs', 'names.mjs', 'name.mjs'].map(name => join(cwd, name))
  assert.deepEqual(development?.files, names)
})
