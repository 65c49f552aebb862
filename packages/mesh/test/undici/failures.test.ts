/** Failures, as undici's callers and interceptors are told them: the same code, name and class as over a socket. */
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { before, test } from 'node:test'

import { errors, interceptors, request, type Dispatcher } from 'undici'
import { errors as errors7, request as request7 } from 'undici7'

import { stopClock, type Clock } from '../fixtures/clock.ts'
import { Fleet } from '../fixtures/fleet.ts'
import { ask } from './asking.ts'
import { outcome, same, start, type Both, type Side } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
const undo = undoing()
const sides = (): Both => both

before(async () => {
  both = await start(undo, '../undici/answering.ts')
})

type Options = Parameters<typeof ask>[2]

const failing: readonly [string, string, Options][] = [
  ['no head in time', '/hold', { headersTimeout: 150 }],
  ['no body in time', '/begin', { bodyTimeout: 150 }],
  ['a body shorter than declared', '/short', {}],
  ['a body cut off', '/cut', {}],
  ['a connection destroyed before the head', '/reset', {}],
  ['a head too large', '/big-head', {}],
  [
    'a declared length that is too large',
    '/echo',
    { method: 'POST', body: 'four', headers: { 'content-length': '5' } }
  ],
  ['a stream longer than declared', '/echo', streamed('3')],
  ['a stream shorter than declared', '/echo', streamed('30')],
  ['a signal aborted before', '/', { signal: AbortSignal.abort() }],
  ['a signal aborted before, with a reason', '/', { signal: AbortSignal.abort(new RangeError('mine')) }],
  ['a body that is none', '/echo', { method: 'POST', body: 42 as unknown as string }],
  ['a line break in a header', '/echo', { headers: { x: 'a\r\nb' } }],
  ['a bad header name', '/echo', { headers: { 'a b': 'c' } }],
  ['two lengths', '/echo', { headers: ['content-length', '1', 'content-length', '1'] }],
  ['two hosts', '/echo', { headers: ['host', 'a', 'host', 'b'] }],
  ['a length that is no number', '/echo', { headers: { 'content-length': '1e1' } }],
  ['a method that is none', '/echo', { method: 'A B' as 'GET' }],
  ['a time limit that is none', '/echo', { headersTimeout: -1 }],
  ['another time limit that is none', '/echo', { bodyTimeout: Number.NaN }]
]

function streamed(length: string): Options {
  return { method: 'POST', headers: { 'content-length': length } }
}

for (const [name, path, options] of failing) {
  same(`${name} fails a request`, sides, side => {
    // A stream can be sent but once.
    const body =
      options?.method === 'POST' && options.body === undefined ? Readable.from(['hello']) : undefined
    return outcome(ask(side, path, body === undefined ? options : { ...options, body }))
  })
}

test('a body longer than declared fails: a socket would take what is too much for another response', async () => {
  assert.deepEqual(await outcome(ask(both.mesh, '/long')), {
    name: 'ResponseContentLengthMismatchError',
    code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  })
})

test('errors are instances of the classes of both undicis, and say what the mesh knows', async () => {
  const error = await ask(both.mesh, '/hold', { headersTimeout: 120 }).catch((thrown: unknown) => thrown)
  for (const { HeadersTimeoutError, UndiciError, SocketError } of [errors, errors7]) {
    assert.ok(error instanceof HeadersTimeoutError)
    assert.ok(error instanceof UndiciError)
    assert.ok(!((error as Error) instanceof SocketError))
  }
  const { message, cause } = error as Error & { cause: { code: string; detail: object } }
  assert.match(message, /^app:\d+ did not begin its response for app within 120 ms\.$/)
  assert.deepEqual([cause.code, Object.keys(cause.detail)], ['MESH_TIMEOUT', ['host', 'worker', 'afterMs']])
})

test('what undici has no word for arrives as the mesh says it', async t => {
  const fleet = new Fleet(t, { allow: (_from, to) => to !== 'secret' })
  const dispatcher = fleet.dispatcher({ hostname: 'web' })
  const open = await fleet.start('open', './plain.ts')
  await fleet.start('secret', './plain.ts')
  await open.member.withdraw()
  for (const [host, code] of [
    ['nobody', 'MESH_UNKNOWN_HOST'],
    ['open', 'MESH_NO_UPSTREAM'],
    ['secret', 'MESH_DENIED']
  ]) {
    const sent = request(`http://${host ?? ''}.heddle.local/`, { dispatcher })
    assert.deepEqual(await outcome(sent), { name: 'MeshError', code })
  }
})

/** Lets that much time pass, and whoever looks for late responses look, which is every 100 ms. */
async function pass(clock: Clock, ms: number): Promise<void> {
  clock.pass(ms)
  await new Promise<void>(resolve => {
    setTimeout(resolve, 220)
  })
}

test('a response that goes on is not late, however long it takes as a whole', async t => {
  const { mesh } = both
  const clock = stopClock(t)
  const options = { dispatcher: mesh.dispatcher, bodyTimeout: 50_000 }
  const { body } = await request(`${mesh.origin}/begin`, options)
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const heard: string[] = []
  for (const piece of ['begun', 'more', 'and more']) {
    if (piece !== 'begun') await mesh.call('write', piece)
    const { value } = await chunks.next()
    heard.push((value as Buffer).toString())
    await pass(clock, 40_000)
  }
  assert.deepEqual(heard, ['begun', 'more', 'and more'])
  await mesh.call('release', '')
  assert.equal((await chunks.next()).done, true)
})

