/**
 * What must hold for every byte stream: how it is cut into pieces changes nothing, and nothing a client
 * sends makes the parser throw. Pure; random but seeded, so that a failure can be repeated.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { randomFrom } from '../fixtures/random.ts'
import { limits, parse } from './request-script.ts'

const streams: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\r\nGET /a?b=c HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /y HTTP/1.0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;ext="q"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\nGET /after HTTP/1.1\r\nHost: b\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00raw bytes'
]

test('RequestParser says the same for every cut of a stream in two', () => {
  for (const stream of streams) {
    const whole = parse([stream])
    for (let at = 1; at < stream.length; at++) {
      assert.deepEqual(parse([stream.slice(0, at), stream.slice(at)]), whole, `cut at ${at} of ${stream}`)
    }
  }
})

test('RequestParser keeps to its limits exactly, however the stream is cut', () => {
  const open = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'
  const room = limits.maxHeaderSize
  const atLimit = [
    `${open}X-A: ${'x'.repeat(room - open.length - 5)}\r\n\r\n0\r\n\r\n`,
    `${open}\r\n1;${'x'.repeat(254)}\r\na\r\n0\r\n\r\n`,
    `${open}\r\n0\r\nX-A: ${'x'.repeat(room - 5)}\r\n\r\n`
  ]
  for (const stream of atLimit) {
    assert.equal(parse([stream]).at(-1)?.type, 'complete')
    assert.deepEqual(parse(stream), parse([stream]))
    const beyond = stream.replace('xxx', 'xxxx')
    assert.equal(parse([beyond]).at(-1)?.type, 'refusal')
    assert.deepEqual(parse(beyond), parse([beyond]))
  }
})

test('RequestParser says the same when bytes come one by one', () => {
  for (const stream of streams) assert.deepEqual(parse(stream), parse([stream]), stream)
})

test('RequestParser says the same for random cuts', () => {
  const random = randomFrom(7)
  for (let round = 0; round < 300; round++) {
    const stream = streams[Math.trunc(random() * streams.length)] ?? ''
    const pieces: string[] = []
    for (let at = 0; at < stream.length;) {
      const size = 1 + Math.trunc(random() * 12)
      pieces.push(stream.slice(at, at + size))
      at += size
    }
    assert.deepEqual(parse(pieces), parse([stream]), JSON.stringify(pieces))
  }
})

const poison = ['\0', '\r', '\n', ' ', '\t', ':', ',', ';', '0', 'f', '-', '\x7f', '\xff', '\r\n', '\r\n\r\n']
const statuses = new Set([400, 413, 414, 431, 501, 505])

test('RequestParser reports what is wrong with mutated requests and reads on after none', () => {
  for (let seed = 0; seed < 4000; seed++) {
    const random = randomFrom(seed)
    const pick = <T>(of: readonly T[]): T | undefined => of[Math.trunc(random() * of.length)]
    let text = pick(streams) ?? ''
    for (let edits = 1 + Math.trunc(random() * 4); edits > 0; edits--) {
      const at = Math.trunc(random() * text.length)
      const removed = Math.trunc(random() * 3)
      text = text.slice(0, at) + (pick(poison) ?? '') + text.slice(at + removed)
    }
    const cut = Math.trunc(random() * text.length)
    const events = parse([text.slice(0, cut), text.slice(cut)])
    const refusals = events.flatMap((event, at) => (event.type === 'refusal' ? [{ at, event }] : []))
    assert.ok(refusals.length <= 1, `seed ${seed} is refused twice`)
    for (const { at, event } of refusals) {
      assert.equal(at, events.length - 1, `seed ${seed} is read on after its refusal`)
      assert.ok(statuses.has(event.status), `seed ${seed} is refused with ${event.status}`)
    }
    assert.deepEqual(events, parse([text]), `seed ${seed} depends on the cut at ${cut}`)
  }
})
