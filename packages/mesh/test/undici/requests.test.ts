/**
 * What applications see of requests undici sends: bodies, headers and paths of every kind, each beside a
 * socket. More of where thread interceptors have differed from HTTP; see `differences.test.ts`.
 */
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { before, test } from 'node:test'

import { FormData as UndiciFormData, request, type Dispatcher } from 'undici'

import { ask } from './asking.ts'
import { same, start, type Both } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
const undo = undoing()
const sides = (): Both => both

before(async () => {
  both = await start(undo, '../undici/answering.ts')
})

const bodies: readonly [string, () => unknown][] = [
  ['FormData', () => formOf('value')],
  ['a Blob', () => new Blob(['blob'], { type: 'text/x-test' })],
  ['an ArrayBuffer', () => new TextEncoder().encode('buffer').buffer],
  ['a Uint16Array', () => new Uint16Array([0x6261, 0x6463])],
  ['a DataView', () => new DataView(new TextEncoder().encode('a view').buffer, 2)],
  ['a generator', () => pieces()],
  ['an iterable', () => ['three', 'four']],
  ['a stream', () => Readable.from(['one', 'two'])],
  ['an empty string', () => ''],
  ['an empty Buffer', () => Buffer.alloc(0)],
  ['nothing', () => null]
]

function formOf(value: string): UndiciFormData {
  const form = new UndiciFormData()
  form.append('field', value)
  return form
}

async function* pieces(): AsyncGenerator<Buffer> {
  for (const piece of ['gene', 'rated']) yield Buffer.from(piece)
}

for (const [name, make] of bodies) {
  for (const method of ['POST', 'DELETE', 'PUT'] as const) {
    same(`${name} is sent with ${method}`, sides, async side => {
      const body = make() as Dispatcher.DispatchOptions['body']
      const told = (await ask(side, '/echo', { method, body: body ?? null })) as {
        text: string
        headers: object
      }
      // Every form has a boundary of its own, of a length of its own.
      const boundary = /^--(\S+)\r/.exec(told.text)?.[1]
      if (boundary === undefined) return told
      return told.text.replaceAll(boundary, 'boundary')
    })
  }
}

const headers: readonly [string, () => unknown][] = [
  ['a flat array', () => ['X-Flat', 'one', 'X-Flat', 'two', 'x-list', ['1', '2']]],
  [
    'a Map',
    () =>
      new Map([
        ['X-Map', 'one'],
        ['x-other', 'two']
      ])
  ],
  ['an iterable', () => Object.entries({ 'X-Pairs': 'one', 'x-list': ['1', '2'] }).values()],
  ['an object', () => ({ 'X-Object': 'one', 'x-list': ['1', '2'], 'x-number': 3, 'x-nothing': undefined })]
]

for (const [name, make] of headers) {
  same(`headers can be ${name}`, sides, async side => {
    const { text } = (await ask(side, '/headers', { headers: make() as string[] })) as { text: string }
    const [, , ...others] = JSON.parse(text) as string[]
    return others.filter((part, at) => !/^connection$/i.test(others[at - (at % 2)] ?? part))
  })
}

same('the origin of a request can be a URL, and requests a method of the dispatcher', sides, async side => {
  const { headers: got, body } = await side.dispatcher.request({
    origin: new URL(side.origin),
    path: '/echo?a',
    method: 'GET'
  })
  await body.dump()
  return got['x-url']
})

for (const path of [
  '//double//slash',
  '/a/../b',
  '/{a}^"|`',
  '/%7e%zz',
  '/x?',
  '/a?b?c',
  '/;a=b',
  '/ü',
  '/a\\b'
]) {
  same(`the path ${path} arrives as it is`, sides, async side => {
    const options = { origin: side.origin, path, method: 'GET', dispatcher: side.dispatcher }
    const { headers: got, body } = await request(options as unknown as string)
    await body.dump()
    return got['x-url']
  })
}

for (const query of [{ a: 1, b: ['x', 'y z'] }, { u: 'ü&=', n: null, t: true }, {}]) {
  same(`the query ${JSON.stringify(query)} is written as undici writes it`, sides, async side => {
    const { headers: got } = (await ask(side, '/echo', { query })) as { headers: { 'x-url': string } }
    return got['x-url']
  })
}

const answers: readonly (readonly [string, readonly unknown[]])[] = [
  ['/echo', [200, 'a long way']],
  ['/early', [413, 'too much']],
  ['/message', [299, 'message']]
]

for (const [next, expected] of answers) {
  same(`a request can be the body of another, to ${next}`, sides, async side => {
    const headersOf = { 'x-next': `${side.origin}${next}` }
    const body = Readable.from(['a long ', 'way'])
    const { statusCode, text } = (await ask(side, '/proxy', {
      method: 'POST',
      body,
      headers: headersOf
    })) as {
      statusCode: number
      text: string
    }
    return [statusCode, text]
  })

  // Over a socket an early answer races with the upload it cuts off, and sometimes waits for a time-out.
  test(`a request that goes on can be the body of another, to ${next}`, async () => {
    const side = sides().mesh
    const body = new PassThrough()
    body.write('a long ')
    const dispatcher = side.dispatcher
    const answered = request(`${side.origin}/proxy`, {
      dispatcher,
      method: 'POST',
      body,
      headers: { 'x-next': `${side.origin}${next}` }
    })
    if (next === '/echo') body.end('way')
    const { statusCode, body: answer } = await answered
    const text = await answer.text()
    assert.deepEqual([statusCode, text], expected)
    assert.ok(next === '/echo' || body.destroyed)
  })
}
