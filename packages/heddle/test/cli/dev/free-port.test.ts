/** Ports that are free, and those that are not. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

import { nextFreePort, whyTaken } from '../../../src/cli/dev/free-port.ts'

test('whyTaken() says why, and nextFreePort() finds one behind it', async t => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.after(() => holder.close())
  const { port } = holder.address() as AddressInfo
  assert.equal(await whyTaken('127.0.0.1', port), 'EADDRINUSE')
  assert.equal(await whyTaken('127.0.0.1', 0), null)
  assert.equal(await whyTaken('192.0.2.1', port), 'EADDRNOTAVAIL')
  const next = await nextFreePort('127.0.0.1', port)
  assert.ok(next === null || next > port)
  assert.equal(await nextFreePort('127.0.0.1', 65_535), null)
})
