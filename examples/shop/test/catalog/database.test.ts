/** Tests of the catalog's database, several threads at once included. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

import { openCatalog } from '../../catalog/database.js'

const anything = { words: [], category: null, sorting: 'featured', page: 1, size: 24 }

function temporaryFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'shop-catalog-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'catalog.sqlite')
}

function open(t: TestContext): ReturnType<typeof openCatalog> {
  const catalog = openCatalog(temporaryFile(t))
  t.after(() => catalog.close())
  return catalog
}

test('openCatalog() fills a new file once, and no piece is sold twice, however many threads there are', async t => {
  const file = temporaryFile(t)
  const threads = 6
  const gate = new Int32Array(new SharedArrayBuffer(8))
  const stock = 26
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(new URL('../fixtures/reserve.ts', import.meta.url), {
        workerData: { file, gate, threads, id: 1 }
      })
  )
  const exits = workers.map(worker => once(worker, 'exit'))
  const messages = await Promise.all(workers.map(worker => once(worker, 'message')))
  await Promise.all(exits)
  const results = messages.map(([message]) => message)
  assert.deepEqual(
    results.map(result => result.total),
    Array<number>(threads).fill(320)
  )
  const sold = results.reduce((sum, result) => sum + result.bought, 0)
  assert.equal(sold, stock)
})

test('search() finds products by all of their words, in any order', t => {
  const catalog = open(t)
  const found = catalog.search({ ...anything, words: ['rug', 'hemp'] })
  assert.ok(found.total > 0)
  for (const { name } of found.items) assert.match(name, /hemp.*rug/)
})

test('search() takes the signs of LIKE as they are', t => {
  const catalog = open(t)
  assert.equal(catalog.search({ ...anything, words: ['%'] }).total, 0)
  assert.equal(catalog.search({ ...anything, words: ['_'] }).total, 0)
  assert.equal(catalog.search({ ...anything, words: ["'"] }).total, 0)
})

test('search() gives the last page when asked for one behind it', t => {
  const catalog = open(t)
  const { page, pages, items } = catalog.search({ ...anything, category: 'rugs', page: 99 })
  assert.deepEqual([page, pages, items.length], [2, 2, 16])
})

test('search() sorts by price', t => {
  const catalog = open(t)
  const prices = catalog.search({ ...anything, sorting: 'cheapest' }).items.map(item => item.priceCents)
  assert.deepEqual(
    prices,
    prices.toSorted((a, b) => a - b)
  )
})

test('reserve() takes all lines or none, and says which one is short', t => {
  const catalog = open(t)
  const [first] = catalog.byIds([1])
  const result = catalog.reserve([
    { id: 1, quantity: 1 },
    { id: 2, quantity: 10_000 }
  ])
  assert.equal(result.shortage?.id, 2)
  assert.equal(catalog.byIds([1])[0]?.stock, first?.stock)
})

test('reserve() reports a product that does not exist as none available', t => {
  const catalog = open(t)
  assert.deepEqual(catalog.reserve([{ id: 9999, quantity: 1 }]), {
    shortage: { id: 9999, name: 'product 9999', available: 0 }
  })
})

test('release() puts back what was reserved', t => {
  const catalog = open(t)
  const before = catalog.byIds([1])[0]?.stock
  catalog.reserve([{ id: 1, quantity: 3 }])
  catalog.release([{ id: 1, quantity: 3 }])
  assert.equal(catalog.byIds([1])[0]?.stock, before)
})
