/** Everything that can be a request body, as a table. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { FormData as UndiciFormData } from 'undici'

import { classifyBody, pieceOf } from '../../src/client/request-body.ts'

const bytes = new Uint8Array([1, 2, 3, 4])

const atOnce: readonly [string, unknown, number | null][] = [
  ['nothing', undefined, null],
  ['null', null, null],
  ['a string', 'grün', 5],
  ['an empty string', '', 0],
  ['a Buffer', Buffer.from('abc'), 3],
  ['a Uint8Array', bytes, 4],
  ['a Uint16Array', new Uint16Array(3), 6],
  ['a DataView', new DataView(bytes.buffer, 1, 2), 2],
  ['an ArrayBuffer', bytes.buffer, 4],
  ['a SharedArrayBuffer', new SharedArrayBuffer(5), 5]
]

for (const [name, body, length] of atOnce) {
  test(`classifyBody() sends ${name} at once`, () => {
    const classified = classifyBody(body)
    assert.equal(classified.stream, null)
    assert.equal(classified.length, length)
    assert.equal(classified.contentType, null)
    if (classified.content instanceof Uint8Array) assert.equal(classified.content.byteLength, length)
  })
}

test('classifyBody() takes the part of a buffer that a view shows', () => {
  const { content } = classifyBody(new DataView(bytes.buffer, 1, 2))
  assert.deepEqual([...(content as Uint8Array)], [2, 3])
})

test('classifyBody() streams a Blob with its length and type', async () => {
  const body = classifyBody(new Blob(['hello'], { type: 'text/x-test' }))
  assert.deepEqual([body.content, body.length, body.contentType], [null, 5, 'text/x-test'])
  assert.equal(await text(body.stream as AsyncIterable<Uint8Array>), 'hello')
})

test('classifyBody() says nothing of the type of a Blob without one', () => {
  assert.equal(classifyBody(new Blob(['x'])).contentType, null)
})

test('classifyBody() encodes URLSearchParams', () => {
  const body = classifyBody(new URLSearchParams({ a: '1', b: 'ü' }))
  assert.match(body.contentType ?? '', /^application\/x-www-form-urlencoded/)
  assert.deepEqual([body.content, body.stream, body.length], ['a=1&b=%C3%BC', null, 12])
})

const boundary = (header: string): string => header.slice(header.indexOf('boundary=') + 9)

const forms: readonly [string, readonly [string, string | File][]][] = [
  [
    'fields',
    [
      ['field', 'value'],
      ['field', 'again'],
      ['grün "x"\r\ny', 'a\nb\rc\r\nd']
    ]
  ],
  ['nothing', []],
  [
    'files',
    [
      ['a', 'before'],
      ['file', new File(['content'], 'naïve "name".txt', { type: 'text/x-test' })],
      ['empty', new File([], '')],
      ['z', 'after']
    ]
  ]
]

for (const [name, entries] of forms) {
  for (const [maker, Form] of [
    ['the platform', FormData],
    ['the undici package', UndiciFormData]
  ] as const) {
    test(`classifyBody() encodes a form of ${maker} with ${name} as the platform does`, async () => {
      const form = new Form()
      for (const [field, value] of entries) form.append(field, value as string)
      const body = classifyBody(form)
      const type = body.contentType ?? ''
      const mine = body.content ?? (await text(body.stream as AsyncIterable<Uint8Array>))
      assert.equal(body.length, Buffer.byteLength(mine as string))
      const platform = new FormData()
      for (const [field, value] of entries) platform.append(field, value)
      const response = new Response(platform)
      const theirs = boundary(response.headers.get('content-type') ?? '')
      assert.equal(
        (mine as string).replaceAll(boundary(type), theirs),
        (await response.text()).replace(/\r\n$/, '\r\n')
      )
    })
  }
}

test('classifyBody() takes a stream of the form-data package for a stream', () => {
  const old = Object.assign(new EventEmitter(), { pipe: () => undefined, [Symbol.toStringTag]: 'FormData' })
  assert.equal(classifyBody(old).stream, old)
})

async function* generate(): AsyncGenerator<string> {
  yield* ['a', 'b']
}

test('classifyBody() streams what can be iterated', async () => {
  for (const source of [Readable.from(['a', 'b']), ['a', 'b'], generate(), new Response('ab').body]) {
    const { stream, length, contentType } = classifyBody(source)
    assert.deepEqual([length, contentType], [null, null])
    const pieces: Buffer[] = []
    for await (const piece of stream ?? []) pieces.push(Buffer.from(pieceOf(piece)))
    assert.equal(Buffer.concat(pieces).toString(), 'ab')
  }
})

for (const [name, body] of Object.entries({
  number: 42,
  boolean: true,
  object: {},
  symbol: Symbol('x'),
  function: () => 'x'
})) {
  test(`classifyBody() refuses a ${name}`, () => {
    assert.throws(() => classifyBody(body), { code: 'MESH_INVALID_REQUEST' })
  })
}

test('pieceOf() refuses what is no piece of a body, and names its type', () => {
  for (const piece of [42, {}, null]) assert.throws(() => pieceOf(piece), { code: 'MESH_INVALID_REQUEST' })
  assert.throws(() => pieceOf(42), /number/)
})
