/** How a server ends, and how it does not: signals, requests in flight, a worker that is stuck. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'

import { descriptors } from '../handoff/stage.ts'
import { startHeddle } from './heddle-process.ts'
import type { HeddleProcess, Started } from './heddle-process.ts'
import { createProject, gettingStuck } from './project.ts'

const fixtures = join(import.meta.dirname, 'fixtures/moody')
const entry = join(fixtures, 'server.mjs')

const overdue = 'Threads are stuck and cannot be ended: the process kills itself.'

/**
 * Once requests were cut threads get some hundred milliseconds to end, which may not be enough for a machine that is very
 * busy: then the server kills itself, or an edge is ended before it has written its last lines, and it is played again with
 * more time.
 *
 * @param play Is given the `timeout` of `gracefulShutdown`, and tells whether everything was as it should.
 */
async function withTimeEnough(play: (timeoutMs: number) => Promise<boolean>): Promise<void> {
  for (const timeoutMs of [1500, 6000, 24_000]) {
    // oxlint-disable-next-line no-await-in-loop -- One try after the other.
    if (await play(timeoutMs)) return
  }
  assert.fail('It does not end in good order, however much time it gets.')
}

/** Whether it has ended with code 0; fails when it has ended for any reason but that threads were too slow. */
async function isInTime({ exited, lines }: HeddleProcess): Promise<boolean> {
  const end = await exited
  if (end.signal === 'SIGKILL' && lines.some(({ msg }) => msg === overdue)) return false
  assert.deepEqual(end, { code: 0, signal: null })
  return true
}

/** A server that may take so long to stop. */
function startHasty(t: TestContext, timeoutMs: number, ...argv: readonly string[]): Promise<Started> {
  const project = createProject(t, {
    'heddle.json': JSON.stringify({
      applications: { moody: { path: fixtures, entry, workers: 1 } },
      gracefulShutdown: { timeout: timeoutMs }
    })
  })
  return startHeddle(t, '--config', project.root, ...argv)
}

suite('heddle start', { concurrency: 4 }, () => {
  for (const [mode, signal] of [
    ['edge', 'SIGTERM'],
    ['direct', 'SIGINT'],
    ...(descriptors === null ? [] : [['handoff', 'SIGTERM'] as const])
  ] as const) {
    test(`finishes what is in flight after ${signal}, in ${mode} mode, and ends with code 0`, async t => {
      const argv = [entry, '--mode', mode, '--workers', '1']
      const { url, child, exited, line } = await startHeddle(t, ...argv)
      const answer = await fetch(`${url}/slow`)
      child.kill(signal)
      await line('Server stops.')
      assert.equal(await answer.text(), 'slow but whole')
      assert.deepEqual(await exited, { code: 0, signal: null })
      await assert.rejects(fetch(url))
    })
  }

  test('cuts a request that never ends at the deadline of the stop, and logs that it did', async t => {
    await withTimeEnough(async timeoutMs => {
      const heddle = await startHasty(t, timeoutMs, '--access-log', 'json')
      const answer = await fetch(`${heddle.url}/endless`)
      const cut = assert.rejects(answer.text())
      const since = performance.now()
      heddle.child.kill('SIGTERM')
      await cut
      const isOver = await isInTime(heddle)
      // A part of the time is kept for the workers to end in.
      assert.ok(performance.now() - since >= timeoutMs / 2)
      const logged = heddle.lines.find(({ msg }) => msg === 'Request ended.')
      if (!isOver || logged === undefined) return false
      const { path, status, reason, phase } = logged
      assert.deepEqual([path, status, reason, phase], ['/endless', 200, 'edge-closing', 'response-body'])
      return true
    })
  })

  test('a second signal hurries', async t => {
    await withTimeEnough(async timeoutMs => {
      const heddle = await startHasty(t, 10 * timeoutMs)
      const answer = await fetch(`${heddle.url}/endless`)
      const cut = assert.rejects(answer.text())
      heddle.child.kill('SIGTERM')
      // A signal that comes at once is taken for an echo of the first one.
      const again = setInterval(() => heddle.child.kill('SIGTERM'), 100)
      t.after(() => clearInterval(again))
      await heddle.line('Server stops at once: delays are skipped.')
      clearInterval(again)
      await cut
      return isInTime(heddle)
    })
  })
})

test('heddle start kills itself at the deadline when a worker is stuck in native code', async t => {
  const project = createProject(t, {
    'server.mjs': gettingStuck,
    'heddle.json': JSON.stringify({
      applications: { web: { path: '.', entry: 'server.mjs', workers: 2 } },
      gracefulShutdown: { timeout: 1500 }
    })
  })
  const { url, child, exited, line } = await startHeddle(t, '--config', project.root)
  const lost = assert.rejects(fetch(`${url}/stuck`))
  await line('stuck from now on')
  // The other worker goes on.
  assert.match(await (await fetch(url)).text(), /^thread \d+$/)
  child.kill('SIGTERM')
  assert.deepEqual(await exited, { code: null, signal: 'SIGKILL' })
  await line(overdue)
  await lost
})
