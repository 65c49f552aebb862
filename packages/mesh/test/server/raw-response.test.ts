/** Responses that applications write to their sockets by themselves, however the bytes come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RawResponse } from '../../src/server/raw-response.ts'

interface Told {
  readonly heads: unknown[]
  body: string
  trailers: string | null
}

/** Feeds a response piece by piece and returns what was told, and the reader. */
function read(pieces: readonly string[], bodiless = false): { told: Told; raw: RawResponse } {
  const told: Told = { heads: [], body: '', trailers: null }
  const raw = new RawResponse(
    {
      onInformation: (status, block) => told.heads.push([status, block]),
      onHead: (status, message, block) => told.heads.push([status, message, block]),
      onBody: bytes => (told.body += bytes),
      onEnd: trailers => {
        assert.equal(told.trailers, null, 'told once')
        told.trailers = trailers
      }
    },
    bodiless
  )
  for (const piece of pieces) raw.push(piece)
  return { told, raw }
}

const responses: readonly { readonly text: string; readonly bodiless?: boolean; readonly told: Told }[] = [
  {
    text: 'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello',
    told: { heads: [[200, 'OK', 'X-A: 1\r\nContent-Length: 5\r\n']], body: 'hello', trailers: '' }
  },
  {
    text: 'HTTP/1.0 404 Not here\r\nContent-Length: 0\r\n\r\n',
    told: { heads: [[404, 'Not here', 'Content-Length: 0\r\n']], body: '', trailers: '' }
  },
  {
    text: 'HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhe\r\nl\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n',
    told: { heads: [[200, '', '']], body: 'he\r\nl!', trailers: 'X-Sum: 6\r\n' }
  },
  {
    text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    told: { heads: [[200, 'OK', '']], body: '', trailers: '' }
  },
  {
    text: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
    told: {
      heads: [
        [103, 'Link: </a>\r\n'],
        [204, 'No Content', '']
      ],
      body: '',
      trailers: ''
    }
  },
  {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n',
    bodiless: true,
    told: { heads: [[200, 'OK', 'Content-Length: 12\r\n']], body: '', trailers: '' }
  }
]

for (const { text, bodiless, told: expected } of responses) {
  test(`a raw response is read whole and byte by byte: ${JSON.stringify(text.slice(0, 50))}`, () => {
    for (const pieces of [[text], text.split('')]) {
      const { told, raw } = read(pieces, bodiless)
      assert.deepEqual(told, expected)
      assert.equal(raw.done, true)
      raw.push('what comes later is dropped')
      assert.equal(raw.broken, false)
      assert.equal(told.body, expected.body)
    }
  })
}

test('a raw response without a length ends with its connection, and says that it does', () => {
  const { told, raw } = read(['HTTP/1.1 200 OK\r\n\r\n', 'one ', 'two'])
  assert.deepEqual(told, { heads: [[200, 'OK', 'Connection: close\r\n']], body: 'one two', trailers: null })
  assert.equal(raw.done, false)
  assert.equal(raw.close(), true)
  assert.equal(told.trailers, '')
})

test('a raw response that is not whole does not end with its connection', () => {
  for (const text of ['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour']) {
    const { told, raw } = read([text])
    assert.equal(raw.close(), false)
    assert.equal(told.trailers, null)
  }
})

test('nothing but whole informational responses leaves the reader fresh', () => {
  assert.equal(read(['HTTP/1.1 100 Continue\r\n\r\n']).raw.fresh, true)
  assert.equal(read(['HTTP/1.1 100 Continue\r\n']).raw.fresh, false)
})

test('bytes that are no response are seen as such', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const none = [
    'I am a teapot\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 600 Beyond\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nb\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n',
    `${chunked}zz\r\n`,
    `${chunked}1\r\nab\r\n`,
    `${chunked}0\r\nbad name: x\r\n\r\n`,
    'x'.repeat(70_000)
  ]
  for (const text of none) assert.equal(read([text]).raw.broken, true, text.slice(0, 60))
})
