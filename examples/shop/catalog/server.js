/**
 * The catalog: what the shop sells. Express, CommonJS, plain JavaScript, one SQLite file.
 *
 * Runs in each of its workers and is called by the storefront through the mesh only. It calls `listen()`
 * as any Express program does: under Heddle that opens no port, under plain node it opens `PORT`.
 */
'use strict'

const { createHash } = require('node:crypto')
const { threadId } = require('node:worker_threads')

const express = require('express')
const { identity, logger, onClose } = require('heddle/worker')

const { openCatalog, sortings } = require('./database.js')
const { drawPicture } = require('./picture.js')

const catalog = openCatalog()
const app = express()
let answered = 0

app.disable('x-powered-by')
app.use(express.json({ limit: '64kb' }))
app.use((request, response, next) => {
  answered++
  response.set('x-answered-by', identity.name)
  next()
})

app.get('/categories', (request, response) => {
  response.json(catalog.categories())
})

app.get('/products', (request, response) => {
  const { q, category, sort, page, size } = request.query
  const words = toText(q).split(/\s+/).filter(Boolean).slice(0, 8)
  response.json(
    catalog.search({
      words,
      category: toText(category) || null,
      sorting: sortings.includes(sort) ? sort : sortings[0],
      page: toWhole(page, 1, 10_000),
      size: toWhole(size, 24, 100)
    })
  )
})

app.get('/products/by-id', (request, response) => {
  const ids = toText(request.query.ids).split(',').map(Number)
  response.json(catalog.byIds(ids.filter(Number.isSafeInteger).slice(0, 100)))
})

app.get('/products/:slug', (request, response) => {
  const found = catalog.find(request.params.slug)
  if (found === null) response.status(404).json({ error: 'There is no such product.' })
  else response.json(found)
})

app.get('/pictures/:slug.svg', (request, response) => {
  const found = catalog.find(request.params.slug)
  if (found === null) {
    response.status(404).json({ error: 'There is no such picture.' })
    return
  }
  const picture = drawPicture(found.product)
  response.set('etag', `"${createHash('sha1').update(picture).digest('base64url')}"`)
  response.set('cache-control', 'public, max-age=3600')
  response.type('image/svg+xml').send(picture)
})

app.post('/reservations', (request, response) => {
  const lines = readLines(request.body)
  if (lines === null) {
    response.status(400).json({ error: 'Expected lines of id and quantity.' })
    return
  }
  const result = catalog.reserve(lines)
  if (result.shortage) response.status(409).json(result.shortage)
  else response.status(201).json(result.lines)
})

app.post('/reservations/release', (request, response) => {
  const lines = readLines(request.body)
  if (lines === null) {
    response.status(400).json({ error: 'Expected lines of id and quantity.' })
    return
  }
  catalog.release(lines)
  response.status(204).end()
})

app.get('/whoami', (request, response) => {
  const uptimeSeconds = Math.round(performance.now() / 1000)
  response.json({
    application: identity.application,
    worker: identity.name,
    threadId,
    answered,
    uptimeSeconds
  })
})

// For trying out what a failure looks like; the storefront offers it only when SHOP_DEMO is on.
if (process.env.SHOP_DEMO === 'on') {
  app.post('/demo/fail', () => {
    throw new Error('Somebody asked the catalog to fail.')
  })
  app.post('/demo/crash', (request, response) => {
    response.status(202).json({ worker: identity.name })
    response.on('close', () => {
      throw new Error('Somebody asked this worker of the catalog to crash.')
    })
  })
}

app.use((request, response) => {
  response.status(404).json({ error: 'There is nothing here.' })
})

// Express recognises the handler of errors by its four parameters.
app.use((error, request, response, next) => {
  const status = error.status ?? 500
  logger.error(
    { err: error, requestId: request.get('x-request-id'), status },
    `${request.method} ${request.path} failed`
  )
  if (response.headersSent) next(error)
  else response.status(status).json({ error: status < 500 ? error.message : 'The catalog failed.' })
})

const server = app.listen(process.env.PORT ?? 3001)
server.on('error', error => {
  throw error
})
onClose(() => catalog.close())

function toText(value) {
  return typeof value === 'string' ? value.slice(0, 200) : ''
}

function toWhole(value, otherwise, max) {
  const number = Number(value)
  return Number.isSafeInteger(number) && number >= 1 ? Math.min(number, max) : otherwise
}

function readLines(body) {
  const lines = Array.isArray(body) ? body : []
  const right = lines.every(
    line => Number.isSafeInteger(line?.id) && Number.isSafeInteger(line.quantity) && line.quantity >= 1
  )
  return right && lines.length > 0 && lines.length <= 100 ? lines : null
}
