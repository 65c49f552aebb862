/** What clients take and send, read from their headers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { accepts, isJson, names } from '../../../src/main/admin/negotiation.ts'

const json = ['application/json']
const either = ['application/json', 'application/x-ndjson']

const accepted: readonly (readonly [
  header: string | undefined,
  types: readonly string[],
  isTaken: boolean
])[] = [
  [undefined, json, true],
  ['', json, true],
  ['*/*', json, true],
  ['application/*', json, true],
  ['application/json', json, true],
  ['Application/JSON; charset=utf-8', json, true],
  ['text/html, application/json;q=0.1', json, true],
  ['text/html', json, false],
  ['text/*', json, false],
  ['application/json;q=0', json, false],
  ['application/json;q=0, */*', json, false],
  ['*/*;q=0', json, false],
  ['text/html, */*;q=0.1', json, true],
  ['application/x-ndjson', either, true],
  [
    'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    ['text/plain; charset=utf-8'],
    true
  ],
  ['text/event-stream', ['text/event-stream'], true],
  [',', json, false]
]

for (const [header, types, isTaken] of accepted) {
  test(`accepts() ${isTaken ? 'takes' : 'does not take'} ${types.join(' or ')} for ${header}`, () => {
    assert.equal(accepts(header, types), isTaken)
  })
}

test('names() wants the media type itself', () => {
  assert.ok(names('application/x-ndjson, application/json', 'application/x-ndjson'))
  assert.ok(!names('*/*', 'application/x-ndjson'))
  assert.ok(!names('application/x-ndjson;q=0', 'application/x-ndjson'))
  assert.ok(!names(undefined, 'application/x-ndjson'))
})

test('isJson() knows JSON by its media type', () => {
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/x+json'
  ]) {
    assert.ok(isJson(type), type)
  }
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'multipart/form-data'
  ]) {
    assert.ok(!isJson(type), type)
  }
})
