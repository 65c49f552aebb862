/** What a client sees of a worker that breaks, and what the log says. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { startHeddle } from './heddle-process.ts'

const config = join(import.meta.dirname, 'fixtures/moody/heddle.json')

const breakdowns = [
  {
    path: '/throw',
    reason: 'crashed',
    told: /broken on purpose.*moody\/server\.mjs:\d/
  },
  { path: '/exit', reason: 'exited', told: /process\.exit\(3\)/ }
]

test('heddle start answers again after its worker broke by an uncaught error, and by process.exit()', async t => {
  const { url, child, exited, line } = await startHeddle(t, '--config', config, '--workers', '1')
  for (const [index, { path, reason, told }] of breakdowns.entries()) {
    const before = await (await fetch(url)).text()
    const broken = await fetch(`${url}${path}`, { method: 'POST' })
    assert.equal(broken.status, 502)
    await broken.text()
    const gone = await line('Worker is gone.', index + 1)
    assert.equal(gone['reason'], reason)
    assert.match(JSON.stringify(gone['err']), told)
    await line('Worker was replaced.', index + 1)
    const after = await fetch(url)
    assert.equal(after.status, 200)
    assert.notEqual(await after.text(), before)
  }
  child.kill('SIGTERM')
  assert.deepEqual(await exited, { code: 0, signal: null })
})
