/** Responses written on raw sockets: heads and bodies as tables, whole and in the smallest pieces. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RawBody, readRawHead } from '../../src/client/raw-response.ts'

const heads: readonly [string, ReturnType<typeof readRawHead>][] = [
  [
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    { status: 101, message: 'Switching Protocols', block: '', size: 36 }
  ],
  ['HTTP/1.0 200\r\n\r\nrest', { status: 200, message: '', block: '', size: 16 }],
  ['HTTP/1.1 200 \r\n\r\n', { status: 200, message: '', block: '', size: 17 }],
  [
    'HTTP/1.1 401 No\r\nA:b\r\nC:  d \r\nE: f: g\r\n\r\n',
    { status: 401, message: 'No', block: 'A: b\r\nC: d\r\nE: f: g\r\n', size: 41 }
  ],
  ['', 'partial'],
  ['HTTP', 'partial'],
  ['HTTP/1.1 200 OK\r\nA: b\r\n', 'partial'],
  ['SSH-2.0', 'malformed'],
  ['HTTP/2.0 200 OK\r\n\r\n', 'malformed'],
  ['HTTP/1.1 20 OK\r\n\r\n', 'malformed'],
  ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'malformed'],
  ['HTTP/1.1 200 OK\r\n: no name\r\n\r\n', 'malformed']
]

for (const [text, head] of heads) {
  test(`readRawHead() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(readRawHead(Buffer.from(text)), head)
  })
}

const chunked = 'Transfer-Encoding: chunked\r\n'
const bodies: readonly [
  string,
  string,
  string,
  string,
  'complete' | 'until close' | 'open' | 'malformed',
  number?
][] = [
  ['a length', 'Content-Length: 4\r\n', 'bodyrest', 'body', 'complete'],
  ['a length not reached', 'Content-Length: 9\r\n', 'body', 'body', 'open'],
  ['no length at all', 'Content-Length: 0\r\n', 'rest', '', 'complete'],
  ['nothing said', '', 'all of it', 'all of it', 'until close'],
  ['a status without a body', 'Content-Length: 4\r\n', 'body', '', 'complete', 304],
  ['chunks', chunked, '4\r\nbody\r\n3;a=b\r\n all\r\n0\r\n\r\nrest', 'body al', 'malformed'],
  ['good chunks', chunked, '4\r\nbody\r\n3;a=b\r\n al\r\n0\r\n\r\nrest', 'body al', 'complete'],
  ['chunks and trailers', chunked, 'A\r\n0123456789\r\n0\r\nX-T:  t\r\n\r\n', '0123456789', 'complete'],
  ['chunks that stop', chunked, '4\r\nbo', 'bo', 'open'],
  ['no chunk size', chunked, 'body\r\n', '', 'malformed'],
  ['a chunk size too large', chunked, 'fffffffff\r\n', '', 'malformed']
]

function stateOf({ complete, malformed, untilClose }: RawBody): string {
  return complete ? 'complete' : malformed ? 'malformed' : untilClose ? 'until close' : 'open'
}

for (const [name, block, bytes, payload, state, status = 200] of bodies) {
  for (const step of [1, 3, 1000]) {
    test(`RawBody reads ${name} in pieces of ${step}`, () => {
      const body = new RawBody({ block, status })
      const pieces: Buffer[] = []
      for (let at = 0; at < bytes.length; at += step) {
        pieces.push(...body.push(Buffer.from(bytes.slice(at, at + step))))
      }
      assert.deepEqual([Buffer.concat(pieces).toString(), stateOf(body)], [payload, state])
    })
  }
}

test('RawBody keeps trailers as a block', () => {
  const body = new RawBody({ block: chunked, status: 200 })
  body.push(Buffer.from('0\r\nX-T:  t\r\nx-u:v\r\n\r\n'))
  assert.equal(body.trailers, 'X-T: t\r\nx-u: v\r\n')
})
