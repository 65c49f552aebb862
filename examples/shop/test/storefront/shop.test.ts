/**
 * Tests of the storefront as a whole: requests are put in without a socket, the other applications are
 * small servers that answer what a test wants.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { toLocalPath } from '../../storefront/respond.ts'
import { createShop } from '../../storefront/shop.ts'

/** Makes the storefront find an application at a server of the test. */
async function standIn(t: TestContext, application: string, listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const name = `${application}_URL`
  process.env[name] = `http://127.0.0.1:${address.port}`
  t.after(() => {
    delete process.env[name]
    server.closeAllConnections()
    server.close()
  })
}

async function openShop(t: TestContext): Promise<Awaited<ReturnType<typeof createShop>>> {
  const shop = await createShop()
  t.after(() => shop.close())
  return shop
}

test('the storefront answers 404 with a page for an unknown path', async t => {
  const shop = await openShop(t)
  const response = await shop.inject('/nowhere')
  assert.equal(response.statusCode, 404)
  assert.match(response.body, /A dropped stitch/)
})

test('the storefront shows the request id when an application answers 500, and hides why', async t => {
  const shop = await openShop(t)
  await standIn(t, 'CATALOG', (request, response) => {
    response.writeHead(500).end('secret stack trace')
  })
  const response = await shop.inject({ url: '/products', headers: { 'x-request-id': 'id-of-the-test' } })
  assert.equal(response.statusCode, 502)
  assert.match(response.body, /id-of-the-test/)
  assert.match(response.body, /catalog/)
  assert.doesNotMatch(response.body, /secret/)
})

test('the storefront answers 503 when an application cannot be reached', async t => {
  const shop = await openShop(t)
  await standIn(t, 'CATALOG', request => request.socket.destroy())
  const response = await shop.inject('/products')
  assert.equal(response.statusCode, 503)
})

test('the storefront hands its request id on to the applications it calls', async t => {
  const shop = await openShop(t)
  const seen: unknown[] = []
  await standIn(t, 'CATALOG', (request, response) => {
    seen.push(request.headers['x-request-id'])
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(request.url === '/categories' ? '[]' : '{"items":[],"total":0,"page":1,"pages":1}')
  })
  await shop.inject({ url: '/products', headers: { 'x-request-id': 'one' } })
  assert.deepEqual(seen, ['one', 'one'])
})

test('the storefront goes on selling when the accounts do not answer', async t => {
  const shop = await openShop(t)
  await standIn(t, 'ACCOUNTS', request => request.socket.destroy())
  const response = await shop.inject({ url: '/cart', headers: { cookie: 'session=anything' } })
  assert.equal(response.statusCode, 200)
  assert.match(response.body, /The accounts do not answer/)
})

test('the storefront refuses a form that another site sent', async t => {
  const shop = await openShop(t)
  const headers = { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' }
  const response = await shop.inject({ method: 'POST', url: '/cart', headers, payload: 'id=1&quantity=1' })
  assert.equal(response.statusCode, 403)
  assert.equal(response.headers['set-cookie'], undefined)
})

test('the storefront refuses a quantity that is not a number', async t => {
  const shop = await openShop(t)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await shop.inject({ method: 'POST', url: '/cart', headers, payload: 'id=1&quantity=many' })
  assert.equal(response.statusCode, 400)
})

const outcomes: readonly [what: string, accounts: number | null, status: number, released: boolean][] = [
  ['keeps the goods of an order that was stored', 201, 303, false],
  ['puts the goods back when the same form was sent before', 200, 303, true],
  ['puts the goods back when the accounts fail', 500, 502, true],
  ['keeps the goods reserved when the accounts do not answer', null, 503, false]
]
for (const [what, accounts, status, released] of outcomes) {
  test(`the checkout ${what}`, async t => {
    const shop = await openShop(t)
    const asked: string[] = []
    await standIn(t, 'CATALOG', (request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.writeHead(201).end('[{"id":1,"quantity":2,"name":"Yarn","priceCents":1000}]')
    })
    await standIn(t, 'ACCOUNTS', (request, response) => {
      if (request.url === '/session') response.end('{"id":1,"email":"a@b.c","name":"Ada"}')
      else if (accounts === null) request.socket.destroy()
      else response.writeHead(accounts).end('{"number":"HW-000001"}')
    })
    const response = await shop.inject({
      method: 'POST',
      url: '/checkout',
      headers: { cookie: 'session=a; cart=1x2', 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'key=k&name=Ada&street=1+Way&postcode=10115&city=Berlin&country=Germany'
    })
    assert.equal(response.statusCode, status)
    assert.equal(asked.includes('POST /reservations/release'), released)
    assert.equal(response.headers['set-cookie'] !== undefined, status === 303)
  })
}

test('the checkout says which product is short and keeps the cart', async t => {
  const shop = await openShop(t)
  const yarn = { id: 1, slug: 'yarn', name: 'Plum yarn', category: 'yarn', priceCents: 1000, stock: 1 }
  await standIn(t, 'CATALOG', (request, response) => {
    if (request.method === 'POST') response.writeHead(409).end('{"id":1,"name":"Plum yarn","available":1}')
    else response.end(JSON.stringify([yarn]))
  })
  await standIn(t, 'ACCOUNTS', (request, response) => {
    response.end('{"id":1,"email":"a@b.c","name":"Ada"}')
  })
  const response = await shop.inject({
    method: 'POST',
    url: '/checkout',
    headers: { cookie: 'session=a; cart=1x2', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'key=k&name=Ada&street=1+Way&postcode=10115&city=Berlin&country=Germany'
  })
  assert.equal(response.statusCode, 409)
  assert.match(response.body, /Plum yarn: there are only 1 left/)
  assert.equal(response.headers['set-cookie'], undefined)
})

test('the storefront answers a form that is empty', async t => {
  const shop = await openShop(t)
  const response = await shop.inject({ method: 'POST', url: '/cart' })
  assert.equal(response.statusCode, 400)
})

const paths: readonly [given: string | null, path: string][] = [
  ['/checkout', '/checkout'],
  ['/orders/HW-000001?placed', '/orders/HW-000001?placed'],
  [null, '/'],
  ['', '/'],
  ['https://elsewhere.example', '/'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['/a\r\nset-cookie: b', '/']
]
for (const [given, path] of paths) {
  test(`toLocalPath() turns ${JSON.stringify(given)} into ${path}`, () => {
    assert.equal(toLocalPath(given), path)
  })
}
