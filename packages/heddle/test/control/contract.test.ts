/** From method and path to the operation, and back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { operations, pathOf } from '../../src/control/contract.ts'
import type { OperationName } from '../../src/control/contract.ts'
import { matchOperation } from '../../src/control/match.ts'

test('matchOperation() finds every operation at the path that pathOf() makes', () => {
  const place = { id: 'a b', slot: 3 }
  for (const [name, { method, path }] of Object.entries(operations)) {
    const match = matchOperation(method, pathOf(name as OperationName, place))
    const wanted = {
      ...(path.includes(':id') ? { id: 'a b' } : {}),
      ...(path.includes(':slot') ? { slot: 3 } : {})
    }
    assert.deepEqual(match, { found: true, name, place: wanted })
  }
})

test('matchOperation() says which methods a path has', () => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ['GET', '/api/v1/restart', ['POST']],
    ['POST', '/api/v1/status', ['GET', 'HEAD']],
    ['PUT', '/api/v1/applications/api', ['DELETE']],
    ['GET', '/api/v1/nothing', []],
    ['POST', '/api/v1/applications//stop', []],
    ['POST', '/api/v1/applications/%/stop', []],
    ['POST', '/api/v1/applications/api/workers/x/restart', []],
    ['POST', '/api/v1/applications/api/workers/-1/restart', []],
    ['POST', '/api/v1/restart/', []]
  ]
  for (const [method, path, methods] of table) {
    assert.deepEqual(matchOperation(method, path), { found: false, methods }, path)
  }
  assert.partialDeepStrictEqual(matchOperation('HEAD', '/api/v1/status'), { found: true, name: 'status' })
})
