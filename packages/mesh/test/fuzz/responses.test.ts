/**
 * Whatever head and body an application sends, what a connection that stays open carries is one response
 * and nothing else: read by the letter of RFC 9112, section 6.3, no byte of it can be taken for the next.
 * `HEDDLE_FUZZ_SEED=<seed>` runs one seed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ClientSocket } from '../../src/http1/client-socket.ts'
import { ResponseWriter } from '../../src/http1/response-writer.ts'
import { LATIN1, MORE, NO_BODY, UTF8 } from '../../src/wire/frames.ts'
import { randomFrom } from '../fixtures/random.ts'

const alone = process.env['HEDDLE_FUZZ_SEED']

const lines = [
  'Content-Length: 4',
  'Content-Length: 0',
  'content-length: 04',
  'Content-Length: 9',
  'Content-Length: -1',
  'Content-Length: 4, 4',
  'Content-Length: 99999999999999999999',
  'CONTENT-LENGTH: abc',
  'Transfer-Encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: content-length',
  'Keep-Alive: timeout=5',
  'Upgrade: websocket',
  'Trailer: x',
  'X-Other: HTTP/1.1 200 OK',
  '__proto__: x'
]

interface Written {
  readonly text: string
  readonly keepAlive: boolean
  readonly broken: boolean
}

interface Case {
  readonly method: string
  readonly minor: number
  readonly status: number
  readonly block: string
  readonly first: string | null
  readonly rest: readonly string[] | null
}

function caseOf(random: () => number): Case {
  const pick = <Value>(list: readonly Value[]): Value => list[Math.floor(random() * list.length)] as Value
  const count = Math.floor(random() * 5)
  return {
    method: pick(['GET', 'HEAD', 'POST']),
    minor: random() < 0.8 ? 1 : 0,
    status: pick([200, 200, 204, 304, 404]),
    block: Array.from({ length: count }, () => `${pick(lines)}\r\n`).join(''),
    first: pick([null, '', 'body', 'b\u00f6dy', 'HTTP/1.1 200 OK\r\n\r\n']),
    rest: pick([null, [], ['body'], ['bo', 'dy'], ['\u2603']])
  }
}

function write({ method, minor, status, block, first, rest }: Case): Written {
  let text = ''
  const socket = {
    write: (data: string | Uint8Array, encoding?: BufferEncoding) => {
      text += Buffer.from(data as string, encoding).toString('latin1')
      return true
    },
    cork: () => {},
    uncork: () => {}
  }
  const writer = new ResponseWriter(socket as unknown as ClientSocket)
  const flags = (first === null ? NO_BODY : UTF8) | (rest === null ? 0 : MORE)
  try {
    const head = { status, message: 'Message', block, flags, body: first }
    const keepAlive = writer.writeHead(head, { method, minor, keepAlive: true })
    for (const piece of rest ?? []) writer.writeBody(piece === '\u2603' ? UTF8 : LATIN1, piece)
    const broken = writer.end(rest === null ? '' : 'X-Trailer: yes\r\n') === 'short'
    return { text, keepAlive, broken }
  } catch {
    return { text, keepAlive: false, broken: true }
  }
}

/** What is left of a text once one response has been read from it. */
function afterResponse(text: string, { method, status }: Case): string {
  const end = text.indexOf('\r\n\r\n')
  assert.notEqual(end, -1)
  const head = text.slice(0, end).split('\r\n').slice(1)
  const values = (name: string): string[] =>
    head.filter(line => line.toLowerCase().startsWith(`${name}: `)).map(line => line.slice(name.length + 2))
  const [lengths, codings] = [values('content-length'), values('transfer-encoding')]
  assert.ok(lengths.length + codings.length <= 1, `lengths ${lengths.join()}, codings ${codings.join()}`)
  const rest = text.slice(end + 4)
  if (method === 'HEAD' || status === 204 || status === 304) return rest
  if (codings.length === 0) {
    assert.match(lengths[0] ?? '', /^\d+$/)
    const length = Number(lengths[0])
    assert.ok(rest.length >= length, 'the body is short')
    return rest.slice(length)
  }
  assert.deepEqual(codings, ['chunked'])
  return afterChunks(rest)
}

function afterChunks(text: string): string {
  let at = 0
  for (;;) {
    const [, size = ''] = /^([\da-f]+)\r\n/.exec(text.slice(at)) ?? []
    const length = Number.parseInt(size, 16)
    assert.ok(length >= 0, 'no chunk')
    at += size.length + 2
    if (length === 0) break
    at += length + 2
    assert.equal(text.slice(at - 2, at), '\r\n')
  }
  const end = text.indexOf('\r\n\r\n', at - 2)
  return text.slice(end + 4)
}

test('a connection that stays open carries whole responses, whatever heads applications send', () => {
  const [first, last] = alone === undefined ? [1, 20_000] : [Number(alone), Number(alone)]
  for (let seed = first; seed <= last; seed++) {
    const tried = caseOf(randomFrom(seed))
    const { text, keepAlive, broken } = write(tried)
    if (!keepAlive || broken) continue
    try {
      assert.equal(afterResponse(text, tried), '')
    } catch (error) {
      throw new Error(`HEDDLE_FUZZ_SEED=${seed} failed: ${JSON.stringify({ tried, text })}`, { cause: error })
    }
  }
})
