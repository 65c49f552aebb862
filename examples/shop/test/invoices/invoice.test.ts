/** Tests of the invoices: that the file is a PDF a reader can find its way in, and says what was bought. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encodeText, fit, measure } from '../../invoices/fonts.ts'
import { renderInvoice } from '../../invoices/invoice.ts'
import type { Order } from '../../shared/contract.ts'
import { readPdfText } from '../fixtures/pdf-text.ts'

function makeOrder(lines: number): Order {
  return {
    key: 'a',
    number: 'HW-000042',
    placedAt: '2026-01-02T03:04:05.000Z',
    email: 'ada@example.org',
    lines: Array.from({ length: lines }, (_, index) => ({
      id: index + 1,
      quantity: 2,
      name: `Product (${index + 1}) \\ é 漢`,
      priceCents: 1250
    })),
    totals: {
      subtotalCents: 2500 * lines,
      shippingCents: 0,
      taxCents: 417 * lines,
      totalCents: 2500 * lines
    },
    address: { name: 'Ada', street: '1 Way', postcode: '10115', city: 'Berlin', country: 'Germany' }
  }
}

test('renderInvoice() writes a PDF whose table of objects is right', () => {
  const source = renderInvoice(makeOrder(3)).toString('latin1')
  assert.match(source, /^%PDF-1\.4\n/)
  assert.match(source, /%%EOF\n$/)
  const table = Number(/startxref\n(\d+)\n/.exec(source)?.[1])
  assert.equal(source.slice(table, table + 5), 'xref\n')
  const entries = Array.from(source.slice(table).matchAll(/^(\d{10}) 00000 n $/gm), match => Number(match[1]))
  assert.ok(entries.length > 0)
  entries.forEach((offset, index) => assert.equal(source.indexOf(`${index + 1} 0 obj\n`, offset), offset))
})

test('renderInvoice() says what was bought, by whom and for how much', () => {
  const text = readPdfText(renderInvoice(makeOrder(3)))
  assert.match(text, /^HW-000042$/m)
  assert.match(text, /^Ada$/m)
  assert.match(text, /^Total\n\\20075\.00$/m)
})

test('renderInvoice() goes on to further pages, and totals stand on the last', () => {
  const text = readPdfText(renderInvoice(makeOrder(60)))
  assert.match(text, /^Page 3 of 3$/m)
  assert.equal(text.match(/^Total$/gm)?.length, 1)
  assert.equal(text.match(/^Product \\050\d+\\051/gm)?.length, 60)
})

test('renderInvoice() gives the same bytes for the same order', () => {
  assert.ok(renderInvoice(makeOrder(2)).equals(renderInvoice(makeOrder(2))))
})

test('encodeText() escapes what ends a string, and replaces what the font lacks', () => {
  assert.equal(encodeText('a(b)\\'), '(a\\050b\\051\\134)')
  assert.equal(encodeText('é€ł漢'), '(\\351\\200??)')
  assert.equal(encodeText('ş'), '(s)')
})

test('measure() knows how wide Helvetica is, with accents too', () => {
  assert.equal(measure('Hello', 'regular', 1000), 722 + 556 + 222 + 222 + 556)
  assert.equal(measure('é', 'bold', 10), measure('e', 'bold', 10))
})

test('fit() shortens a text to the width it has', () => {
  const limit = { size: 10, width: 60 }
  const short = fit('A rather long name of a product', 'regular', limit)
  assert.match(short, /…$/)
  assert.ok(measure(short, 'regular', limit.size) <= limit.width)
  assert.equal(fit('Short', 'regular', limit), 'Short')
})
