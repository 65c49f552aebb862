/** Which files are no source by their names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isLeftOut } from '../../../src/main/dev/left-out.ts'
import { rotatedName } from '../../../src/main/logs/rotation.ts'

test('isLeftOut() leaves out what programs write, and nothing people do', () => {
  const rotated = rotatedName('heddle.log', Date.now())
  const written = [
    'heddle.log',
    rotated,
    `${rotated}-1`,
    'app.log.1',
    'app.log.2.gz',
    'a.js~',
    '.env',
    'x.sqlite-wal'
  ]
  assert.deepEqual(
    written.filter(name => !isLeftOut(name, 'file')),
    []
  )
  const meant = ['index.js', 'x.log.js', 'catalog', 'log.1', 'data.csv', 'page.html', 'db.json']
  assert.deepEqual(
    meant.filter(name => isLeftOut(name, 'file')),
    []
  )
})
