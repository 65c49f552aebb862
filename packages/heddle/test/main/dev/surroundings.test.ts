/** A day in development, with real files, threads and requests: what is no code, and what comes and goes. */
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { test } from 'node:test'

import { startDevServer } from './dev-server.ts'
import { manifest, one, speaking, two, word } from './projects.ts'

test('a server in development leaves alone what does not matter', async t => {
  const dev = await startDevServer(t, {
    ...one,
    '.git/HEAD': '',
    '.gitignore': 'generated/',
    'heddle.json': '{ "applications": { "api": { "path": "api", "watch": { "ignore": ["*.csv"] } } } }',
    'api/generated/x.js': '',
    'api/node_modules/p/index.js': ''
  })
  dev.write('api/generated/x.js', '1')
  dev.write('api/node_modules/p/index.js', '1')
  dev.write('api/data.csv', '1')
  dev.write('api/access.log', '1')
  const fact = await dev.after(() => dev.write('api/page.html', 'hello'), 'application:changed')
  assert.deepEqual(fact.files, ['api/page.html'])
})

test('a server in development puts variables of env files in force, for those they concern', async t => {
  const dev = await startDevServer(t, {
    ...two,
    'heddle.json': two['heddle.json'].replace('"path": "web"', '"path": "web", "envFile": "../web.env"'),
    'web.env': 'WORD=one',
    'api/index.js': `import { readFileSync } from 'node:fs'
      const text = readFileSync(new URL('.env', import.meta.url), 'utf8')
      export default (_, response) => response.end(text)`,
    'api/.env': 'A=1',
    'web/index.js': 'export default (_, response) => response.end(process.env.WORD)'
  })
  await dev.after(() => dev.write('web.env', 'WORD=two'), 'reload:finished')
  assert.equal(await dev.get('/web'), 'two')
  assert.ok(!dev.toldOf('api').includes('worker:replacing'))
  await dev.after(() => dev.write('api/.env', 'A=2'), 'application:updated')
  assert.equal(await dev.get(), 'A=2')
})

test('a server in development keeps its configuration while the new one is broken, and says why', async t => {
  const dev = await startDevServer(t, {
    'package.json': manifest,
    'heddle.config.mjs': `import { text } from './text.mjs'
      export default { applications: { api: { path: 'api', env: { WORD: text } } } }`,
    'text.mjs': 'export const text = "one"',
    'api/index.js': 'export default (_, response) => response.end(process.env.WORD)'
  })
  const { error } = await dev.after(() => dev.write('text.mjs', 'export const text ='), 'reload:failed')
  assert.match(error.message, /heddle\.config\.mjs cannot be read/)
  assert.equal(await dev.get(), 'one')
  await dev.after(() => dev.write('text.mjs', 'export const text = "two"'), 'reload:finished')
  assert.equal(await dev.get(), 'two')
})

test('a server in development has applications come and go with their directories', async t => {
  const dev = await startDevServer(t, {
    'package.json': manifest,
    'heddle.json': `{ "autoload": { "path": "services" }, "entrypoint": "api",
      "routes": [{ "path": "/api", "application": "api" }] }`,
    'services/api/index.js': speaking,
    'services/api/word.js': word('one')
  })
  await dev.after(
    () => dev.write('services/jobs/index.js', 'export const hasServer = false'),
    'application:added'
  )
  await dev.after(() => dev.write('services/jobs/more.js', ''), 'application:updated')
  await dev.after(() => dev.remove('services/jobs'), 'application:removed')
  await dev.after(() => renameSync(dev.path('services/api'), dev.path('away')), 'reload:failed')
  assert.equal(await dev.get(), 'one')
  dev.write('away/word.js', word('two'))
  await dev.after(() => renameSync(dev.path('away'), dev.path('services/api')), 'application:updated')
  assert.equal(await dev.get(), 'two')
})

test('a server in development survives that the directory of an application is gone for a while, and finds another entry when the first one goes', async t => {
  const dev = await startDevServer(t, one)
  await dev.after(() => renameSync(dev.path('api'), dev.path('away')), 'application:broken')
  assert.equal(await dev.get(), 'one')
  dev.write('away/word.js', word('two'))
  await dev.after(() => renameSync(dev.path('away'), dev.path('api')), 'application:mended')
  assert.equal(await dev.get(), 'two')
  const another = `export default (_, response) => response.end('another')`
  dev.remove('api/index.js')
  await dev.after(() => dev.write('api/server.js', another), 'reload:finished')
  assert.equal(await dev.get(), 'another')
})
