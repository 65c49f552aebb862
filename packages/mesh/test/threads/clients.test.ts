/** What clients may ask of the mesh: every kind of body, options, refusals, and the way to other addresses. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { pipeline as pipe } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'

import {
  Agent,
  fetch as undiciFetch,
  getGlobalDispatcher,
  pipeline,
  request,
  setGlobalDispatcher,
  stream,
  type Dispatcher
} from 'undici'

import { stopClock } from '../fixtures/clock.ts'
import { Fleet, type Hand } from '../fixtures/fleet.ts'

const url = 'http://api.heddle.local'
const undo: (() => unknown)[] = []
let fleet: Fleet
let api: Hand

before(async () => {
  fleet = new Fleet({ after: step => undo.unshift(step) })
  fleet.join().mesh.installGlobals()
  api = await fleet.start('api', './plain.ts')
})

after(async () => {
  for (const step of undo) await step()
})

/** The raw headers the handler saw, by lower-case name. */
function seen(headers: { get(name: string): string | null }): { [name: string]: string } {
  const raw = JSON.parse(headers.get('x-headers') ?? '[]') as string[]
  const found: { [name: string]: string } = {}
  for (let i = 0; i < raw.length; i += 2) found[(raw[i] ?? '').toLowerCase()] = raw[i + 1] ?? ''
  return found
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'answered',
    (error: { code?: string; name: string; cause?: { code?: string } }) =>
      error.code ?? error.cause?.code ?? error.name
  )
}

for (const [name, send] of [
  ['global fetch', fetch],
  ['the fetch of undici', undiciFetch]
] as const) {
  const post = (body: unknown, more: object = {}): Promise<Response> =>
    (send as typeof fetch)(`${url}/echo`, { method: 'POST', body: body as BodyInit, ...more })

  test(`${name} sends a Blob with its type and length`, async () => {
    const response = await post(new Blob(['blob'], { type: 'text/x-test' }))
    assert.deepEqual(
      [seen(response.headers)['content-type'], seen(response.headers)['content-length']],
      ['text/x-test', '4']
    )
    assert.equal(await response.text(), 'blob')
  })

  test(`${name} sends URLSearchParams as a form`, async () => {
    const response = await post(new URLSearchParams({ a: '1', b: 'ü' }))
    assert.match(seen(response.headers)['content-type'] ?? '', /x-www-form-urlencoded/)
    assert.equal(await response.text(), 'a=1&b=%C3%BC')
  })

  test(`${name} sends a stream`, async () => {
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise(resolve => setImmediate(resolve))
        controller.enqueue(new TextEncoder().encode('piece '))
        if (++pulled === 3) controller.close()
      }
    })
    let pulled = 0
    assert.equal(await (await post(body, { duplex: 'half' })).text(), 'piece piece piece ')
  })

  test(`${name} rejects when its signal is aborted before and during the exchange`, async () => {
    await assert.rejects(post('x', { signal: AbortSignal.abort() }), { name: 'AbortError' })
    const control = new AbortController()
    const closedBefore = Number(await api.call('closed', 0))
    const pending = (send as typeof fetch)(`${url}/hold`, { signal: control.signal })
    await api.call('holding', 1)
    control.abort()
    await assert.rejects(pending, { name: 'AbortError' })
    assert.equal(await api.member.drained(60_000), true)
    assert.equal(await api.call('closed', closedBefore + 1), closedBefore + 1)
    await api.call('release')
  })

  test(`${name} follows the host in any case`, async () => {
    assert.equal(await (await (send as typeof fetch)('http://API.Heddle.LOCAL/')).text(), 'ok')
  })

  test(`${name} fails with the code of the mesh as its cause`, async () => {
    assert.equal(await codeOf((send as typeof fetch)('http://nobody.heddle.local/')), 'MESH_UNKNOWN_HOST')
  })
}

test('global fetch sends FormData', async () => {
  const form = new FormData()
  form.append('field', 'value')
  form.append('file', new Blob(['content']), 'name.txt')
  const response = await fetch(`${url}/echo`, { method: 'POST', body: form })
  const type = seen(response.headers)['content-type'] ?? ''
  const back = await new Response(await response.arrayBuffer(), {
    headers: { 'content-type': type }
  }).formData()
  assert.equal(back.get('field'), 'value')
  assert.equal(await (back.get('file') as File).text(), 'content')
})

