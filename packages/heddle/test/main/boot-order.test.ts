/** Table test of the order in which applications start. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bootLevels } from '../../src/main/boot-order.ts'
import { exampleApplication } from './example-config.ts'

function levels(graph: Readonly<Record<string, readonly string[]>>, last: string | null = null): string[] {
  const applications = Object.entries(graph).map(([id, dependencies]) =>
    exampleApplication({ id, dependencies })
  )
  return bootLevels(applications, last).map(level => level.map(({ id }) => id).join(' '))
}

test('bootLevels() starts an application after all that it depends on, and as early as it can', () => {
  assert.deepEqual(levels({ a: [], b: [] }), ['a b'])
  assert.deepEqual(levels({ front: ['api', 'auth'], api: ['db'], auth: [], db: [] }), [
    'auth db',
    'api',
    'front'
  ])
})

test('bootLevels() keeps one application for the end unless another one needs it', () => {
  assert.deepEqual(levels({ front: [], api: [] }, 'front'), ['api', 'front'])
  assert.deepEqual(levels({ front: [], job: ['front'] }, 'front'), ['front', 'job'])
  assert.deepEqual(levels({ front: [] }, 'front'), ['front'])
})
