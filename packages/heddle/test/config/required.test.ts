/** Which applications a server is not ready without, and what it is called. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedConfig } from '../../src/config/resolved.ts'
import type { Sources } from '../../src/config/resolve.ts'
import { mistakeLine } from '../../src/errors.ts'
import { a, paperDisk, resolveWritten, twoApplications } from './paper-disk.ts'

function right(written: unknown, sources: Partial<Sources> = {}): ResolvedConfig {
  const resolution = resolveWritten(written, sources)
  assert.ok(resolution.ok, resolution.ok ? '' : resolution.mistakes.map(mistakeLine).join('\n'))
  return resolution.config
}

test('resolve() requires what public requests need, unless it is said otherwise', () => {
  const files = {
    ...twoApplications,
    '/app/c/index.js': 'export default 1',
    '/app/d/index.js': 'export default 1'
  }
  const disk = paperDisk(files)
  const table: readonly (readonly [title: string, written: object, required: string])[] = [
    ['the entrypoint alone', {}, 'a'],
    ['its dependencies, and theirs', { a: { dependencies: ['b'] }, b: { dependencies: ['c'] } }, 'abc'],
    ['nothing on the other side of one', { b: { dependencies: ['a'] } }, 'a'],
    ['what is wanted', { d: { required: true } }, 'ad'],
    ['not what is not, nor what it alone depends on', { a: { required: false, dependencies: ['b'] } }, ''],
    [
      'no dependency that is not',
      { a: { dependencies: ['b'] }, b: { required: false, dependencies: ['c'] } },
      'a'
    ],
    ['what the wanted depend on', { d: { required: true, dependencies: ['c'] } }, 'acd']
  ]
  const requiredOf = (written: object): string =>
    right(written, { disk })
      .applications.filter(({ required }) => required)
      .map(({ id }) => id)
      .join('')
  const paths = { a: { path: 'a' }, b: { path: 'b' }, c: { path: 'c' }, d: { path: 'd' } }
  const applicationsWith = (changes: Readonly<Record<string, object>>): object =>
    Object.fromEntries(Object.entries(paths).map(([id, path]) => [id, { ...path, ...changes[id] }]))
  for (const [title, changes, required] of table) {
    const applications = applicationsWith(changes as Readonly<Record<string, object>>)
    assert.equal(requiredOf({ applications, entrypoint: 'a' }), required, title)
  }
  const routes = [{ path: '/c', application: 'c' }]
  assert.equal(requiredOf({ applications: paths, entrypoint: 'a', routes }), 'ac')
})

test('resolve() lets all workers be enough where the machine says how many there are', () => {
  const [application] = right({ applications: { a: { path: 'a', minReady: 9 } } }).applications
  assert.deepEqual([application?.workers, application?.minReady], [3, 9])
})

test('resolve() calls the server what it is called, or as its directory', () => {
  assert.equal(right(a).name, 'app')
  assert.equal(right({ ...a, name: 'shop.eu' }).name, 'shop.eu')
  assert.equal(right(a, { root: '/', disk: paperDisk({ '/a/index.js': 'export default 1' }) }).name, 'heddle')
})
