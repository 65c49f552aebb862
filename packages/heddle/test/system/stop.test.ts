/** How a server ends, and how it does not: signals, requests in flight, a worker that is stuck. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { descriptors } from '../handoff/stage.ts'
import { startHeddle } from './heddle-process.ts'

const config = join(import.meta.dirname, 'fixtures/moody/heddle.json')

/** The `timeout` of its `gracefulShutdown`. */
const deadlineMs = 1500

suite('heddle start', { concurrency: 4 }, () => {
  for (const mode of ['edge', 'direct', ...(descriptors === null ? [] : ['handoff'])]) {
    test(`finishes what is in flight after SIGTERM, in ${mode} mode, and ends with code 0`, async t => {
      const { url, child, exited, line } = await startHeddle(t, '--config', config, '--mode', mode)
      const answer = await fetch(`${url}/slow`)
      child.kill('SIGTERM')
      await line('Server stops.')
      assert.equal(await answer.text(), 'slow but whole')
      assert.deepEqual(await exited, { code: 0, signal: null })
      await assert.rejects(fetch(url))
    })
  }

  test('SIGINT stops the server as SIGTERM does', async t => {
    const { child, exited } = await startHeddle(t, '--config', config)
    child.kill('SIGINT')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('cuts a request that never ends at the deadline of the stop, and logs that it did', async t => {
    const { url, child, exited, line } = await startHeddle(t, '--config', config, '--access-log', 'json')
    const answer = await fetch(`${url}/endless`)
    const cut = assert.rejects(answer.text())
    const since = performance.now()
    child.kill('SIGTERM')
    await cut
    assert.deepEqual(await exited, { code: 0, signal: null })
    const tookMs = performance.now() - since
    // A part of the time is kept for the workers to end in.
    assert.ok(tookMs >= deadlineMs / 2 && tookMs < deadlineMs + 2000, `took ${tookMs} ms`)
    const { path, status, reason, phase } = await line('Request ended.')
    assert.deepEqual([path, status, reason, phase], ['/endless', 200, 'edge-closing', 'response-body'])
  })

  test('a second signal hurries', async t => {
    const entry = join(import.meta.dirname, 'fixtures/moody/server.mjs')
    const { url, child, exited, line } = await startHeddle(t, entry)
    const answer = await fetch(`${url}/endless`)
    const cut = assert.rejects(answer.text())
    child.kill('SIGTERM')
    // A signal that comes at once is taken for an echo of the first one.
    const again = setInterval(() => child.kill('SIGTERM'), 100)
    t.after(() => clearInterval(again))
    await line('Server stops at once: delays are skipped.')
    clearInterval(again)
    await cut
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('kills itself at the deadline when a worker is stuck in native code', async t => {
    const { url, child, exited, line } = await startHeddle(t, '--config', config, '--workers', '2')
    const lost = assert.rejects(fetch(`${url}/stuck`))
    await line('stuck from now on')
    // The other worker goes on.
    assert.match(await (await fetch(url)).text(), /^thread \d+$/)
    const since = performance.now()
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: null, signal: 'SIGKILL' })
    const tookMs = performance.now() - since
    assert.ok(tookMs < deadlineMs + 3000, `took ${tookMs} ms`)
    await line('Threads are stuck and cannot be ended: the process kills itself.')
    await lost
  })
})
