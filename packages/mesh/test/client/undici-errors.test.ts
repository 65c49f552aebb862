/** What becomes of each failure of the mesh on its way to a caller of undici. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { errors } from 'undici'
import { errors as errors7 } from 'undici7'

import { UndiciFailure, undiciError, type UndiciCode } from '../../src/client/undici-errors.ts'
import { MeshError, type MeshFailures } from '../../src/index.ts'

const details: { [Code in keyof MeshFailures]?: MeshFailures[Code] } = {
  MESH_TIMEOUT: { host: 'api', worker: 'api:0', afterMs: 100 },
  MESH_UPSTREAM_LOST: { host: 'api', worker: 'api:0', begun: true },
  MESH_RESPONSE_ABORTED: { host: 'api', worker: 'api:0', reason: 'mine' },
  MESH_REQUEST_ABORTED: { host: 'api', reason: 'mine' },
  MESH_INVALID_REQUEST: { what: 'path', offered: 'x' }
}

const told: readonly [keyof MeshFailures, UndiciCode][] = [
  ['MESH_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'],
  ['MESH_UPSTREAM_LOST', 'UND_ERR_SOCKET'],
  ['MESH_RESPONSE_ABORTED', 'UND_ERR_SOCKET'],
  ['MESH_REQUEST_ABORTED', 'UND_ERR_ABORTED'],
  ['MESH_INVALID_REQUEST', 'UND_ERR_INVALID_ARG']
]

for (const [code, undici] of told) {
  test(`undiciError() makes ${undici} of ${code}, which stays its cause`, () => {
    const error = new MeshError(code, details[code] as never)
    const made = undiciError(error)
    assert.ok(made instanceof UndiciFailure)
    assert.deepEqual([made.code, made.message, made.cause], [undici, error.message, error])
  })
}

test('undiciError() leaves what undici has no word for, and what is not of the mesh', () => {
  for (const error of [new MeshError('MESH_UNKNOWN_HOST', { host: 'x' }), new RangeError('mine')]) {
    assert.equal(undiciError(error), error)
  }
})

const classes: readonly (readonly [UndiciCode, Exclude<keyof typeof errors, 'HTTPParserError'>])[] = [
  ['UND_ERR_HEADERS_TIMEOUT', 'HeadersTimeoutError'],
  ['UND_ERR_BODY_TIMEOUT', 'BodyTimeoutError'],
  ['UND_ERR_ABORTED', 'RequestAbortedError'],
  ['UND_ERR_SOCKET', 'SocketError'],
  ['UND_ERR_INVALID_ARG', 'InvalidArgumentError'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'RequestContentLengthMismatchError'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ResponseContentLengthMismatchError'],
  ['UND_ERR_HEADERS_OVERFLOW', 'HeadersOverflowError']
]

for (const [code, name] of classes) {
  test(`${code} is an instance of ${name} in undici 7 and 8, and of none of the others`, () => {
    const failure: Error = new UndiciFailure(code, 'text')
    for (const known of [errors, errors7 as unknown as typeof errors]) {
      assert.ok(failure instanceof known.UndiciError)
      for (const [, other] of classes) assert.equal(failure instanceof known[other], other === name)
    }
  })
}

test('a failure looks like an error of undici in a log', () => {
  const failure = new UndiciFailure('UND_ERR_SOCKET', 'api:0 ended.', { cause: new RangeError('because') })
  assert.match(
    inspect(failure),
    /SocketError.*api:0 ended\.[^]*code: 'UND_ERR_SOCKET'[^]*\[cause\]: RangeError/
  )
  assert.deepEqual(Object.keys(failure), ['code'])
})
