/** A day in development, with real files, threads and requests. */
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { test } from 'node:test'

import { startDevServer } from './dev-server.ts'

/** An application that answers with what `word.js` beside it says. */
const speaking = `import { word } from './word.js'\nexport default (_, response) => response.end(word)`
const word = (text: string): string => `export const word = '${text}'`
const manifest = '{ "type": "module" }'

const one = {
  'package.json': manifest,
  'heddle.json': '{ "applications": { "api": { "path": "api" } } }',
  'api/index.js': speaking,
  'api/word.js': word('one')
}

const two = {
  ...one,
  'heddle.json': `{ "applications": { "api": { "path": "api" }, "web": { "path": "web" } }, "entrypoint": "api",
    "routes": [{ "path": "/web", "application": "web" }] }`,
  'web/index.js': `import { word } from '../shared/word.js'\nexport default (_, response) => response.end(word)`,
  'shared/word.js': word('shared')
}

const isWeb = ({ application }: { readonly application: string }): boolean => application === 'web'

test('a server in development puts a change in force, however it is written, of the application it concerns alone', async t => {
  const dev = await startDevServer(t, two)
  assert.equal(await dev.get(), 'one')
  const fact = await dev.after(() => dev.write('api/word.js', word('two')), 'application:updated')
  assert.equal(fact.application, 'api')
  assert.equal(await dev.get(), 'two')
  await dev.after(() => dev.save('api/word.js', word('three')), 'application:updated')
  assert.equal(await dev.get(), 'three')
  const web = dev.toldOf('web').filter(name => name.startsWith('application:'))
  assert.deepEqual(web, ['application:starting', 'application:ready'])
})

test('a server in development starts an application once for a burst of changes, with the last state of the files', async t => {
  const dev = await startDevServer(t, one)
  const burst = (): void => {
    for (let count = 0; count < 20; count++) {
      dev.write('api/word.js', word(`v${count}`))
      dev.write(`api/other-${count}.js`, '')
    }
  }
  const changed = dev.after(burst, 'application:changed')
  await dev.after(() => {}, 'application:updated')
  const { count, files } = await changed
  assert.equal(await dev.get(), 'v19')
  assert.ok(count >= files.length && files.includes('api/word.js'))
  assert.equal(dev.toldOf('api').filter(name => name === 'application:updated').length, 1)
})

test('a server in development gives up a start that hangs as soon as there is another change', async t => {
  const dev = await startDevServer(t, one)
  const hanging = `${word('hanging')}\nawait new Promise(() => setInterval(() => {}, 1000))`
  await dev.after(() => dev.write('api/word.js', hanging), 'worker:replacing')
  assert.equal(await dev.get(), 'one')
  await dev.after(() => dev.write('api/word.js', word('two')), 'application:updated')
  assert.equal(await dev.get(), 'two')
  assert.ok(!dev.toldOf('api').includes('application:broken'))
})

test('a server in development follows imports out of the directory of an application, and who shares them', async t => {
  const dev = await startDevServer(t, two)
  await dev.after(() => dev.write('shared/word.js', word('new')), 'application:updated', isWeb)
  assert.equal(await dev.get('/web'), 'new')
  assert.ok(!dev.toldOf('api').includes('application:changed'))
  const sharing = `import { word } from '../shared/word.js'\nexport default (_, response) => response.end(word)`
  await dev.after(() => dev.write('api/index.js', sharing), 'application:updated')
  assert.equal(await dev.get(), 'new')
  const both = new Set<string>()
  await dev.after(
    () => dev.save('shared/word.js', word('newer')),
    'application:updated',
    ({ application }) => both.add(application).size === 2
  )
  assert.deepEqual([await dev.get(), await dev.get('/web')], ['newer', 'newer'])
})

test('a server in development goes on with the former code while the new one does not start, and says why', async t => {
  const dev = await startDevServer(t, one)
  const broken = await dev.after(() => dev.write('api/word.js', 'export const word ='), 'application:broken')
  assert.ok(broken.isAnswering)
  assert.match(String((broken.error.cause as Error).stack), /word\.js:1\n/)
  assert.equal(await dev.get(), 'one')
  const missing = `import '../lib/new.js'\n${speaking}`
  await dev.after(() => {
    dev.write('api/word.js', word('two'))
    dev.write('api/index.js', missing)
  }, 'application:broken')
  assert.equal(await dev.get(), 'one')
  await dev.after(() => dev.write('lib/new.js', ''), 'application:mended')
  assert.equal(await dev.get(), 'two')
})

test('a server in development starts although an application does not, and has it as soon as it is mended', async t => {
  const dev = await startDevServer(t, {
    ...two,
    'heddle.json': two['heddle.json'].replace('"path": "web"', '"path": "web", "dependencies": ["api"]'),
    'api/index.js': 'export default ('
  })
  assert.equal(await dev.get('/web'), 'shared')
  assert.ok(dev.toldOf('api').includes('application:broken'))
  assert.ok(dev.toldOf('web').includes('application:ready'))
  await dev.after(() => dev.write('api/index.js', speaking), 'application:mended')
  assert.equal(await dev.get(), 'one')
})

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

test('a server in development survives that the directory of an application is gone for a while', async t => {
  const dev = await startDevServer(t, one)
  await dev.after(() => renameSync(dev.path('api'), dev.path('away')), 'application:broken')
  assert.equal(await dev.get(), 'one')
  dev.write('away/word.js', word('two'))
  await dev.after(() => renameSync(dev.path('away'), dev.path('api')), 'application:mended')
  assert.equal(await dev.get(), 'two')
})

test('a server in development finds another entry when the first one goes', async t => {
  const dev = await startDevServer(t, one)
  const another = `export default (_, response) => response.end('another')`
  dev.remove('api/index.js')
  await dev.after(() => dev.write('api/server.js', another), 'reload:finished')
  assert.equal(await dev.get(), 'another')
})

test('a server in development starts anew whatever it is asked to, broken or not', async t => {
  const dev = await startDevServer(t, one)
  const fact = await dev.after(() => dev.server.development?.restart(), 'application:changed')
  assert.deepEqual(fact, { application: 'api', files: [], count: 0 })
  await dev.after(() => dev.write('api/index.js', 'throw new Error("why")'), 'application:broken')
  await dev.after(() => dev.server.development?.restart(['api']), 'application:broken')
})
