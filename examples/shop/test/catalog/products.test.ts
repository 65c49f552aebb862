/** Tests of the products that are made up, and of their pictures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { drawPicture } from '../../catalog/picture.js'
import { makeProducts } from '../../catalog/products.js'

test('makeProducts() makes 320 products with slugs of their own that fit into a path', () => {
  const products = makeProducts()
  assert.equal(products.length, 320)
  assert.equal(new Set(products.map(product => product.slug)).size, 320)
  for (const { slug } of products) assert.match(slug, /^[a-z0-9-]+$/)
})

test('makeProducts() makes the same products every time', () => {
  assert.deepEqual(makeProducts(), makeProducts())
})

test('makeProducts() leaves a few products sold out and gives every one a price', () => {
  const products = makeProducts()
  const soldOut = products.filter(product => product.stock === 0).length
  assert.ok(soldOut > 3 && soldOut < 40, `${soldOut} products are sold out`)
  assert.ok(products.every(product => Number.isSafeInteger(product.priceCents) && product.priceCents > 0))
})

test('drawPicture() draws every product, and no two alike', () => {
  const pictures = makeProducts().map(drawPicture)
  for (const picture of pictures) {
    assert.match(picture, /^<svg .*<\/svg>$/s)
    assert.doesNotMatch(picture, /undefined|NaN|COLOUR/)
  }
  assert.equal(new Set(pictures).size, pictures.length)
})
