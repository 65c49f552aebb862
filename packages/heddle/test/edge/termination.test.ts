/** Tests of the words for how requests end: every failure of the mesh, every cause of a connection. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { LoadSheddingError, MeshError } from '@heddle/mesh'

import { terminationOf, type EndFacts } from '../../src/edge/termination.ts'

const host = 'api'
const worker = 'api:0'

const failures: readonly [error: Error | null, words: string][] = [
  [new MeshError('MESH_QUEUE_FULL', { host, max: 1 }), 'queue-full queue'],
  [new MeshError('MESH_QUEUE_TIMEOUT', { host, afterMs: 1 }), 'queue-timeout queue'],
  [new MeshError('MESH_TIMEOUT', { host, worker: 'Nobody', afterMs: 1 }), 'queue-timeout queue'],
  [new MeshError('MESH_TIMEOUT', { host, worker, afterMs: 1 }), 'application-timeout response-head'],
  [new MeshError('MESH_NO_UPSTREAM', { host }), 'no-worker queue'],
  [new MeshError('MESH_UNKNOWN_HOST', { host }), 'no-worker queue'],
  [new MeshError('MESH_CIRCUIT_OPEN', { from: 'edge:0', host, retryAfterMs: 1 }), 'no-worker queue'],
  [new LoadSheddingError(host), 'no-worker queue'],
  [new MeshError('MESH_DENIED', { from: 'edge:0', host }), 'refused request'],
  [new MeshError('MESH_INVALID_REQUEST', { what: 'path', offered: '' }), 'refused request'],
  [new MeshError('MESH_UPSTREAM_LOST', { host, worker, begun: true }), 'application-lost response-head'],
  [new MeshError('MESH_RESPONSE_ABORTED', { host, worker, reason: '' }), 'application-lost response-head'],
  [new MeshError('MESH_PROTOCOL', { peer: worker, what: '' }), 'application-lost response-head'],
  [new MeshError('MESH_CLOSED', { name: 'edge:0' }), 'edge-closing response-head'],
  [new RangeError('more than its length'), 'application-lost response-head'],
  [null, 'application-lost response-head']
]

describe('terminationOf()', () => {
  for (const [error, words] of failures) {
    test(`calls ${error?.message ?? 'an answer without an error'} ${words}`, () => {
      const { reason, phase } = terminationOf({ cause: 'failed', phase: 'response-head', error })
      assert.equal(`${reason} ${phase}`, words)
    })
  }

  const causes: readonly [cause: EndFacts['cause'], reason: string][] = [
    ['done', 'completed'],
    ['refused', 'refused'],
    ['late', 'client-timeout'],
    ['gone', 'client-aborted'],
    ['cut', 'edge-closing']
  ]
  for (const [cause, word] of causes) {
    test(`calls ${cause} ${word}, in the phase it was in`, () => {
      const { reason, phase } = terminationOf({ cause, phase: 'tunnel', error: null })
      assert.deepEqual([reason, phase], [word, 'tunnel'])
    })
  }
})
