/** What is said of a file that is to be translated and cannot be. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { loadForeign } from '../../src/init/load-foreign.ts'
import { project } from './stage.ts'

test('loadForeign() says what is wrong with a file in the words of whoever wrote it', async t => {
  const root = project(t, {
    'empty.json': '\n',
    'broken.json': '{ "apps": [\n',
    'closed/watt.json': '{}',
    'loose.json': "{ apps: [{ script: 'server.js' }], } // as PM2 takes it"
  })
  const cases: readonly (readonly [string, RegExp])[] = [
    ['nothing.json', /cannot be read: there is no such file\.$/],
    ['closed', /cannot be read: it is a directory\.$/],
    ['empty.json', /cannot be read: it is empty\.$/],
    ['broken.json', /cannot be read: .*JSON.*\.$/],
    ['closed/watt.json', /cannot be read: it is neither /]
  ]
  for (const [name, message] of cases) {
    const expected = { code: 'HEDDLE_CONFIG_UNREADABLE', message }
    // oxlint-disable-next-line no-await-in-loop -- One file after the other.
    await assert.rejects(loadForeign(join(root, name)), expected)
  }
  assert.equal((await loadForeign(join(root, 'loose.json'))).program, 'PM2')
})
