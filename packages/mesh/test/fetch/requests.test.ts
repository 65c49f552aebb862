/** What the short path of `fetch` sends is what node's own fetch sends, for all it takes and all it refuses. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ThreeWays, byName, seen, sorted, type Act } from './three-ways.ts'

const undo: (() => unknown)[] = []
let ways: ThreeWays

before(async () => {
  ways = await ThreeWays.open({ after: step => undo.unshift(step) })
})

after(async () => {
  for (const step of undo) await step()
})

/** Whether the short path is taken: `shared` where it hands the call to node's own fetch. */
type Path = 'short' | 'shared'

function same(name: string, path: Path, act: Act): void {
  test(`${name} (${path})`, async () => {
    const before = ways.passedOn()
    const outcome = await ways.run(act)
    const compared = path === 'short' ? (seen: unknown): unknown => seen : sorted
    assert.deepEqual(compared(outcome['short path']), compared(outcome.socket))
    assert.deepEqual(sorted(outcome.dispatcher), sorted(outcome.socket))
    assert.equal(ways.passedOn() - before > 0, path === 'shared')
  })
}

const echo =
  (init?: () => RequestInit, path = '/echo'): Act =>
  async (fetch, base) =>
    seen(await fetch(base + path, init?.()))

/** Names in lower case and sorted: all that can be seen of a Headers object. */
const echoSorted =
  (init: () => RequestInit): Act =>
  async (fetch, base) => {
    const { headers, ...rest } = await seen(await fetch(`${base}/echo`, init()))
    return { ...rest, headers: headers.map(([name, value]) => [name.toLowerCase(), value]).toSorted(byName) }
  }

const unchecked = (init: object): RequestInit => init

for (const [name, headers] of Object.entries({
  'an object': { 'X-One': '1', 'x-two': ' two\t', accept: 'text/html' },
  'an object with numbers': { 'x-n': 5 },
  pairs: [
    ['X-One', '1'],
    ['accept-language', 'de']
  ],
  'a user agent': { 'User-Agent': 'mine' },
  encodings: { 'Accept-Encoding': 'identity' },
  conditions: { 'if-none-match': '"x"' },
  'conditions and a cache policy': { 'If-Modified-Since': 'x', 'Cache-Control': 'max-age=1', pragma: 'p' },
  'a range': { Range: 'bytes=0-1' },
  cookies: { cookie: 'a=1; b=2' },
  'an empty value': { 'x-empty': '' },
  'Latin-1': { 'x-latin': 'é' }
})) {
  same(
    `headers: ${name}`,
    'short',
    echo(() => unchecked({ headers }))
  )
}

for (const [name, headers] of Object.entries({
  '__proto__ as a name': JSON.parse('{"__proto__":"x"}') as object,
  'a name twice': [
    ['x-a', '1'],
    ['X-A', '2']
  ],
  'a host': { host: 'elsewhere.example' },
  'a bad name': { 'a b': '1' },
  'a line break': { 'x-a': 'b\r\nc: d' },
  'beyond Latin-1': { 'x-a': 'Ω' },
  'a triple': [['a', 'b', 'c']],
  'a boolean': { 'x-a': true },
  'a string': 'x',
  'a range and encodings': { range: 'bytes=0-1', 'accept-encoding': 'gzip' },
  'sec-fetch-mode': { 'sec-fetch-mode': 'navigate' },
  'keep-alive': { connection: 'keep-alive' }
})) {
  same(
    `headers: ${name}`,
    'shared',
    echo(() => unchecked({ headers }))
  )
}

same(
  'headers: a Headers object',
  'short',
  echoSorted(() => ({ headers: new Headers({ 'X-B': '1', 'X-A': '2' }) }))
)
same('headers: those of a response', 'short', async (fetch, base) => {
  const { headers } = await fetch(`${base}/answer?header=x-a=1&header=x-a=2&header=content-type=text/x`)
  const kept = [...headers].filter(([name]) => name.startsWith('x-') || name === 'content-type')
  return seen(await fetch(`${base}/echo`, { headers: kept }))
})

for (const method of [
  'GET',
  'get',
  'Get',
  'POST',
  'post',
  'PUT',
  'put',
  'DELETE',
  'delete',
  'OPTIONS',
  'PATCH'
]) {
  same(
    `method ${method}`,
    method === 'Get' ? 'shared' : 'short',
    echo(() => ({ method }))
  )
}
for (const method of ['PURGE', 'TRACE', 'CONNECT', 'a b', '', 'QUERY']) {
  same(
    `method ${method}`,
    'shared',
    echo(() => ({ method }))
  )
}

for (const [name, body] of Object.entries<() => unknown>({
  text: () => 'Grüße \ud800!',
  'empty text': () => '',
  parameters: () => new URLSearchParams({ a: '1', b: 'ü ' }),
  'a Uint8Array': () => new Uint8Array([104, 105]),
  'a part of a buffer': () => Buffer.from('xxhixx').subarray(2, 4),
  'a DataView': () => new DataView(new TextEncoder().encode('view').buffer),
  'an ArrayBuffer': () => new TextEncoder().encode('buffer').buffer,
  'no bytes': () => new Uint8Array(0),
  'many bytes': () => Buffer.alloc(100_000, 'many '),
  null: () => null,
  undefined: () => undefined
})) {
  const init = (more: object) => () => unchecked({ body: body(), method: 'POST', ...more })
  same(`body: ${name}`, 'short', echo(init({})))
  same(`body: ${name}, with a type`, 'short', echo(init({ headers: { 'Content-Type': 'a/b' } })))
  same(`body: ${name}, in a PATCH`, 'short', echo(init({ method: 'PATCH' })))
  same(`body: ${name}, in a DELETE`, 'short', echo(init({ method: 'DELETE' })))
}

