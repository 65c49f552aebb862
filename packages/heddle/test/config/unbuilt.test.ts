/** The key `build`, and configurations of which a build is yet to make a part. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { paperDisk, resolveWritten, wrong } from './paper-disk.ts'

const disk = paperDisk({
  '/app/a/index.js': 'export default 1',
  '/app/b/package.json': '{"main":"dist/b.js"}'
})

function written(b: object): object {
  return { applications: { a: { path: 'a' }, b: { path: 'b', ...b } }, entrypoint: 'a' }
}

test('files that a build makes may be missing for a build, and for nothing else', () => {
  const lacking = written({ entry: 'dist/b.js', preload: ['./dist/first.js'] })
  const unbuilt = resolveWritten(lacking, { disk, isUnbuilt: true })
  assert.ok(unbuilt.ok)
  assert.deepEqual(
    unbuilt.config.applications.map(({ entry }) => entry),
    ['/app/a/index.js', '/app/b/dist/b.js']
  )
  assert.ok(resolveWritten(written({}), { disk, isUnbuilt: true }).ok)
  const built = resolveWritten(lacking, { disk })
  assert.deepEqual(built.ok ? [] : built.mistakes.map(({ path }) => path), [
    'applications.b.preload[0]',
    'applications.b.entry'
  ])
})

test('build is a command, or false', () => {
  for (const build of ['make all', false]) {
    const resolution = resolveWritten(written({ build }), { disk, isUnbuilt: true })
    assert.ok(resolution.ok)
    assert.deepEqual(
      resolution.config.applications.map(application => application.build),
      [undefined, build]
    )
  }
  const fromVariable = resolveWritten(written({ build: '{B}' }), {
    disk,
    isUnbuilt: true,
    env: { B: 'false' }
  })
  assert.ok(fromVariable.ok && fromVariable.config.applications[1]?.build === false)
  for (const build of ['', true, 3]) {
    const [mistake = ''] = wrong(written({ build }), { disk, isUnbuilt: true })
    assert.match(mistake, /^applications\.b\.build: expected (a command, or false|a text that is not empty)/)
  }
})

test('who starts what is not built is told what builds it', () => {
  const script = paperDisk({
    '/app/a/index.js': 'export default 1',
    '/app/b/package.json': '{"main":"dist/b.js","scripts":{"build":"make"}}',
    '/app/b/empty.js': ''
  })
  const hint = /build it first, with heddle build$/
  const [missing = ''] = wrong(written({}), { disk: script })
  assert.match(missing, hint)
  const [named = ''] = wrong(written({ entry: 'dist/b.js', build: 'make' }), { disk })
  assert.match(named.replace(/, got .*$/, ''), hint)
  for (const settings of [{ build: false }, { entry: 'empty.js' }]) {
    const [other = ''] = wrong(written(settings), { disk: script })
    assert.doesNotMatch(other, /heddle build/)
  }
})

test('a build does without the variables and env files of the place where the server runs', () => {
  const later = {
    ...written({
      env: { KEPT: 'yes', SECRET: '{SECRET}', BOTH: '{KNOWN} {SECRET}' },
      envFile: '.env.production',
      execArgv: ['--no-warnings', '{OPTION}']
    }),
    envFile: '.env',
    admin: { token: '{TOKEN}' },
    server: { port: '{PORT}' }
  }
  const env = { KNOWN: 'known' }
  const resolution = resolveWritten(later, { disk, env, isUnbuilt: true })
  assert.ok(resolution.ok, JSON.stringify(resolution))
  const { applications, admin, server } = resolution.config
  assert.deepEqual(applications[1]?.env, { KNOWN: 'known', KEPT: 'yes' })
  assert.deepEqual(applications[1]?.execArgv, ['--no-warnings'])
  assert.deepEqual([admin.token, server.port], [null, 3000])
  assert.equal(wrong(later, { disk, env }).length, 8)
  const needed = {
    applications: { a: { path: '{PLACE}' }, b: { path: 'b', build: 'make {MODE}' } },
    entrypoint: 'a'
  }
  assert.deepEqual(wrong(needed, { disk, isUnbuilt: true }).slice(0, 2), [
    'applications.a.path: the environment variable PLACE is not set',
    'applications.b.build: the environment variable MODE is not set'
  ])
})
