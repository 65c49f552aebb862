/** The description of the management API, against the rules of OpenAPI and against the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Validator } from '@seriousme/openapi-schema-validator'

import { operations } from '../../src/control/contract.ts'
import { openPaths } from '../../src/control/open-paths.ts'
import { describeApi } from '../../src/control/openapi.ts'

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
}

const description = structuredClone(describeApi()) as unknown as Description

test('The description is one by the rules of OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(describeApi()))
  assert.deepEqual(errors, undefined)
  assert.ok(valid)
  assert.equal(validator.version, '3.1')
  // Throws when one refers to nothing.
  validator.resolveRefs()
})

test('The description has every operation and every open path once', () => {
  const ids = Object.values(description.paths).flatMap(path =>
    Object.values(path).map(({ operationId }) => operationId)
  )
  const wanted = [...Object.keys(operations), ...Object.keys(openPaths).map(path => path.slice(1))]
  // The metrics are at two places.
  assert.deepEqual(ids.toSorted(), wanted.toSorted())
  for (const [name, { method, path }] of Object.entries(operations)) {
    const place = description.paths[path.replaceAll(/:(\w+)/g, '{$1}')]
    assert.equal(place?.[method.toLowerCase()]?.operationId, name)
  }
})
