/** Tests of the address form. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkAddress } from '../../storefront/checkout.ts'

const right = { name: 'Ada', street: '1 Way', postcode: '10115', city: 'Berlin', country: 'Germany' }

test('checkAddress() accepts a complete address and trims it', () => {
  const { address, errors } = checkAddress(new URLSearchParams({ ...right, name: '  Ada ' }))
  assert.deepEqual(errors, {})
  assert.deepEqual(address, right)
})

const wrong: readonly [field: keyof typeof right, value: string][] = [
  ['name', ' '],
  ['street', ''],
  ['postcode', '1'],
  ['postcode', '<b>123</b>'],
  ['city', ''],
  ['country', 'Atlantis']
]
for (const [field, value] of wrong) {
  test(`checkAddress() has a message for the ${field} ${JSON.stringify(value)} and for nothing else`, () => {
    const { errors } = checkAddress(new URLSearchParams({ ...right, [field]: value }))
    assert.deepEqual(Object.keys(errors), [field])
  })
}