const shared: { readonly [name: string]: () => object } = {
  'a Blob': () => ({ body: new Blob(['blob'], { type: 'a/b' }) }),
  'a stream': () => ({ body: new Blob(['streamed']).stream(), duplex: 'half' }),
  'a stream without duplex': () => ({ body: new Blob(['streamed']).stream() }),
  'an object': () => ({ body: { a: 1 } }),
  'a number': () => ({ body: 17 }),
  'an array buffer that can grow': () => ({ body: new ArrayBuffer(2, { maxByteLength: 4 }) }),
  'in a GET': () => ({ body: 'x', method: 'GET' }),
  'in a HEAD': () => ({ body: 'x', method: 'HEAD' })
}
for (const [name, init] of Object.entries(shared)) {
  same(
    `body: ${name}`,
    'shared',
    echo(() => unchecked({ method: 'POST', ...init() }))
  )
}

test('a body is sent as it was when fetch was called', async () => {
  const outcome = await ways.run(async (fetch, base) => {
    const body = new Uint8Array(50_000).fill(97)
    const pending = fetch(`${base}/echo`, { method: 'POST', body })
    body.fill(98)
    return new Set((await seen(await pending)).body).has('b')
  })
  assert.deepEqual(outcome['short path'], outcome.socket)
})

for (const [name, init] of Object.entries({
  'mode cors': { mode: 'cors' },
  'credentials include': { credentials: 'include' },
  'credentials omit': { credentials: 'omit' },
  keepalive: { keepalive: true },
  'cache default': { cache: 'default' },
  'no signal': { signal: null },
  'unknown options': { next: { revalidate: 1 }, timeout: 3 },
  'undefined options': { method: undefined, headers: undefined, body: undefined, signal: undefined }
})) {
  same(
    `option: ${name}`,
    'short',
    echo(() => unchecked(init))
  )
}

for (const [name, init] of Object.entries({
  'mode no-cors': { mode: 'no-cors' },
  'mode same-origin': { mode: 'same-origin' },
  'mode navigate': { mode: 'navigate' },
  'cache no-store': { cache: 'no-store' },
  'cache no-cache': { cache: 'no-cache' },
  'cache only-if-cached': { cache: 'only-if-cached' },
  'credentials wrong': { credentials: 'wrong' },
  'redirect wrong': { redirect: 'wrong' },
  'signal wrong': { signal: {} },
  'window wrong': { window: {} },
  'headers null': { headers: null },
  'duplex half': { duplex: 'half' },
  'duplex full': { duplex: 'full' },
  'integrity wrong': { integrity: 'sha256-AAAA' },
  referrer: { referrer: 'http://elsewhere.example/page' }
})) {
  same(
    `option: ${name}`,
    'shared',
    echo(() => unchecked(init))
  )
}

same(
  'options that are no object',
  'shared',
  echo(() => 'x' as never)
)
same(
  'options that are an object of a class',
  'shared',
  echo(
    () =>
      new (class {
        method = 'POST'
      })()
  )
)
same('a URL with a query and a fragment', 'short', async (fetch, base) => {
  const response = await fetch(`${base}/echo?a=b%20c&d={}#fragment`)
  return [response.url, await seen(response)]
})
same('a URL with an empty fragment', 'short', async (fetch, base) => (await fetch(`${base}/#`)).url)
same('a URL with an empty query', 'shared', async (fetch, base) => {
  const response = await fetch(`${base}/echo?`)
  return [response.url, await seen(response)]
})
same('a path to be resolved', 'short', echo(undefined, '/a/../echo'))
same('a path with odd characters', 'short', echo(undefined, '/./echo?ü=`{}|^"<>\'\\'))
same(
  'a path that begins with two slashes',
  'short',
  async (fetch, base) => (await fetch(`${base}//echo`)).status
)
same('a URL object', 'short', async (fetch, base) => seen(await fetch(new URL('/echo', base))))
same('a URL with white space', 'short', async (fetch, base) => (await fetch(` ${base}/ \n`)).url)
same('credentials in the URL', 'shared', (fetch, base) => fetch(base.replace('//', '//user:word@')))
same('a relative URL', 'shared', fetch => fetch('/echo'))
same('no URL', 'shared', fetch => (fetch as () => Promise<unknown>)())
same('a number for a URL', 'shared', fetch => fetch(17 as never))
same('a data URL', 'shared', async fetch => (await fetch('data:text/plain,hello')).text())
same('a blob URL', 'shared', async fetch => {
  const url = URL.createObjectURL(new Blob(['in a blob']))
  const text = await (await fetch(url)).text()
  URL.revokeObjectURL(url)
  return text
})
same('an unknown scheme', 'shared', fetch => fetch('gopher://x.example/'))

same('a Request', 'short', async (fetch, base) => {
  const request = new Request(`${base}/echo#x`, { method: 'put', headers: { 'x-b': '1', 'x-a': '2' } })
  const { headers, ...rest } = await seen(await fetch(request))
  return [rest, headers.toSorted(byName), request.bodyUsed]
})
same('a Request and options', 'short', async (fetch, base) => {
  const request = new Request(`${base}/echo`, { method: 'POST', headers: { 'x-b': '1' } })
  const init = { headers: { 'x-c': '2' }, body: 'text' }
  return seen(await fetch(request, init))
})
same('a Request with a body', 'shared', async (fetch, base) => {
  const request = new Request(`${base}/echo`, { method: 'POST', body: 'text' })
  return [await seen(await fetch(request)), request.bodyUsed]
})
same('a Request with a mode', 'shared', async (fetch, base) =>
  seen(await fetch(new Request(`${base}/echo`, { cache: 'no-cache' })))
)
