/** What a user sees when a server cannot start: a sentence, the application's own stack, a documented code. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'

import { descriptors } from '../handoff/stage.ts'
import { runHeddle } from './heddle-process.ts'
import type { HeddleProcess } from './heddle-process.ts'

const applications = join(import.meta.dirname, '../fixtures/applications')

/** What a terminal would show, with nothing but the failure. */
const plainly = ['--log-format', 'pretty', '--log-level', 'silent']

/** Starts one worker of an application made for tests. */
function start(t: TestContext, entry: string, ...argv: readonly string[]): HeddleProcess {
  return runHeddle(t, 'start', join(applications, entry), '--admin-port', '0', '--workers', '1', ...argv)
}

async function busyPort(t: TestContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return String(address.port)
}

suite('heddle start', { concurrency: 4 }, () => {
  for (const mode of ['edge', 'direct', ...(descriptors === null ? [] : ['handoff'])]) {
    test(`says that the port is in use, in ${mode} mode, and ends with code 71`, async t => {
      const port = await busyPort(t)
      const argv = ['--port', port, '--mode', mode, ...plainly]
      const { exited, stderr } = start(t, 'script-http/server.mjs', ...argv)
      assert.deepEqual(await exited, { code: 71, signal: null })
      assert.match(
        await stderr,
        new RegExp(`heddle: [^\\n]*\\b${port}\\b[^\\n]*could not be opened: another program uses it`)
      )
    })
  }

  test('shows the own stack of an application that fails, and ends with code 70', async t => {
    const { exited, stderr } = start(t, 'throws/app.mjs', '--port', '0', ...plainly)
    assert.deepEqual(await exited, { code: 70, signal: null })
    const told = await stderr
    assert.match(told, /^heddle: The application throws could not start/)
    assert.match(told, /Error: no database\n\s+at [^\n]*throws\/app\.mjs:1/)
    assert.match(told, /Error: refused/)
  })

  test('writes a failure to a pipe as one JSON line', async t => {
    const { exited, stderr, line } = start(t, 'throws/app.mjs', '--port', '0')
    const told = await line('Heddle could not start.')
    assert.equal(told['exitCode'], 70)
    assert.match(JSON.stringify(told['err']), /no database.*throws\/app\.mjs:1/)
    assert.deepEqual(await exited, { code: 70, signal: null })
    assert.equal(await stderr, '')
  })

  test('ends with code 78 before anything starts when the entry is missing', async t => {
    const { exited, stderr } = start(t, 'missing.mjs')
    assert.deepEqual(await exited, { code: 78, signal: null })
    assert.match(await stderr, /missing\.mjs[^]*Nothing was started\./)
  })
})