const bodies: readonly [string, () => unknown, string][] = [
  ['a string', () => 'grün', 'grün'],
  ['a Buffer', () => Buffer.from('buffer'), 'buffer'],
  ['a Uint8Array', () => new TextEncoder().encode('bytes'), 'bytes'],
  ['a Uint16Array', () => new Uint16Array([0x6261, 0x6463]), 'abcd'],
  ['an ArrayBuffer', () => new TextEncoder().encode('arrays').buffer, 'arrays'],
  ['a Blob', () => new Blob(['blob']), 'blob'],
  ['a Readable', () => Readable.from(['one', 'two']), 'onetwo'],
  ['an iterable', () => ['three', 'four'], 'threefour'],
  ['a large Buffer', () => Buffer.alloc(1_000_000, 'x'), 'x'.repeat(1_000_000)],
  [
    'a large stream',
    () => Readable.from(Array.from({ length: 50 }, () => 'y'.repeat(40_000))),
    'y'.repeat(2_000_000)
  ],
  ['nothing', () => null, '']
]

for (const [name, make, back] of bodies) {
  test(`undici.request sends ${name}`, async () => {
    const body = make() as Dispatcher.DispatchOptions['body']
    const response = await request(`${url}/echo`, { method: 'POST', body: body ?? null })
    assert.equal(await response.body.text(), back)
  })
}

test('undici.request sends its query, flat header arrays and repeated values', async () => {
  const response = await request(`${url}/echo`, {
    query: { a: 1, b: ['x', 'y z'] },
    headers: ['X-Flat', 'one', 'X-Flat', 'two']
  })
  await response.body.dump()
  assert.equal(response.headers['x-url'], '/echo?a=1&b=x&b=y%20z')
  assert.match(String(response.headers['x-headers']), /"X-Flat","one","X-Flat","two"/)
})

test('undici.request keeps a path as it was given', async () => {
  for (const path of ['/echo?q={a}:^b', '/echo?x=%zz//', '/echo?a=../b']) {
    const { headers, body } = await request({ origin: url, path, method: 'GET' } as unknown as string)
    await body.dump()
    assert.equal(headers['x-url'], path)
  }
})

test('undici.stream and undici.pipeline go through the mesh', async () => {
  const pieces: string[] = []
  await stream(
    `${url}/echo`,
    { method: 'POST', body: 'streamed' },
    () =>
      new Writable({
        write(chunk, _encoding, done) {
          pieces.push(String(chunk))
          done()
        }
      })
  )
  assert.equal(pieces.join(''), 'streamed')
  const duplex = pipeline(`${url}/echo`, { method: 'POST' }, ({ body }) => body)
  const answer = text(duplex)
  await pipe(Readable.from(['through ', 'a pipeline']), duplex, { end: true }).catch(() => undefined)
  assert.equal(await answer, 'through a pipeline')
})

const hostile: readonly [string, { headers?: object; path?: string; body?: unknown }][] = [
  ['a line break in a header', { headers: { x: 'a\r\nb: c' } }],
  ['a bad header name', { headers: { 'a b': 'c' } }],
  ['a line break in a path', { path: '/a\r\nb' }],
  ['a space in a path', { path: '/a b' }],
  ['a path without its slash', { path: 'echo' }],
  ['a body that is none', { body: 42 }]
]

for (const [name, options] of hostile) {
  test(`a dispatch with ${name} is refused`, async () => {
    const dispatcher = fleet.dispatcher()
    const failed = new Promise<Error & { code?: string }>(resolve => {
      const handler = {
        onRequestStart: () => undefined,
        onResponseError: (_: unknown, error: Error) => resolve(error)
      }
      const given = { origin: url, path: '/echo', method: 'POST', ...options }
      dispatcher.dispatch(given as Dispatcher.DispatchOptions, handler)
    })
    assert.equal((await failed).code, 'UND_ERR_INVALID_ARG')
  })
}

