/** Files that are read and changed: configurations of others, and package.json. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { HeddleError } from '../../src/errors.ts'
import { loadForeign } from '../../src/init/load-foreign.ts'
import { addScripts } from '../../src/init/package-scripts.ts'
import { frameworks, starterDraft, starterFiles } from '../../src/init/starter.ts'
import type { Framework } from '../../src/init/starter.ts'
import { loaded, project } from './stage.ts'

test('configurations of others are read as their programs read them', async t => {
  const app = `{ name: 'a', script: 'a.js' }`
  const cases: readonly (readonly [file: string, text: string, program: string])[] = [
    ['ecosystem.config.js', `module.exports = { apps: [${app}] }`, 'PM2'],
    ['ecosystem.config.cjs', `module.exports = { apps: [${app}] }`, 'PM2'],
    ['ecosystem.config.mjs', `export default { apps: [${app}] }`, 'PM2'],
    ['other.mjs', `export const apps = [${app}]`, 'PM2'],
    ['ecosystem.json', `{ apps: [ /* one */ ${app}, ] // that is all\n}`, 'PM2'],
    ['watt.json', '\uFEFF{"web":[{"id":"a","path":"a"}]}', 'Watt'],
    ['watt.json5', `{ autoload: { path: 'web' }, }`, 'Watt']
  ]
  const root = project(t, Object.fromEntries(cases.map(([file, text]) => [file, text])))
  for (const [file, , program] of cases) {
    assert.equal((await loadForeign(join(root, file))).program, program, file)
  }
})

test('what cannot be read, and what is of nobody known, is said', async t => {
  const root = project(t, {
    'watt.yaml': 'a: 1',
    'x.json': '{}',
    'broken.json': '{',
    'code.json': '(() => process.exit())()',
    'throws.js': 'throw new Error("on purpose.")'
  })
  const cases: readonly (readonly [string, RegExp])[] = [
    ['nowhere.json', /there is no such file\.$/],
    ['watt.yaml', /only JSON and JavaScript can be translated/],
    ['x.json', /neither a configuration of Watt nor an ecosystem file/],
    ['broken.json', /broken\.json cannot be read: /],
    ['code.json', /code\.json cannot be read: /],
    ['throws.js', /cannot be read: on purpose\.$/]
  ]
  for (const [file, message] of cases) {
    await assert.rejects(loadForeign(join(root, file)), error => {
      assert.ok(error instanceof HeddleError)
      assert.equal(error.code, 'HEDDLE_CONFIG_UNREADABLE')
      assert.match(error.message, message)
      return true
    })
  }
})

test('scripts are added where there are none, and nothing else changes', () => {
  const before =
    '{\n\t"name": "x",\n\t"scripts": {\n\t\t"start": "node a.js"\n\t},\n\t"dependencies": {\n\t\t"koa": "3"\n\t}\n}'
  const after = before
    .replace('a.js"', 'a.js",\n\t\t"dev": "heddle dev"')
    .replace('\t\t"koa"', '\t\t"heddle": "^1.2.3",\n\t\t"koa"')
  assert.deepEqual(addScripts(before, '1.2.3'), { text: after, scripts: ['dev'], depends: true })
  assert.deepEqual(addScripts('{"devDependencies":{"heddle":"*"}}\n', '1.2.3')?.depends, false)
  // Whoever has installed Heddle first gets the framework all the same; a version that is there stays.
  const { dependencies } = JSON.parse(
    addScripts('{"dependencies":{"heddle":"*","koa":"2"}}', '1.2.3', { express: '5', koa: '3' })?.text ?? ''
  ) as { readonly dependencies: unknown }
  assert.deepEqual(dependencies, { express: '5', heddle: '*', koa: '2' })
  assert.equal(addScripts('{"scripts":{"dev":"a","start":"b"}}', '1.2.3'), null)
  assert.equal(addScripts('{', '1.2.3'), null)
})

test('a new package has a name npm takes, whatever its directory is called', () => {
  const names = ['shop', '@a/shop', 'My Shop', 'Ünï cödé', '.hidden', 'node_modules', '日本']
  const written = names.map(name => {
    const text = starterFiles('http', { name, version: '1.2.3', manifest: null })['package.json'] ?? ''
    return (JSON.parse(text) as { readonly name: unknown }).name
  })
  assert.deepEqual(written, ['shop', '@a/shop', 'my-shop', 'n-c-d', 'hidden', 'node-modules', 'application'])
})

test('a new application is right as it is written, in a new package and in one of CommonJS', async t => {
  for (const framework of Object.keys(frameworks) as Framework[]) {
    for (const manifest of [null, { type: 'commonjs', text: '{"name":"x","type":"commonjs"}' }]) {
      const place = { name: 'My Shop', version: '1.2.3', manifest }
      const root = project(t, starterFiles(framework, place))
      const config = await loaded(root, starterDraft(framework, place))
      assert.deepEqual(
        config.applications.map(({ id, entry }) => [id, entry.endsWith(manifest === null ? '.ts' : '.mts')]),
        [['my-shop', true]]
      )
    }
  }
})
