/** Tests of the cart: what a cookie may say, and what lines cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { addToCart, countPieces, formatCart, parseCart, setInCart, sumUp } from '../../storefront/cart.ts'

const cookies: readonly [cookie: string | undefined, cart: string][] = [
  [undefined, ''],
  ['', ''],
  ['12x1.40x2', '12x1.40x2'],
  ['12x1.12x3', '12x3'],
  ['12x999', '12x20'],
  ['12x0', ''],
  ['-1x2.1x-2.ax1.1xb.<script>', ''],
  ['1x1;DROP TABLE', '']
]
for (const [cookie, cart] of cookies) {
  test(`parseCart() reads ${JSON.stringify(cookie)} as ${JSON.stringify(cart)}`, () => {
    assert.equal(formatCart(parseCart(cookie)), cart)
  })
}

test('parseCart() stops at thirty lines', () => {
  const cookie = Array.from({ length: 50 }, (_, id) => `${id + 1}x1`).join('.')
  assert.equal(parseCart(cookie).length, 30)
})

test('addToCart() adds to a line and stops at the largest quantity', () => {
  const cart = addToCart(parseCart('5x19'), { id: 5, quantity: 4 })
  assert.deepEqual(cart, [{ id: 5, quantity: 20 }])
})

test('setInCart() changes a line, and takes it out for none', () => {
  assert.equal(formatCart(setInCart(parseCart('5x2.6x1'), { id: 5, quantity: 7 })), '5x7.6x1')
  assert.equal(formatCart(setInCart(parseCart('5x2.6x1'), { id: 5, quantity: 0 })), '6x1')
})

test('countPieces() counts pieces, not lines', () => {
  assert.equal(countPieces(parseCart('5x2.6x3')), 5)
})

test('sumUp() adds shipping below 75 euros and says how much of the total is tax', () => {
  assert.deepEqual(sumUp([{ priceCents: 1000, quantity: 2 }]), {
    subtotalCents: 2000,
    shippingCents: 490,
    taxCents: 415,
    totalCents: 2490
  })
})

test('sumUp() ships for nothing from 75 euros, and an empty cart too', () => {
  assert.equal(sumUp([{ priceCents: 2500, quantity: 3 }]).totalCents, 7500)
  assert.equal(sumUp([]).totalCents, 0)
})