test('a body whose length is not the declared one fails the request', async () => {
  for (const length of ['3', '30']) {
    const headers = { 'content-length': length }
    const sent = request(`${url}/echo`, { method: 'POST', headers, body: Readable.from(['hello']) })
    assert.equal(await codeOf(sent.then(({ body }) => body.text())), 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
  }
})

async function* broken(): AsyncGenerator<string> {
  yield 'one'
  throw new Error('mine')
}

test('a body that fails while it is sent fails the request with its own error', async () => {
  const sent = request(`${url}/echo`, { method: 'POST', body: Readable.from(broken()) })
  await assert.rejects(
    sent.then(({ body }) => body.text()),
    /mine/
  )
})

function callCode(host: string, dispatcher: Dispatcher): Promise<string> {
  return codeOf(request(`http://${host}.heddle.local/`, { dispatcher }).then(({ body }) => body.text()))
}

test('an unknown host, no ready worker and a denied pair fail at once, each with its code', async t => {
  const own = new Fleet(t, { allow: (from, to) => !(from === 'web' && to === 'secret') })
  const dispatcher = own.dispatcher({ hostname: 'web' })
  const admin = own.dispatcher()
  await own.start('secret', './plain.ts')
  const open = await own.start('open', './plain.ts')
  await open.member.withdraw()
  assert.equal(await callCode('nobody', dispatcher), 'MESH_UNKNOWN_HOST')
  assert.equal(await callCode('open', dispatcher), 'MESH_NO_UPSTREAM')
  assert.equal(await callCode('secret', dispatcher), 'MESH_DENIED')
  assert.equal(await callCode('secret', admin), 'answered')
})

test('a worker cannot reach whom its hostname may not call, by fetch or by node:http', async t => {
  const own = new Fleet(t, { allow: () => false })
  await own.start('secret', './plain.ts')
  const web = await own.start('web', './plain.ts')
  await assert.rejects(web.call('fetchText', 'http://secret.heddle.local/'), /fetch failed/)
  await assert.rejects(web.call('statusViaNode', 'http://secret.heddle.local/'), /web:1 may not call secret/)
})

test('a request that waits too long for its head fails, and its handler is told', async t => {
  const clock = stopClock(t)
  const own = new Fleet(t)
  const dispatcher = own.dispatcher({ timeoutMs: 60_000 })
  const slow = await own.start('slow', './plain.ts')
  const failed = codeOf(request('http://slow.heddle.local/hold', { dispatcher }))
  await slow.call('holding', 1)
  clock.pass(60_000)
  assert.equal(await failed, 'UND_ERR_HEADERS_TIMEOUT')
  assert.equal(await slow.member.drained(60_000), true)
  assert.equal(await slow.call('closed', 1), 1)
})

test('headersTimeout of a request takes the place of the timeout of the mesh', async () => {
  const failed = codeOf(request(`${url}/hold`, { headersTimeout: 120 }))
  assert.equal(await failed, 'UND_ERR_HEADERS_TIMEOUT')
  await api.call('release')
})

test('requests to other addresses go to the network', async t => {
  const server = createServer((req, res) => res.end(`network ${req.headers.host ?? ''}`)).listen(
    0,
    '127.0.0.1'
  )
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const origin = `http://${address}`
  assert.equal(await (await fetch(origin)).text(), `network ${address}`)
  assert.equal(await (await request(origin)).body.text(), `network ${address}`)
  const req = httpRequest(origin, { agent: false }).end()
  const [res] = (await once(req, 'response')) as [Readable]
  assert.equal(await text(res), `network ${address}`)
})

test('an application that sets its own global dispatcher still reaches the mesh', async t => {
  const previous = getGlobalDispatcher()
  const own = new Agent()
  t.after(async () => {
    setGlobalDispatcher(previous)
    await own.destroy()
  })
  setGlobalDispatcher(own)
  assert.equal(await (await request(`${url}/`)).body.text(), 'ok')
  assert.equal(await (await fetch(`${url}/`)).text(), 'ok')
})

test('a dispatcher given to one request still reaches the mesh', async t => {
  const own = new Agent()
  t.after(() => own.destroy())
  assert.equal(await (await request(`${url}/`, { dispatcher: own })).body.text(), 'ok')
})