test('a reader that pauses is not the fault of the response', async t => {
  const { mesh } = both
  const clock = stopClock(t)
  const size = 4 * 1024 * 1024
  const options = { dispatcher: mesh.dispatcher, bodyTimeout: 50_000, headers: { 'x-size': String(size) } }
  const { body } = await request(`${mesh.origin}/large`, options)
  // With so much that nobody has taken it asks for no more.
  while (body.readableLength < body.readableHighWaterMark) {
    await new Promise(resolve => setImmediate(resolve))
  }
  await pass(clock, 60_000)
  await pass(clock, 60_000)
  assert.equal((await body.arrayBuffer()).byteLength, size)
})

same('an abort in the middle of a body gives its reason to the reader', sides, async side => {
  const control = new AbortController()
  const { body } = await request(`${side.origin}/begin`, {
    dispatcher: side.dispatcher,
    signal: control.signal
  })
  const read = outcome(body.text())
  control.abort(new RangeError('mine'))
  return read
})

same('an abort gives a reason that is no error as it is', sides, async side => {
  await side.call('forget')
  const control = new AbortController()
  const failed = outcome(ask(side, '/hold', { signal: control.signal }))
  await side.call('noted', 'hold')
  control.abort('a word')
  return failed
})

same('a handler that aborts without a reason is told so', sides, side => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const options = { origin: side.origin, path: '/', method: 'GET' as const }
  side.dispatcher.dispatch(options, {
    onRequestStart: controller => (controller.abort as () => void)(),
    onResponseStart: () => resolve('answered'),
    onResponseData: () => undefined,
    onResponseEnd: () => undefined,
    onResponseError: (controller, error) =>
      resolve([controller.aborted, error.name, (error as Error & { code: string }).code])
  })
  return promise
})

for (const thrower of ['onResponseStart', 'onResponseData'] as const) {
  same(`a handler that throws in ${thrower} fails its own request`, sides, async side => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: () => undefined,
      onResponseEnd: () => resolve('complete'),
      onResponseError: (_controller, error) => resolve(error.message),
      [thrower]: () => {
        throw new Error(`thrown in ${thrower}`)
      }
    }
    side.dispatcher.dispatch({ origin: side.origin, path: '/message', method: 'GET' }, handler)
    return [await promise, ((await ask(side, '/')) as { text: string }).text]
  })
}

same('a body that fails fails its request, and one whose request fails is destroyed', sides, async side => {
  const upload = new PassThrough()
  const failed = outcome(ask(side, '/hold', { method: 'POST', body: upload }))
  upload.destroy(new RangeError('mine'))
  const other = new PassThrough().on('error', () => undefined)
  const control = new AbortController()
  await side.call('forget')
  const aborted = outcome(ask(side, '/hold', { method: 'POST', body: other, signal: control.signal }))
  other.write('x')
  await side.call('noted', 'hold')
  control.abort()
  return [await failed, await aborted, other.destroyed]
})

const { redirect, retry, dump, cache, decompress, responseError } = interceptors
const key = (): string => `${performance.now()}${Math.random()}`

const composed: readonly [string, Dispatcher.DispatcherComposeInterceptor, string, () => object][] = [
  ['redirect', redirect({ maxRedirections: 3 }), '/redirect', () => ({})],
  ['decompress', decompress(), '/gzip', () => ({})],
  ['retry of a status', retry({ minTimeout: 1, maxRetries: 5 }), '/flaky', () => ({ 'x-key': key() })],
  ['retry of a lost connection', retry({ minTimeout: 1 }), '/breaks-once', () => ({ 'x-key': key() })],
  ['responseError', responseError(), '/fail', () => ({})],
  ['dump', dump({ maxSize: 4096 }), '/large', () => ({ 'x-size': '1000' })],
  ['dump of too much', dump({ maxSize: 1024 }), '/large', () => ({ 'x-size': '100000' })]
]

for (const [name, interceptor, path, headers] of composed) {
  same(`the interceptor ${name} works over the mesh`, sides, side => {
    const dispatcher = side.dispatcher.compose(interceptor)
    return outcome(ask({ ...side, dispatcher }, path, { headers: headers() as Record<string, string> }))
  })
}

same('the interceptor cache works over the mesh', sides, async side => {
  const dispatcher = side.dispatcher.compose(cache())
  const headers = { 'x-key': key() }
  const texts: string[] = []
  for (let i = 0; i < 3; i++) {
    const { body } = await request(`${side.origin}/cached`, { dispatcher, headers })
    texts.push(await body.text())
  }
  return texts
})

test('interceptors below the mesh see what is not for it, and nothing else', async () => {
  const { mesh, socket } = both
  const seen: string[] = []
  const watched = socket.dispatcher.compose(dispatch => (options, handler) => {
    seen.push(String(options.origin))
    return dispatch(options, handler)
  })
  const { MeshDispatcher } = await import('../../src/client/dispatcher.ts')
  const over = new MeshDispatcher({
    ...({ client: null } as unknown as { client: never }),
    domain: '.heddle.local',
    timeoutMs: 0,
    next: () => watched as never
  })
  await ask({ ...socket, dispatcher: over as unknown as Dispatcher }, '/')
  await ask(mesh, '/')
  assert.deepEqual(seen, [socket.origin])
})

test('a body may be sent again by an interceptor of undici 7', async () => {
  const { mesh } = both as { mesh: Side }
  const { statusCode, body } = await request7(`${mesh.origin}/echo`, {
    dispatcher: mesh.dispatcher7 as never,
    method: 'POST',
    body: Readable.from(['from ', 'seven'])
  })
  assert.deepEqual([statusCode, await body.text()], [200, 'from seven'])
})
