/** Code of others that gives no configuration: in a process of its own, since it ends that. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const source = new URL('../../src/config/foreign-code.ts', import.meta.url).href

test('unlessIdle() lets no process succeed whose configuration ends it', () => {
  const code = `import { unlessIdle } from '${source}'
    await unlessIdle(Promise.resolve().then(() => process.exit(0)))`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@heddle/source', '--input-type=module', '--eval', code],
    { encoding: 'utf8' }
  )
  assert.equal(status, 78)
  assert.match(stderr, /^heddle: The configuration has ended the process \(process\.exit\)/m)
})
