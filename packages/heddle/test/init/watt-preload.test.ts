/** What Watt preloads is found by the applications of the configuration it becomes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { disk } from '../../src/config/load.ts'
import { translateWatt } from '../../src/init/watt.ts'
import { loaded, project, server } from './stage.ts'

test('what is preloaded is relative to the configuration, that of all applications first', async t => {
  const files = { 'web/a/index.js': server, 'b/index.js': server, 'all.js': '', 'web/own.cjs': '' }
  const root = project(t, files)
  const web = [
    { id: 'a', path: 'web/a', preload: './web/own.cjs' },
    { id: 'b', path: 'b' }
  ]
  const { draft } = translateWatt({ web, entrypoint: 'a', preload: ['all.js'] }, { disk, root })
  const { applications } = await loaded(root, draft)
  const found = applications.map(({ preload }) => preload.map(url => url.split(`${root}/`)[1]))
  assert.deepEqual(found, [['all.js', 'web/own.cjs'], ['all.js']])
})
