/**
 * What the request parser refuses and what it takes, as tables. Pure; no sockets.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { RequestLimits } from '../../src/http1/request-head.ts'
import { headOf, parse, refusalOf } from './request-script.ts'

const chunked = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
const withLine = (line: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`
const withHost = (value: string): string => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`
const firstLine = (line: string): string => `${line}\r\nHost: a\r\n\r\n`

const refused: readonly (readonly [string, number, string, Partial<RequestLimits>?])[] = [
  [
    'Content-Length before Transfer-Encoding',
    400,
    withLine('Content-Length: 3\r\nTransfer-Encoding: chunked')
  ],
  [
    'Transfer-Encoding before Content-Length',
    400,
    withLine('Transfer-Encoding: chunked\r\nContent-Length: 3')
  ],
  ['two different lengths', 400, withLine('Content-Length: 3\r\nContent-Length: 4')],
  ['two equal lengths', 400, withLine('Content-Length: 3\r\nContent-Length: 3')],
  ['a list of lengths', 400, withLine('Content-Length: 3, 3')],
  ['a length with a plus', 400, withLine('Content-Length: +3')],
  ['a negative length', 400, withLine('Content-Length: -3')],
  ['a hexadecimal length', 400, withLine('Content-Length: 0x3')],
  ['a length with a fraction', 400, withLine('Content-Length: 3.0')],
  ['a length with an exponent', 400, withLine('Content-Length: 3e0')],
  ['an empty length', 400, withLine('Content-Length:')],
  ['a length of two words', 400, withLine('Content-Length: 3 4')],
  ['a length beyond exact integers', 400, withLine('Content-Length: 9999999999999999')],
  ['two Transfer-Encoding lines', 400, withLine('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
  ['Transfer-Encoding with HTTP/1.0', 400, 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an unknown coding', 501, withLine('Transfer-Encoding: gzip')],
  ['a coding before chunked', 501, withLine('Transfer-Encoding: gzip, chunked')],
  ['chunked twice', 501, withLine('Transfer-Encoding: chunked, chunked')],
  ['an empty coding', 501, withLine('Transfer-Encoding:')],
  ['the coding identity', 501, withLine('Transfer-Encoding: identity')],
  ['a coding that only resembles chunked', 501, withLine('Transfer-Encoding: xchunked')],
  ['chunked with a parameter', 501, withLine('Transfer-Encoding: chunked;q=1')],
  ['a folded line', 400, withLine('X-A: 1\r\n 2')],
  ['a folded line after a tab', 400, withLine('X-A: 1\r\n\tb: 2')],
  ['a folded first line', 400, 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a space before the colon', 400, withLine('X-A : 1')],
  ['a space before the colon of a length', 400, withLine('Content-Length : 3')],
  ['a tab before the colon', 400, withLine('X-A\t: 1')],
  ['a space inside a name', 400, withLine('X A: 1')],
  ['a line without a colon', 400, withLine('X-A')],
  ['an empty name', 400, withLine(': 1')],
  ['a name with a separator', 400, withLine('X(A): 1')],
  ['a name beyond ASCII', 400, withLine('X-\xe9: 1')],
  ['NUL in a value', 400, withLine('X-A: a\0b')],
  ['a control character in a value', 400, withLine('X-A: a\x01b')],
  ['a vertical tab in a coding', 400, withLine('Transfer-Encoding: \x0bchunked')],
  ['DEL in a value', 400, withLine('X-A: a\x7fb')],
  ['NUL in a name', 400, withLine('X\0A: 1')],
  ['NUL in the target', 400, firstLine('GET /\0 HTTP/1.1')],
  ['a bare LF between lines', 400, 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF in a value', 400, withLine('X-A: 1\nX-B: 2')],
  ['a bare CR in a value', 400, withLine('X-A: 1\rX-B: 2')],
  ['only LFs', 400, 'GET / HTTP/1.1\nHost: a\n\n'],
  ['an LF at once', 400, '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['a Host with a space', 400, withHost('a b')],
  ['a Host with a path', 400, withHost('a/b')],
  ['a Host with a user', 400, withHost('u@a')],
  ['two hosts in one Host', 400, withHost('a:80:90')],
  ['a Host with a port in letters', 400, withHost('a:http')],
  ['a Host with a port too long', 400, withHost('a:123456')],
  ['a Host with an open bracket', 400, withHost('[::1')],
  ['a Host with a backslash', 400, withHost('a\\b')],
  ['a Host beyond ASCII', 400, withHost('\xe9')],
  ['no target', 400, firstLine('GET HTTP/1.1')],
  ['two spaces before the target', 400, firstLine('GET  / HTTP/1.1')],
  ['two spaces before the version', 400, firstLine('GET /  HTTP/1.1')],
  ['a space in the target', 400, firstLine('GET /a b HTTP/1.1')],
  ['a tab between method and target', 400, firstLine('GET\t/ HTTP/1.1')],
  ['a space before the method', 400, firstLine(' GET / HTTP/1.1')],
  ['a method with a separator', 400, firstLine('G(ET / HTTP/1.1')],
  ['a version in lower case', 400, firstLine('GET / http/1.1')],
  ['a version of two digits', 400, firstLine('GET / HTTP/1.10')],
  ['no version', 400, firstLine('GET /')],
  ['another protocol', 400, firstLine('GET / ICE/1.1')],
  ['a space after the version', 400, firstLine('GET / HTTP/1.1 ')],
  ['HTTP/2.0', 505, firstLine('GET / HTTP/2.0')],
  ['the preface of HTTP/2', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/1.2', 505, firstLine('GET / HTTP/1.2')],
  ['HTTP/0.9', 505, firstLine('GET / HTTP/0.9')],
  ['the start of a TLS handshake', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['CONNECT', 501, firstLine('CONNECT a:443 HTTP/1.1')],
  ['a relative target', 400, firstLine('GET index.html HTTP/1.1')],
  ['an asterisk for GET', 400, firstLine('GET * HTTP/1.1')],
  ['another scheme', 400, firstLine('GET ftp://a/ HTTP/1.1')],
  ['an absolute target without a host', 400, firstLine('GET http:///x HTTP/1.1')],
  ['an absolute target with a user', 400, firstLine('GET http://user@a/ HTTP/1.1')],
  ['an absolute target whose host is none', 400, firstLine('GET http://a"b/ HTTP/1.1')],
  ['a chunk size in other letters', 400, chunked('xyz\r\n')],
  ['an empty chunk size', 400, chunked('\r\n')],
  ['a negative chunk size', 400, chunked('-1\r\n')],
  ['a chunk size with a plus', 400, chunked('+1\r\na\r\n0\r\n\r\n')],
  ['a chunk size with 0x', 400, chunked('0x1\r\na\r\n0\r\n\r\n')],
  ['a space before a chunk size', 400, chunked(' 1\r\na\r\n0\r\n\r\n')],
  ['a chunk size beyond 48 bits', 400, chunked('fffffffffffff\r\n')],
  ['a chunk size that would wrap around', 400, chunked('10000000000000001\r\na\r\n0\r\n\r\n')],
  ['a bare LF after a chunk size', 400, chunked('1\na\r\n0\r\n\r\n')],
  ['a bare LF in a chunk extension', 400, chunked('1;a\nb\r\na\r\n0\r\n\r\n')],
  ['a chunk longer than its size', 400, chunked('1\r\nab\r\n0\r\n\r\n')],
  ['a chunk ended by a bare LF', 400, chunked('1\r\na\n0\r\n\r\n')],
  ['a chunk without an end', 400, chunked('1\r\na0\r\n\r\n')],
  ['a chunk line without end', 400, chunked(`1;${'x'.repeat(300)}`)],
  ['a chunk line that is too long', 400, chunked(`1;${'x'.repeat(300)}\r\na\r\n0\r\n\r\n`)],
  ['a malformed trailer', 400, chunked('0\r\nX A: 1\r\n\r\n')],
  ['a trailer without a colon', 400, chunked('0\r\nX-A\r\n\r\n')],
  ['a folded trailer', 400, chunked('0\r\nX-A: 1\r\n 2\r\n\r\n')],
  ['NUL in a trailer', 400, chunked('0\r\nX-A: \0\r\n\r\n')],
  ['a trailer section that is too large', 431, chunked(`0\r\nX-A: ${'x'.repeat(5000)}\r\n\r\n`)],
  ['too many header lines', 431, withLine(Array.from({ length: 20 }, () => 'X-A: 1').join('\r\n'))],
  ['a head that is too large', 431, withLine(`X-A: ${'x'.repeat(5000)}`)],
  ['a head that is too large and goes on', 431, `GET / HTTP/1.1\r\nX-A: ${'x'.repeat(5000)}`],
  ['a target that is too long', 414, firstLine(`GET /${'x'.repeat(1100)} HTTP/1.1`)],
  ['a target too long for the head', 414, firstLine(`GET /${'x'.repeat(9000)} HTTP/1.1`)],
  ['a target that goes on and on', 414, `GET /${'x'.repeat(9000)}`],
  ['a body length beyond the limit', 413, withLine('Content-Length: 10001')],
  ['chunks beyond the limit', 413, chunked('2710\r\n' + 'x'.repeat(10_000) + '\r\n1\r\n')],
  ['one chunk beyond the limit', 413, chunked('2711\r\n')]
]

describe('RequestParser refuses', () => {
  for (const [what, status, text, given] of refused) {
    test(`${what} with ${status}`, () => assert.equal(refusalOf(text, given), status))
  }
})

const accepted: readonly (readonly [string, string, Partial<ReturnType<typeof headOf>>])[] = [
  [
    'an absolute target',
    'GET http://a.example:80/x?y HTTP/1.1\r\nHost: b\r\n\r\n',
    { target: '/x?y', host: 'a.example:80', block: 'Host: a.example:80\r\n' }
  ],
  [
    'an absolute target without Host',
    'GET http://a.example/x HTTP/1.0\r\nX-A: b\r\n\r\n',
    { target: '/x', host: 'a.example', block: 'X-A: b\r\nHost: a.example\r\n' }
  ],
  ['an asterisk for OPTIONS', firstLine('OPTIONS * HTTP/1.1'), { method: 'OPTIONS', target: '*' }],
  ['an extension method', firstLine('M-SEARCH / HTTP/1.1'), { method: 'M-SEARCH' }],
  ['an empty value', withLine('X-A:'), { block: 'Host: a\r\nX-A: \r\n' }],
  ['tabs and spaces around a value', withLine('X-A: \t b\tc \t'), { block: 'Host: a\r\nX-A: b\tc\r\n' }],
  ['no space after the colon', withLine('X-A:b'), { block: 'Host: a\r\nX-A: b\r\n' }],
  ['values beyond ASCII', withLine('X-A: \xe9\xff'), { block: 'Host: a\r\nX-A: \xe9\xff\r\n' }],
  ['names in any case', withLine('x-LOUD: 1'), { block: 'Host: a\r\nx-LOUD: 1\r\n' }],
  ['an empty Host', withHost(''), { host: '' }],
  ['a Host that is an IPv6 address', withHost('[::1]:80'), { host: '[::1]:80' }],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', { minor: 0, host: '', keepAlive: false }],
  ['HTTP/1.0 that stays', 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', { keepAlive: true }],
  ['empty lines before a request', `\r\n\r\n${withHost('a')}`, { host: 'a', keepAlive: true }],
  ['Connection: close in any case', withLine('Connection: foo, CLOSE'), { keepAlive: false }],
  ['two Connection lines', withLine('Connection: foo\r\nConnection: close'), { keepAlive: false }],
  ['a length of zero', withLine('Content-Length: 0'), { contentLength: 0 }],
  ['a length with zeros before it', withLine('Content-Length: 007'), { contentLength: 7 }],
  ['chunked in any case', withLine('Transfer-Encoding: Chunked'), { contentLength: -1 }],
  ['an expectation', withLine('Content-Length: 1\r\nExpect: 100-Continue'), { expectContinue: true }],
  [
    'no expectation from HTTP/1.0',
    'GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n',
    { expectContinue: false }
  ],
  ['an upgrade', withLine('Connection: Upgrade\r\nUpgrade: websocket'), { upgrade: 'websocket' }],
  ['an upgrade the connection does not name', withLine('Upgrade: websocket'), { upgrade: null }],
  [
    'what it was forwarded with',
    withLine(
      'X-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\nX-Request-Id: id'
    ),
    {
      block: 'Host: a\r\n',
      forwardedFor: '1, 2',
      forwardedProto: 'https',
      forwardedHost: 'h',
      requestId: 'id'
    }
  ],
  [
    'HTTP/1.0 that says both',
    'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n',
    { keepAlive: false }
  ],
  [
    'headers that Connection names, without them',
    withLine('Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Stay: 1'),
    { block: 'Host: a\r\nX-Stay: 1\r\n' }
  ],
  [
    'a Connection that names Host and cookies, with them',
    withLine('Connection: Host, Cookie\r\nCookie: a'),
    { block: 'Host: a\r\nCookie: a\r\n' }
  ]
]

describe('RequestParser takes', () => {
  for (const [what, text, expected] of accepted) {
    test(what, () => assert.partialDeepStrictEqual(headOf(text), expected))
  }
})

test('RequestParser reads chunks with extensions and keeps allowed trailers', () => {
  const events = parse([
    chunked(
      '5;name=value\r\nhello\r\n006 ; x="y"\r\n world\r\n0;last\r\nX-A: 1\r\nHost: evil\r\nx-b:\r\n\r\n'
    )
  ])
  assert.deepEqual(events.slice(1), [
    { type: 'body', text: 'hello world' },
    { type: 'complete', trailers: 'X-A: 1\r\nx-b: \r\n' }
  ])
})

test('RequestParser takes a body and a head of exactly the limits', () => {
  assert.equal(refusalOf(withLine('Content-Length: 10000')), null)
  assert.equal(refusalOf(chunked(`2710\r\n${'x'.repeat(10_000)}\r\n0\r\n\r\n`)), null)
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nX-A: '
  assert.equal(refusalOf(`${head}${'x'.repeat(4096 - head.length)}\r\n\r\n`), null)
  assert.equal(refusalOf(firstLine(`GET /${'x'.repeat(1023)} HTTP/1.1`)), null)
  assert.equal(refusalOf(withLine(Array.from({ length: 19 }, () => 'X-A: 1').join('\r\n'))), null)
})

test('RequestParser takes a body of any size when maxBodySize is 0', () => {
  assert.equal(refusalOf(withLine('Content-Length: 999999999999'), { maxBodySize: 0 }), null)
  assert.equal(refusalOf(chunked(`2711\r\n${'x'.repeat(10_001)}\r\n0\r\n\r\n`), { maxBodySize: 0 }), null)
})

test('RequestParser says nothing more after a refusal', () => {
  for (const [what, , text, given] of refused) {
    const events = parse([text, withHost('behind'), withHost('behind')], given)
    const at = events.findIndex(({ type }) => type === 'refusal')
    assert.equal(at, events.length - 1, what)
  }
})

test('RequestParser reads one request at a time', () => {
  const events = parse([withHost('a') + withHost('b') + chunked('0\r\n\r\n') + withHost('c')])
  const hosts = events.flatMap(event => (event.type === 'request' ? [event.head.host] : [event.type]))
  assert.deepEqual(hosts, ['a', 'complete', 'b', 'complete', 'a', 'complete', 'c', 'complete'])
})
