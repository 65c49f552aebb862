/** What is kept of a thrown value: of any value, and always something that can be posted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'

import { toErrorFacts } from '../../src/channel/error-facts.ts'

function firstLines(thrown: unknown): readonly (string | undefined)[] {
  const parts = toErrorFacts(thrown).stack?.split('\ncaused by: ') ?? []
  return parts.map(part => part.split('\n', 1)[0])
}

function hostile(): never {
  throw new Error('not to be asked')
}

test('toErrorFacts() takes values that throw when they are looked at', () => {
  const proxy: unknown = new Proxy(
    {},
    { get: hostile, getPrototypeOf: hostile, has: hostile, ownKeys: hostile }
  )
  assert.equal(toErrorFacts(proxy).name, 'NonError')
  const error = new Error('said')
  for (const key of ['name', 'message', 'stack', 'code', 'cause', 'errors']) {
    Object.defineProperty(error, key, { get: hostile })
  }
  assert.deepEqual(toErrorFacts(error), { name: '', message: '', stack: ': ', code: null })
})

test('toErrorFacts() keeps texts alone, whatever an error says', () => {
  const odd = { name: Symbol('name'), message: { reason: () => 1 }, stack: 3 }
  const facts = toErrorFacts(Object.assign(new Error('said'), odd))
  assert.deepEqual(facts.message, '{ reason: [Function: reason] }')
  assert.deepEqual(structuredClone(facts), facts)
})

test('toErrorFacts() takes errors of another context for errors', () => {
  const { name, message } = toErrorFacts(runInNewContext("new TypeError('said')"))
  assert.deepEqual([name, message], ['TypeError', 'said'])
})

test('toErrorFacts() names each cause once, and the errors that one gathers', () => {
  const circle = new Error('first')
  circle.cause = new Error('second', { cause: circle })
  assert.deepEqual(firstLines(circle), ['Error: first', 'Error: second'])
  const gathered = new AggregateError([new Error('one'), new TypeError('two'), 'three'], 'all')
  assert.deepEqual(firstLines(gathered), ['AggregateError: all', 'Error: one', 'TypeError: two'])
  let deep = new Error('0')
  for (let index = 1; index < 100; index++) deep = new Error(String(index), { cause: deep })
  assert.equal(firstLines(deep).length, 6)
})
