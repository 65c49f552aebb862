/** Which origins are the mesh's, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { meshHostname } from '../../src/client/dispatcher.ts'

const table: readonly [string, string | null][] = [
  ['http://api.heddle.local', 'api'],
  ['http://api.heddle.local/', 'api'],
  ['http://api.heddle.local:80', 'api'],
  ['HTTP://API.Heddle.Local', 'api'],
  ['http://a.b.heddle.local', 'a.b'],
  ['http://api-2.heddle.local', 'api-2'],
  ['https://api.heddle.local', null],
  ['ws://api.heddle.local', null],
  ['http://api.heddle.local:8080', null],
  ['http://.heddle.local', null],
  ['http://heddle.local', null],
  ['http://api.heddle.local.example.com', null],
  ['http://apiheddle.local', null],
  ['http://127.0.0.1', null],
  ['http://[::1]', null],
  ['api.heddle.local', null],
  ['', null]
]

for (const [origin, hostname] of table) {
  test(`meshHostname() finds ${String(hostname)} in "${origin}"`, () => {
    assert.equal(meshHostname(origin, '.heddle.local'), hostname)
  })
}
