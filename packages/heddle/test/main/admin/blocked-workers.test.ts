/** What the administrative server says while every worker stands still: real threads, over TCP. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { createHeddle } from '../../../src/index.ts'
import type { Heddle } from '../../../src/index.ts'
import { bareEnv } from '../../bare-env.ts'

const application = join(import.meta.dirname, '../../fixtures/applications/standstill')

async function start(t: TestContext): Promise<{ heddle: Heddle; url: string; adminUrl: string }> {
  const heddle = await createHeddle(
    {
      applications: { web: { path: application, workers: 2, health: { interval: '1s' } } },
      server: { port: 0 },
      admin: { port: 0, token: 'secret' },
      logger: { level: 'silent' }
    },
    { env: bareEnv }
  )
  t.after(() => heddle.stop())
  const { url, adminUrl } = await heddle.start()
  assert.ok(adminUrl !== null)
  return { heddle, url, adminUrl }
}

async function ask(url: string, body?: unknown): Promise<readonly [status: number, text: string]> {
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' }
  const response = await fetch(
    url,
    body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  )
  return [response.status, await response.text()]
}

/** Asks until the answer is that; the time of the test bounds it. */
async function until(url: string, wanted: number): Promise<string> {
  for (;;) {
    const [status, text] = await ask(url)
    if (status === wanted) return text
  }
}

function next(heddle: Heddle, name: 'worker:kept'): Promise<unknown> {
  return new Promise(resolve => {
    const off = heddle.on(name, fact => {
      off()
      resolve(fact)
    })
  })
}

test('Readiness says no while every worker is blocked, and everything else answers', async t => {
  const { heddle, url, adminUrl } = await start(t)
  assert.deepEqual(await ask(`${adminUrl}/readyz`), [200, 'ok\n'])
  const kept = next(heddle, 'worker:kept')
  const answers = ['web:0', 'web:1'].map(() => ask(`${url}/block/2500`))
  await kept
  const [status, text] = await ask(`${adminUrl}/readyz`)
  assert.equal(status, 503)
  assert.match(
    text,
    /^\[-\] web: 0 of 2 workers ready: web:0 .*(has not turned for|is out \(blocked).*web:1 /
  )
  assert.deepEqual(await ask(`${adminUrl}/livez`), [200, 'ok\n'])
  assert.deepEqual(await ask(`${adminUrl}/startupz`), [200, 'ok\n'])
  assert.equal((await ask(`${adminUrl}/metrics`))[0], 200)
  const { applications } = JSON.parse((await ask(`${adminUrl}/api/v1/status`))[1])
  assert.equal(applications[0].ready, 0)
  assert.deepEqual(await Promise.all(answers), [
    [200, 'block'],
    [200, 'block']
  ])
  await until(`${adminUrl}/readyz`, 200)
})

test('Readiness says no when the readiness checks of an application do', async t => {
  const { url, adminUrl } = await start(t)
  const inject = `${adminUrl}/api/v1/applications/web/inject`
  for (const worker of [0, 1]) await ask(inject, { path: '/refuse', worker })
  assert.match(
    await until(`${adminUrl}/readyz`, 503),
    /web:0 is not ready \(readiness\(\) says: no database\)/
  )
  assert.deepEqual(await ask(`${adminUrl}/livez`), [200, 'ok\n'])
  for (const worker of [0, 1]) await ask(inject, { path: '/agree', worker })
  await until(`${adminUrl}/readyz`, 200)
  assert.deepEqual(await ask(`${url}/x`), [200, 'x'])
})
