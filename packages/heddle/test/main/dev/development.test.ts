/** A day in development, with real files, threads and requests: changes of code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startDevServer } from './dev-server.ts'
import { one, speaking, two, word } from './projects.ts'

const isWeb = ({ application }: { readonly application: string }): boolean => application === 'web'

test('a server in development puts a change in force, however it is written, of the application it concerns alone', async t => {
  const dev = await startDevServer(t, one)
  assert.equal(await dev.get(), 'one')
  await dev.after(() => dev.write('api/word.js', word('two')), 'application:updated')
  assert.equal(await dev.get(), 'two')
  await dev.after(() => dev.save('api/word.js', word('three')), 'application:updated')
  assert.equal(await dev.get(), 'three')

  const before = dev.toldOf('api').length
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
  const updates = dev.toldOf('api').slice(before)
  assert.equal(updates.filter(name => name === 'application:updated').length, 1)

  const hanging = `${word('hanging')}\nawait new Promise(() => setInterval(() => {}, 1000))`
  await dev.after(() => dev.write('api/word.js', hanging), 'worker:replacing')
  assert.equal(await dev.get(), 'v19')
  await dev.after(() => dev.write('api/word.js', word('four')), 'application:updated')
  assert.equal(await dev.get(), 'four')
  assert.ok(!dev.toldOf('api').includes('application:broken'))
  // Nothing has failed: nobody wanted it any longer.
  assert.ok(!dev.toldOf('api').includes('worker:replacement-failed'))

  const fact = await dev.after(() => dev.server.development?.restart(), 'application:changed')
  assert.deepEqual(fact, { application: 'api', files: [], count: 0 })
})

test('a server in development follows imports out of the directory of an application, and who shares them', async t => {
  const dev = await startDevServer(t, two)
  await dev.after(() => dev.write('shared/word.js', word('new')), 'application:updated', isWeb)
  assert.equal(await dev.get('/web'), 'new')
  const api = dev.toldOf('api').filter(name => name.startsWith('application:'))
  assert.deepEqual(api, ['application:starting', 'application:ready'])
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
  await dev.after(() => dev.server.development?.restart(['api']), 'application:broken')
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
