/**
 * Where thread interceptors have been found to differ from HTTP over a socket: each difference as a test that
 * compares the mesh with a socket. What applications see of requests is in `requests.test.ts`, upgrades are in `upgrades.test.ts` and `websockets.test.ts`, errors and
 * time limits in `failures.test.ts`.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { before, test } from 'node:test'

import { EventSource, fetch as undiciFetch, request } from 'undici'
import { fetch as undici7Fetch, request as request7 } from 'undici7'

import { Fleet } from '../fixtures/fleet.ts'
import { ask, own } from './asking.ts'
import { outcome, same, start, type Both, type Side } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
let global: Pick<Side, 'origin' | 'call'>
const undo = undoing()
const sides = (): Both => both

before(async () => {
  both = await start(undo, '../undici/answering.ts')
  const fleet = new Fleet(undo, { domain: '.global.local' })
  fleet.join().mesh.installGlobals()
  const hand = await fleet.start('app', '../undici/answering.ts')
  global = { origin: 'http://app.global.local', call: (name, ...args) => hand.call(name, ...args) }
})

const fetches: readonly [string, (side: Side, path: string, init?: object) => Promise<Response>][] = [
  [
    'the fetch of undici',
    (side, path, init) =>
      undiciFetch(`${side.origin}${path}`, {
        dispatcher: side.dispatcher,
        ...init
      }) as unknown as Promise<Response>
  ],
  [
    'the fetch of undici 7',
    (side, path, init) =>
      undici7Fetch(`${side.origin}${path}`, {
        dispatcher: side.dispatcher7,
        ...init
      } as object) as unknown as Promise<Response>
  ],
  [
    'global fetch',
    (side, path, init) => fetch(`${side.name === 'the mesh' ? global.origin : side.origin}${path}`, init)
  ]
]

for (const [name, get] of fetches) {
  same(`${name} shows response headers, each Set-Cookie and the status text`, sides, async side => {
    const cookies = await get(side, '/cookies')
    const message = await get(side, '/message')
    return [
      own(Object.fromEntries(cookies.headers)),
      cookies.headers.getSetCookie(),
      await cookies.text(),
      message.status,
      message.statusText,
      await message.text()
    ]
  })

  same(`${name} sends a body and follows a redirect`, sides, async side => {
    const echo = await get(side, '/echo', { method: 'POST', body: 'sent' })
    const moved = await get(side, '/redirect')
    return [
      await echo.text(),
      echo.headers.get('x-length'),
      moved.status,
      moved.redirected,
      await moved.text()
    ]
  })

  same(`${name} unpacks what is packed`, sides, async side => (await get(side, '/gzip')).text())
}

for (const path of ['/cookies', '/message', '/trailers', '/none', '/gzip', '/fail']) {
  same(`undici.request gets all of ${path}`, sides, side => ask(side, path))
}

for (const path of ['/cookies', '/message', '/gzip', '/fail']) {
  same(`undici.request gets the head of ${path}`, sides, side => ask(side, path, { method: 'HEAD' }))
}

same('undici.request of undici 7 gets headers, trailers and body', sides, async side => {
  const { headers, trailers, body } = await request7(`${side.origin}/trailers`, {
    dispatcher: side.dispatcher7 as never
  })
  return { text: await body.text(), headers: own(headers), trailers }
})

same('raw response headers keep their case and order', sides, async side => {
  const options = { responseHeaders: 'raw', dispatcher: side.dispatcher } as const
  const { headers, body } = await request(`${side.origin}/cookies`, options)
  await body.dump()
  const flat = headers as unknown as string[]
  return flat.slice(0, flat.indexOf('Date'))
})

same('informational responses are told, with their headers', sides, async side => {
  const told: unknown[] = []
  const onInfo = (info: unknown): void => void told.push(info)
  return [await ask(side, '/hints', { onInfo }), told]
})

same('opaque comes back', sides, async side => {
  const { opaque, body } = await request(`${side.origin}/`, {
    dispatcher: side.dispatcher,
    opaque: { mine: 1 }
  })
  await body.dump()
  return opaque
})

same('handlers get what node gives them', sides, side =>
  ask(side, '/facts', { method: 'POST', body: Readable.from(['streamed']) })
)

same('the events of a request come in their order', sides, async side => {
  await side.call('forget')
  await ask(side, '/order')
  return side.call('noted', 'res.finish')
})

same('an abort before the response reaches the application', sides, async side => {
  await side.call('forget')
  const control = new AbortController()
  const failed = outcome(ask(side, '/hold', { signal: control.signal }))
  await side.call('noted', 'hold')
  control.abort()
  const seen = (await side.call('noted', 'close')) as string[]
  return [await failed, seen.toSorted()]
})

same('the head comes before a body that takes its time', sides, async side => {
  const {
    statusCode,
    headers: got,
    body
  } = await request(`${side.origin}/head-then-hold`, {
    dispatcher: side.dispatcher
  })
  await side.call('release', 'later')
  return [statusCode, got['content-length'], await body.text()]
})

same('events arrive one by one while the response is open', sides, async side => {
  const { body } = await request(`${side.origin}/events`, { dispatcher: side.dispatcher })
  const heard: string[] = []
  const chunks = body[Symbol.asyncIterator]()
  for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
    await side.call('write', event)
    const { value } = (await chunks.next()) as { value: Buffer }
    heard.push(value.toString())
  }
  await side.call('release', '')
  return heard
})

same("undici's EventSource hears events", sides, async side => {
  await side.call('forget')
  const source = new EventSource(`${side.origin}/events`, { dispatcher: side.dispatcher })
  await side.call('noted', 'events')
  const heard = once(source, 'message') as Promise<[MessageEvent]>
  await side.call('write', 'data: one\n\n')
  const [{ data }] = await heard
  source.close()
  await side.call('release', '')
  return data as unknown
})

same('responses that are dropped are closed in the application', sides, async side => {
  await side.call('forget')
  const drop = async (): Promise<void> => {
    const { body } = await request(`${side.origin}/drip`, { dispatcher: side.dispatcher })
    body.on('error', () => undefined).destroy()
  }
  await Promise.all(Array.from({ length: 50 }, drop))
  const seen = (await side.call('noted', 'dropped', 50)) as string[]
  return seen.length
})

same('a body that nobody wants any more is destroyed when its response comes early', sides, async side => {
  await side.call('forget')
  const upload = new PassThrough()
  const closed = once(upload, 'close')
  upload.write('x'.repeat(1000))
  const { statusCode, body } = await request(`${side.origin}/early`, {
    method: 'POST',
    body: upload,
    dispatcher: side.dispatcher
  })
  const text = await body.text()
  await closed
  return [statusCode, text, upload.destroyed]
})

same('a hundred requests are in the application at once', sides, async side => {
  const headersOf = { 'x-count': '100' }
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => ask(side, '/meet', { headers: headersOf }))
  )
  return answers.length
})

test('sixteen handlers that call their own host are answered', async () => {
  const self = { 'x-self': `${both.mesh.origin}/meet`, 'x-count': '16' }
  const calls = Array.from({ length: 16 }, () => ask(both.mesh, '/self', { headers: self }))
  for (const answer of await Promise.all(calls)) assert.equal((answer as { text: string }).text, 'met')
})

same('a handler that throws is an uncaught error of its thread', sides, async side => {
  await side.call('forget')
  await side.call('catchAll')
  // Nobody answers: whoever waits can only give up.
  const control = new AbortController()
  const failed = outcome(ask(side, '/throw', { signal: control.signal }))
  const seen = await side.call('noted', 'uncaught')
  control.abort()
  return [await failed, seen]
})

test('no header of a connection is in a response of the mesh, and none is added to a request', async () => {
  const { headers: got, body } = await request(`${both.mesh.origin}/trailers`, {
    dispatcher: both.mesh.dispatcher
  })
  await body.dump()
  assert.deepEqual(Object.keys(got).toSorted(), ['date', 'trailer'])
  const { text } = (await ask(both.mesh, '/headers')) as { text: string }
  assert.deepEqual(JSON.parse(text), ['host', 'app.heddle.local'])
})

same('a large body comes whole to a reader that takes its time', sides, async side => {
  const size = 5 * 1024 * 1024
  const options = { dispatcher: side.dispatcher, headers: { 'x-size': String(size) } }
  const { body } = await request(`${side.origin}/large`, options)
  let read = 0
  for await (const chunk of body) {
    read += (chunk as Buffer).length
    await new Promise(resolve => setImmediate(resolve))
  }
  return read === size
})

test('a worker that dies in the middle of a body fails it', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  const hand = await fleet.start('doomed', '../undici/answering.ts')
  const { body } = await request('http://doomed.heddle.local/begin', { dispatcher })
  const read = outcome(body.text())
  hand.member.remove()
  await hand.kill()
  assert.deepEqual(await read, { name: 'SocketError', code: 'UND_ERR_SOCKET' })
})

test('node:http gets what undici gets', async () => {
  const message = httpRequest(`${global.origin}/message`).end()
  const [response] = (await once(message, 'response')) as [Readable & { statusMessage: string }]
  response.resume()
  assert.equal(response.statusMessage, 'Quite Fine')
})
