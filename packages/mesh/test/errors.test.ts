/** What failures say of themselves. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'

import { MeshError, type MeshFailures } from '../src/index.ts'

const host = 'api'
const worker = 'api:1'

const samples: { readonly [Code in keyof MeshFailures]: MeshFailures[Code] } = {
  MESH_UNKNOWN_HOST: { host },
  MESH_NO_UPSTREAM: { host },
  MESH_QUEUE_TIMEOUT: { host, afterMs: 50 },
  MESH_QUEUE_FULL: { host, max: 7 },
  MESH_CIRCUIT_OPEN: { from: 'web', host, retryAfterMs: 70 },
  MESH_DENIED: { from: 'web', host },
  MESH_TIMEOUT: { host, worker, afterMs: 50 },
  MESH_UPSTREAM_LOST: { host, worker, begun: true },
  MESH_RESPONSE_ABORTED: { host, worker, reason: 'why' },
  MESH_REQUEST_ABORTED: { host, reason: 'why' },
  MESH_INVALID_REQUEST: { what: 'path', offered: 'x' },
  MESH_PROTOCOL: { peer: 'api:1', what: 'half a frame' },
  MESH_CLOSED: { name: worker },
  MESH_INVALID_OPTION: { option: 'port', offered: 'null', expected: 'a MessagePort' },
  MESH_WORKER_EXITED: { host, exitCode: 3 },
  MESH_WORKER_SILENT: { host, afterMs: 50, wired: false }
}

for (const code of Object.keys(samples) as (keyof MeshFailures)[]) {
  test(`MeshError ${code} is a sentence that names its facts`, () => {
    const cause = new Error('cause')
    const error = new MeshError(code, samples[code], { cause })
    assert.deepEqual(
      [error.code, error.detail, error.cause, error.name],
      [code, samples[code], cause, 'MeshError']
    )
    assert.match(error.message, /^\S.*\.$/)
    for (const fact of Object.values(samples[code]) as unknown[]) {
      if (typeof fact !== 'boolean') assert.ok(error.message.includes(String(fact)), error.message)
    }
    assert.match(inspect(error), /^MeshError/)
  })
}
