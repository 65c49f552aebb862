/**
 * The catalog's data: the products, their search, and the stock.
 *
 * Runs in every worker of the catalog, each with its own connection to one SQLite file. The stock is
 * changed inside transactions only, so two workers can never sell the same last piece.
 */
'use strict'

const { join } = require('node:path')

const { dataDirectory, openDatabase, transaction } = require('../shared/database.ts')
const { categories, makeProducts } = require('./products.js')

const orders = {
  featured: 'featured, id',
  name: 'name, id',
  cheapest: 'price_cents, id',
  dearest: 'price_cents DESC, id'
}

/** Names of the orders a list can be sorted in; the first is the default. */
const sortings = Object.keys(orders)

/**
 * Opens the catalog, filling it first when it is new.
 *
 * @param {string} [file] default `catalog.sqlite` in the shop's data directory
 */
function openCatalog(file = join(dataDirectory(), 'catalog.sqlite')) {
  const database = openDatabase(file, fill)
  return {
    categories: () => listCategories(database),
    search: query => search(database, query),
    find: slug => find(database, slug),
    byIds: ids => byIds(database, ids),
    reserve: lines => reserve(database, lines),
    release: lines => release(database, lines),
    close: () => database.close()
  }
}

function fill(database) {
  database.exec(`CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    weave TEXT NOT NULL,
    colours TEXT NOT NULL,
    price_cents INTEGER NOT NULL CHECK (price_cents > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0),
    featured INTEGER NOT NULL
  )`)
  database.exec('CREATE INDEX products_by_category ON products (category, featured)')
  const insert = database.prepare(
    `INSERT INTO products (slug, name, category, description, weave, colours, price_cents, stock, featured)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
  )
  makeProducts().forEach((product, index) => {
    const { slug, name, category, description, weave, colours, priceCents, stock } = product
    // A stride that shares no factor with the number of products mixes the shelves for the front page.
    const featured = (index * 77) % 320
    insert.run(slug, name, category, description, weave, colours.join(' '), priceCents, stock, featured)
  })
}

function listCategories(database) {
  const rows = database.prepare('SELECT category, count(*) AS products FROM products GROUP BY category').all()
  const counts = new Map(rows.map(row => [row.category, row.products]))
  return categories.map(({ slug, name, sentence }) => ({
    slug,
    name,
    sentence,
    products: counts.get(slug) ?? 0
  }))
}

/** @returns {import('../shared/contract.ts').ProductPage} */
function search(database, { words, category, sorting, page, size }) {
  const conditions = []
  const values = []
  if (category !== null) {
    conditions.push('category = ?')
    values.push(category)
  }
  for (const word of words) {
    conditions.push(`name || ' ' || description || ' ' || weave LIKE ? ESCAPE '\\'`)
    values.push(`%${word.replace(/[\\%_]/g, '\\$&')}%`)
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const { total } = database.prepare(`SELECT count(*) AS total FROM products ${where}`).get(...values)
  const pages = Math.max(1, Math.ceil(total / size))
  const shown = Math.min(page, pages)
  const rows = database
    .prepare(`SELECT * FROM products ${where} ORDER BY ${orders[sorting]} LIMIT ? OFFSET ?`)
    .all(...values, size, (shown - 1) * size)
  return { items: rows.map(toProduct), total, page: shown, pages }
}

function find(database, slug) {
  const row = database.prepare('SELECT * FROM products WHERE slug = ?').get(slug)
  if (row === undefined) return null
  const related = database
    .prepare('SELECT * FROM products WHERE category = ? AND id <> ? ORDER BY abs(id - ?) LIMIT 4')
    .all(row.category, row.id, row.id)
  return { product: toProduct(row), related: related.map(toProduct) }
}

function byIds(database, ids) {
  const statement = database.prepare('SELECT * FROM products WHERE id = ?')
  return ids.flatMap(id => {
    const row = statement.get(id)
    return row === undefined ? [] : [toProduct(row)]
  })
}

/**
 * Takes all lines out of the stock, or none of them and says which one is short.
 *
 * @returns {{ lines?: import('../shared/contract.ts').OrderLine[], shortage?: import('../shared/contract.ts').Shortage }}
 */
function reserve(database, lines) {
  const take = database.prepare('UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?')
  const read = database.prepare('SELECT id, name, price_cents, stock FROM products WHERE id = ?')
  const reserved = []
  try {
    transaction(database, () => {
      for (const { id, quantity } of lines) {
        const row = read.get(id)
        if (take.run(quantity, id, quantity).changes === 0) throw new OutOfStock(id, row)
        reserved.push({ id, quantity, name: row.name, priceCents: row.price_cents })
      }
    })
  } catch (error) {
    if (error instanceof OutOfStock) return { shortage: error.shortage }
    throw error
  }
  return { lines: reserved }
}

/** Puts lines back that were reserved for an order which did not come about. */
function release(database, lines) {
  const put = database.prepare('UPDATE products SET stock = stock + ? WHERE id = ?')
  transaction(database, () => {
    for (const { id, quantity } of lines) put.run(quantity, id)
  })
}

class OutOfStock extends Error {
  constructor(id, row) {
    super(`Product ${id} is not in stock in this quantity.`)
    this.shortage = { id, name: row?.name ?? `product ${id}`, available: row?.stock ?? 0 }
  }
}

/** @returns {import('../shared/contract.ts').Product} */
function toProduct(row) {
  const { id, slug, name, category, description, weave, stock } = row
  const colours = row.colours.split(' ')
  return { id, slug, name, category, description, weave, colours, priceCents: row.price_cents, stock }
}

module.exports = { openCatalog, sortings }
