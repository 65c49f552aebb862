/** Which files an application writes itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SelfWritten } from '../../../src/main/dev/self-written.ts'

/** What is said of a file that changes in the middle of so many starts in a row. */
function starts(written: SelfWritten, count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    written.begin('api')
    const verdict = written.judge('api', '/db.json', 0)
    written.end('api', 0)
    return verdict
  })
}

test('SelfWritten takes a file that changes at each start for one of the application, and tells it once', () => {
  const written = new SelfWritten()
  assert.deepEqual(starts(written, 7), ['meant', 'meant', 'meant', 'meant', 'known-now', 'known', 'known'])
  assert.equal(written.judge('api', '/db.json', 100), 'known', 'shortly after the start')
  assert.equal(written.judge('api', '/other.json', 100), 'meant')
  assert.equal(written.judge('web', '/db.json', 100), 'meant', 'of another application')
})

test('SelfWritten believes whoever changes it later, and knows at once what the start for it writes', () => {
  const written = new SelfWritten()
  starts(written, 6)
  assert.equal(written.judge('api', '/db.json', 10_000), 'meant')
  assert.deepEqual(starts(written, 2), ['known', 'known'])
})

test('SelfWritten leaves out for good what changes in each start it has caused, as a log somebody keeps', () => {
  const written = new SelfWritten()
  starts(written, 5)
  const verdicts = Array.from({ length: 5 }, (_, time) => [
    written.judge('api', '/db.json', 10_000 + time),
    ...starts(written, 1)
  ])
  assert.deepEqual(verdicts, [
    ['meant', 'known'],
    ['meant', 'known'],
    ['meant', 'left-out'],
    ['known', 'known'],
    ['known', 'known']
  ])
})

test('SelfWritten goes on believing of a file that the start for it does not write', () => {
  const written = new SelfWritten()
  starts(written, 5)
  for (let time = 1; time < 9; time++) {
    assert.equal(written.judge('api', '/db.json', time * 10_000), 'meant')
    written.begin('api')
    written.end('api', time * 10_000 + 1)
  }
})

test('SelfWritten counts a file once for each start, and only those in a row', () => {
  const written = new SelfWritten()
  written.begin('api')
  for (let time = 0; time < 20; time++) assert.equal(written.judge('api', '/db.json', time), 'meant')
  written.end('api', 20)
  starts(written, 3)
  written.begin('api')
  written.end('api', 0)
  assert.deepEqual(starts(written, 4), ['meant', 'meant', 'meant', 'meant'])
})
