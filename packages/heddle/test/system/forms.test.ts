/** Every form an application may have, started by the command line, asked through the edge, and stopped. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { startHeddle } from './heddle-process.ts'

const applications = join(import.meta.dirname, '../fixtures/applications')

const entries = [
  'script-http/server.mjs',
  'script-express/server.cjs',
  'script-fastify/server.mjs',
  'script-koa/server.mjs',
  'script-hono/server.mjs',
  'script-main/server.cjs',
  'script-argv/server.mjs',
  'listener-esm/app.mjs',
  'listener-cjs/app.cjs',
  'server-export/app.mjs',
  'fastify-export/app.mjs',
  'express-export/app.cjs',
  'koa-export/app.mjs',
  'hono-export/app.mjs',
  'fetch-function/app.mjs',
  'factory-create/app.cjs',
  'factory-build/app.mjs',
  'typescript/app.ts',
  'typescript-script/server.ts',
  // Directories, whose entry is found.
  'script-http',
  'typescript'
]

suite('heddle start', { concurrency: 4 }, () => {
  for (const entry of entries) {
    test(`${entry} answers through the edge, takes a body, and stops with code 0`, async t => {
      const { url, child, exited } = await startHeddle(t, join(applications, entry), '--workers', '1')
      const answer = await fetch(url)
      assert.equal(answer.status, 200)
      assert.equal(await answer.text(), entry.split('/')[0])
      const body = 'x'.repeat(100_000)
      assert.equal(await (await fetch(`${url}/echo`, { method: 'POST', body })).text(), body)
      child.kill('SIGTERM')
      assert.deepEqual(await exited, { code: 0, signal: null })
    })
  }

  test('in direct mode the workers answer on the public port themselves', async t => {
    const entry = join(applications, 'script-http/server.mjs')
    const { url, child, exited } = await startHeddle(t, entry, '--mode', 'direct', '--workers', '2')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(url, { headers: { connection: 'close' } })).text())
    )
    assert.deepEqual(new Set(answers), new Set(['script-http']))
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('a job without a server runs, and requests are answered with 503', async t => {
    const { url, child, exited } = await startHeddle(t, join(applications, 'background/job.mjs'))
    const answer = await fetch(url)
    assert.equal(answer.status, 503)
    await answer.text()
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })

  test('applications of one configuration reach each other through the mesh', async t => {
    const config = join(import.meta.dirname, 'fixtures/pair/heddle.json')
    const { url, child, exited } = await startHeddle(t, '--config', config, '--workers', '2')
    assert.equal(await (await fetch(url)).text(), 'listener-esm listener-esm listener-esm')
    child.kill('SIGTERM')
    assert.deepEqual(await exited, { code: 0, signal: null })
  })
})
