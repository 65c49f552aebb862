/** The short path of `fetch` follows redirects as node's own fetch does, also out of the mesh and back. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'

import { ThreeWays, look, seen, sorted, type Act } from './three-ways.ts'

const undo: (() => unknown)[] = []
let ways: ThreeWays
/** An origin outside the mesh; `/back?to=` redirects. */
let outside: string

before(async () => {
  ways = await ThreeWays.open({ after: step => undo.unshift(step) })
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://any')
    if (url.pathname === '/back') res.writeHead(302, { location: url.searchParams.get('to') ?? '' }).end()
    else res.setHeader('x-outside', '1').end(JSON.stringify({ method: req.method, headers: req.headers }))
  }).listen(0)
  await once(server, 'listening')
  undo.unshift(() => server.close())
  outside = `http://outside.test:${(server.address() as AddressInfo).port}`
})

after(async () => {
  for (const step of undo) await step()
})

function same(name: string, act: Act): void {
  test(name, async () => {
    const outcome = await ways.run(act)
    assert.deepEqual(outcome['short path'], outcome.socket)
    assert.deepEqual(sorted(outcome.dispatcher), sorted(outcome.socket))
  })
}

const moved = (status: number, to: string): string => `/moved?status=${status}&to=${encodeURIComponent(to)}`

for (const status of [301, 302, 303, 307, 308]) {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
    const body = method === 'POST' || method === 'PUT' ? 'text' : null
    same(`${status} after ${method}`, async (fetch, base) => {
      const headers = { authorization: 'secret', cookie: 'a=1', 'content-language': 'de', 'x-kept': '1' }
      const response = await fetch(base + moved(status, '/echo?there#x'), { method, body, headers })
      const { redirected, url } = response
      return [redirected, url, method === 'HEAD' ? response.status : await seen(response)]
    })
  }
  for (const redirect of ['error', 'manual'] as const) {
    same(`${status} with redirect ${redirect}`, async (fetch, base) => {
      return look(await fetch(base + moved(status, '/echo'), { redirect }))
    })
  }
  same(`${status} to another origin`, async (fetch, base) => {
    const headers = { authorization: 'secret', cookie: 'a=1', 'proxy-authorization': 'x', 'x-kept': '1' }
    const response = await fetch(base + moved(status, `${outside}/there#y`), {
      method: 'POST',
      body: 'text',
      headers
    })
    const copy = response.clone()
    const { method, headers: received } = (await response.json()) as { method: string; headers: object }
    const { redirected, url, type, status: end } = response
    const names = Object.keys(received).toSorted()
    return [
      redirected,
      url,
      type,
      end,
      method,
      names,
      copy.redirected,
      copy.url,
      response.headers.get('x-outside')
    ]
  })
}

same('a location without a path', async (fetch, base) =>
  look(await fetch(base + moved(302, '?status=200&to='))).then(
    () => 1,
    () => 0
  )
)
same('a location that is no URL', (fetch, base) => fetch(base + moved(302, 'http://')))
same('a location of another scheme', (fetch, base) => fetch(base + moved(302, 'file:///etc/hosts')))
same('a location with credentials', (fetch, base) => fetch(base + moved(302, 'http://a:b@elsewhere.test/')))
same('a location with credentials at home', (fetch, base) =>
  fetch(base + moved(302, base.replace('//', '//a:b@')))
)
same('the fragment is kept', async (fetch, base) => (await fetch(`${base + moved(302, '/')}#here`)).url)
same('twenty redirects', async (fetch, base) => (await fetch(`${base}/around?left=19`)).url)
same('twenty-one redirects', (fetch, base) => fetch(`${base}/around?left=20`))
same('to nowhere', async (fetch, base) => {
  const error = (await fetch(base + moved(302, 'http://127.0.0.1:1/')).catch(
    (error: unknown) => error
  )) as Error
  return [error.name, error.message, (error.cause as { code: string }).code]
})
same('out and back', async (fetch, base) => {
  const back = `${outside}/back?to=${encodeURIComponent(`${base}/echo`)}`
  const response = await fetch(base + moved(307, back), { method: 'POST', body: 'text' })
  return [response.redirected, response.url, response.type, await seen(response)]
})
same('an aborted redirect', async (fetch, base) => {
  const control = new AbortController()
  const pending = fetch(base + moved(302, '/hold'), { signal: control.signal })
  await ways.origin.call('holding', 1)
  control.abort(new RangeError('enough'))
  const failed = await pending.catch((error: unknown) => String(error))
  await ways.origin.call('destroy')
  return failed
})
