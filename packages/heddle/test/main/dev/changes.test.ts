/** When changes count: at a pause, or when there is none for too long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Changes } from '../../../src/main/dev/changes.ts'
import { HeldClock } from '../../shared/held-clock.ts'

function gather(): { clock: HeldClock; changes: Changes; told: string[][] } {
  const clock = new HeldClock()
  const told: string[][] = []
  const changes = new Changes(clock, files => told.push(files.map(({ path }) => path)))
  return { clock, changes, told }
}

test('Changes tells each file once, when nothing has changed for a while', async () => {
  const { clock, changes, told } = gather()
  for (const file of ['/a', '/b', '/a']) {
    changes.add([file], ['api'])
    await clock.advance(30)
  }
  assert.deepEqual(told, [])
  await clock.advance(10)
  assert.deepEqual(told, [['/a', '/b']])
  changes.add(['/c'], [])
  await clock.advance(40)
  assert.deepEqual(told, [['/a', '/b'], ['/c']])
})

test('Changes does not wait for ever for a pause', async () => {
  const { clock, changes, told } = gather()
  for (let time = 0; time < 1200; time += 20) {
    changes.add(['/a'], [])
    await clock.advance(20)
  }
  assert.deepEqual(told, [['/a']])
})

test('Changes remembers in whose trees a file was seen, and when it was noticed first', async () => {
  const clock = new HeldClock()
  const found: unknown[] = []
  const changes = new Changes(clock, files => found.push(...files))
  const at = clock.now()
  changes.add(['/a'], ['api'])
  await clock.advance(10)
  changes.add(['/a'], [])
  changes.add(['/a'], [null])
  changes.add([], ['web'])
  await clock.advance(40)
  assert.deepEqual(found, [{ path: '/a', at, trees: new Set(['api', null]) }])
})

test('Changes tells nothing any more once it is closed', async () => {
  const { clock, changes, told } = gather()
  changes.add(['/a'], [])
  changes.close()
  await clock.advance(2000)
  assert.deepEqual(told, [])
})
