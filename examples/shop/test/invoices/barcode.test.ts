/** Tests of the barcodes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encodeBarcode } from '../../invoices/barcode.ts'

test('encodeBarcode() spends eleven modules on each symbol and thirteen on the stop', () => {
  // Start, nine characters, checksum.
  assert.equal(encodeBarcode('HW-000042').modules, 11 * 11 + 13)
})

test('encodeBarcode() writes start, characters, checksum and stop', () => {
  const { bars } = encodeBarcode('A')
  const widths = bars.map(bar => bar.width)
  // The bars of 211214 (start of set B), 111323 (A, value 33), 131123 (34, the checksum) and 2331112 (stop).
  assert.deepEqual(widths, [2, 1, 1, 1, 1, 2, 1, 1, 2, 2, 3, 1, 2])
})

test('encodeBarcode() refuses what Code 128 B lacks', () => {
  assert.throws(() => encodeBarcode('é'), RangeError)
})
