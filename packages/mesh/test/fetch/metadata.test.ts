/** Request metadata goes where node's own fetch sends it: to hosts of this machine, whatever the version of undici. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ThreeWays, seen } from './three-ways.ts'

test('hosts of .localhost are trusted with metadata', async t => {
  const undo: (() => unknown)[] = []
  t.after(async () => {
    for (const step of undo) await step()
  })
  const ways = await ThreeWays.open({ after: step => undo.unshift(step) }, '.heddle.localhost')
  const outcome = await ways.run(async (fetch, base) => seen(await fetch(`${base}/echo`)))
  assert.deepEqual(outcome['short path'], outcome.socket)
  assert.deepEqual(outcome.dispatcher, outcome.socket)
  assert.match(JSON.stringify(outcome), /sec-fetch-mode/)
})
