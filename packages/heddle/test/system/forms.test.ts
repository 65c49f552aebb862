/**
 * Applications of every framework behind the edge of one server, and what the command line makes of an entry. Further
 * ways to be written have their tests in `worker/forms.test.ts`.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { startHeddle } from './heddle-process.ts'
import { createProject } from './project.ts'

const applications = join(import.meta.dirname, '../fixtures/applications')
const body = 'x'.repeat(100_000)

const entries = [
  'script-http/server.mjs',
  'script-express/server.cjs',
  'script-fastify/server.mjs',
  'script-koa/server.mjs',
  'script-hono/server.mjs',
  'listener-esm/app.mjs',
  'fastify-export/app.mjs',
  'express-export/app.cjs',
  'koa-export/app.mjs',
  'hono-export/app.mjs',
  'fetch-function/app.mjs'
]

interface Application {
  readonly path: string
  readonly entry: string
  readonly workers: number
  readonly dependencies?: readonly string[]
  readonly queue?: { readonly timeout: number }
}

/** Settings of an application by its fixture, which is its id too. */
function applicationOf(entry: string): readonly [id: string, settings: Application] {
  return [entry.slice(0, entry.indexOf('/')), { path: applications, entry, workers: 1 }]
}

suite('heddle start', { concurrency: 3 }, () => {
  test('applications of every framework answer through one edge, call each other, and stop with code 0', async t => {
    const frameworks = entries.map(applicationOf)
    const [caller, calling] = applicationOf('caller/app.mjs')
    const [job, working] = applicationOf('background/job.mjs')
    const all: readonly (readonly [string, Application])[] = [
      ...frameworks,
      ['target', applicationOf('listener-esm/app.mjs')[1]],
      [caller, { ...calling, dependencies: ['target'] }],
      // Whoever asks it waits until the time is over: it could get a server yet.
      [job, { ...working, queue: { timeout: 100 } }]
    ]
    const project = createProject(t, {
      'heddle.json': JSON.stringify({
        applications: Object.fromEntries(all),
        entrypoint: job,
        routes: all.map(([id]) => ({ path: `/${id}`, application: id, stripPrefix: true }))
      })
    })
    const { url, child, exited } = await startHeddle(t, '--config', project.root)
    for (const [id] of frameworks) {
      const answer = await fetch(`${url}/${id}`)
      assert.deepEqual([answer.status, await answer.text()], [200, id])
      assert.equal(await (await fetch(`${url}/${id}/echo`, { method: 'POST', body })).text(), body, id)
    }
    assert.equal(await (await fetch(`${url}/${caller}`)).text(), 'listener-esm listener-esm listener-esm')
    // A job runs, and has no server.
    const answer = await fetch(url)
    assert.equal(answer.status, 503)
    await answer.text()
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('a file is enough', async t => {
    const entry = join(applications, 'typescript/app.ts')
    const { url, child, exited } = await startHeddle(t, entry, '--workers', '1')
    assert.equal(await (await fetch(url)).text(), 'typescript')
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('a directory is enough, and in direct mode its workers answer on the public port themselves', async t => {
    const argv = [join(applications, 'script-http'), '--mode', 'direct', '--workers', '2']
    const { url, child, exited } = await startHeddle(t, ...argv)
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(url, { headers: { connection: 'close' } })).text())
    )
    assert.deepEqual(new Set(answers), new Set(['script-http']))
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })
})
