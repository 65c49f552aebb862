/** Express, Fastify and Koa behind the mesh do what they do behind a socket. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { request } from 'undici'

import { Fleet } from '../fixtures/fleet.ts'

const frameworks = ['express', 'fastify', 'koa'] as const
const fixtures = { express: './express.mjs', fastify: './fastify.ts', koa: './koa.mjs' }
const undo: (() => unknown)[] = []

before(async () => {
  const fleet = new Fleet({ after: step => undo.unshift(step) })
  fleet.join().mesh.installGlobals()
  await Promise.all(frameworks.map(name => fleet.start(name, fixtures[name])))
})

after(async () => {
  for (const step of undo) await step()
})

for (const framework of frameworks) {
  const url = `http://${framework}.heddle.local`

  test(`${framework} parses a JSON body and answers with JSON`, async () => {
    for (const got of [{ a: [1, 'ü'] }, { long: 'x'.repeat(90_000) }]) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/json`, { method: 'POST', headers, body: JSON.stringify(got) })
      assert.equal(response.status, 201)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      assert.deepEqual(await response.json(), { got, type: 'application/json' })
    }
  })

  test(`${framework} refuses a body that is no JSON`, async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/json`, { method: 'POST', headers, body: '{"broken' })
    assert.equal(response.status, 400)
    assert.equal(typeof ((await response.json()) as { error: string }).error, 'string')
  })

  test(`${framework} streams`, async () => {
    assert.equal(await (await fetch(`${url}/stream`)).text(), 'one two three')
  })

  test(`${framework} redirects, and fetch follows`, async () => {
    const { statusCode, headers, body } = await request(`${url}/redirect`)
    await body.dump()
    assert.deepEqual([statusCode, headers['location']], [302, '/target?x=1'])
    const followed = await fetch(`${url}/redirect`)
    assert.deepEqual([followed.redirected, await followed.text()], [true, 'target 1'])
  })

  test(`${framework} reads and sets cookies`, async () => {
    const { headers, body } = await request(`${url}/cookies`, { headers: { cookie: 'c=3; d=4' } })
    assert.equal(await body.text(), 'c=3; d=4')
    const cookies = [headers['set-cookie'] ?? []].flat()
    assert.deepEqual(
      cookies.map(cookie => cookie.split(';')[0]),
      ['a=1', 'b=2']
    )
  })

  test(`${framework} knows its client and the host it was called by`, async () => {
    assert.deepEqual(await (await fetch(`${url}/facts`)).json(), {
      ip: '127.0.0.1',
      protocol: 'http',
      secure: false,
      hostname: `${framework}.heddle.local`
    })
  })

  test(`${framework} answers HEAD without a body`, async () => {
    const response = await fetch(`${url}/target?x=2`, { method: 'HEAD' })
    assert.deepEqual([response.status, await response.text()], [200, ''])
  })

  test(`${framework} has its errors handled`, async () => {
    const response = await fetch(`${url}/throws`)
    assert.equal(response.status, 418)
    assert.deepEqual(await response.json(), { error: 'mine' })
  })

  test(`${framework} answers 404 where there is nothing`, async () => {
    const response = await fetch(`${url}/nowhere`)
    await response.arrayBuffer()
    assert.equal(response.status, 404)
  })
}

for (const framework of ['express', 'koa'] as const) {
  test(`${framework} answers 304 to a client that has the page`, async () => {
    const url = `http://${framework}.heddle.local/etag`
    const first = await request(url)
    await first.body.dump()
    const again = await request(url, { headers: { 'if-none-match': String(first.headers['etag']) } })
    assert.deepEqual([again.statusCode, await again.body.text()], [304, ''])
  })
}
