/** What the administrative server says while every worker stands still: real threads, over TCP. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'

import { createHeddle } from '../../../src/index.ts'
import type { Heddle } from '../../../src/index.ts'
import { bareEnv } from '../../bare-env.ts'
import { releaseFile } from '../release-file.ts'

const application = join(import.meta.dirname, '../../fixtures/applications/standstill')

let heddle: Heddle
let url: string
let adminUrl: string

before(async () => {
  heddle = await createHeddle(
    {
      applications: {
        web: { path: application, workers: 2, health: { interval: '1s', gracePeriod: '10m' } }
      },
      server: { port: 0 },
      admin: { port: 0, token: 'secret' },
      logger: { level: 'silent' }
    },
    { env: bareEnv }
  )
  const started = await heddle.start()
  assert.ok(started.adminUrl !== null)
  url = started.url
  adminUrl = started.adminUrl
})
after(() => heddle.stop())

async function ask(url: string, body?: unknown): Promise<readonly [status: number, text: string]> {
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' }
  const response = await fetch(
    url,
    body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  )
  return [response.status, await response.text()]
}

/** Asks until the answer is that: on a busy machine threads stand still for a moment. */
async function until(t: TestContext, wanted: number, told: RegExp): Promise<void> {
  const look = async (): Promise<void> => {
    const [status, text] = await ask(`${adminUrl}/readyz`)
    assert.equal(status, wanted)
    assert.match(text, told)
  }
  await t.waitFor(look, { interval: 50, timeout: 60_000 })
}

test('Readiness says no while every worker is blocked, and everything else answers', async t => {
  await until(t, 200, /^ok\n$/)
  const { query, release } = releaseFile(t)
  const inject = `${adminUrl}/api/v1/applications/web/inject`
  const answers = [0, 1].map(worker => ask(inject, { path: `/block?until=${query}`, worker }))
  await until(
    t,
    503,
    /^\[-\] web: 0 of 2 workers ready: web:0 .*(has not turned for|is out \(blocked).*web:1 /
  )
  assert.deepEqual(await ask(`${adminUrl}/livez`), [200, 'ok\n'])
  assert.deepEqual(await ask(`${adminUrl}/startupz`), [200, 'ok\n'])
  assert.equal((await ask(`${adminUrl}/metrics`))[0], 200)
  const { applications } = JSON.parse((await ask(`${adminUrl}/api/v1/status`))[1])
  assert.equal(applications[0].ready, 0)
  release()
  for (const [status, text] of await Promise.all(answers)) {
    assert.partialDeepStrictEqual([status, JSON.parse(text)], [200, { status: 200, body: 'block' }])
  }
  await until(t, 200, /^ok\n$/)
})

test('Readiness says no when the readiness checks of an application do', async t => {
  const inject = `${adminUrl}/api/v1/applications/web/inject`
  for (const worker of [0, 1]) await ask(inject, { path: '/refuse', worker })
  await until(t, 503, /web:0 is not ready \(readiness\(\) says: no database\)/)
  assert.deepEqual(await ask(`${adminUrl}/livez`), [200, 'ok\n'])
  for (const worker of [0, 1]) await ask(inject, { path: '/agree', worker })
  await until(t, 200, /^ok\n$/)
  assert.deepEqual(await ask(`${url}/x`), [200, 'x'])
})
