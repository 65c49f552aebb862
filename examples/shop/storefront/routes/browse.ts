/** Routes for looking around. Everything comes from the catalog. */
import type { FastifyInstance } from 'fastify'

import type { Category, ProductDetail, ProductPage } from '../../shared/contract.ts'
import { sendPage } from '../respond.ts'
import { readJson } from '../services.ts'
import { drawHome, drawList, drawProduct } from '../views/browse.ts'
import type { ListQuery } from '../views/browse.ts'
import type { Visit } from '../visit.ts'

type Query = Readonly<Record<string, string | string[] | undefined>>

/** Adds the front page, the lists, the products and their pictures. */
export function addBrowsing(app: FastifyInstance): void {
  app.get('/', async ({ visit }, reply) => {
    const [categories, featured] = await Promise.all([
      readCategories(visit),
      readPage(visit, { size: '11', sort: 'featured' })
    ])
    return sendPage(reply, visit, {
      title: 'Yarn, cloth and more',
      body: drawHome(categories, featured.items)
    })
  })

  app.get<{ Querystring: Query }>('/products', async ({ visit, query }, reply) => {
    const wanted = readQuery(query)
    const [categories, list] = await Promise.all([
      readCategories(visit),
      readPage(visit, { ...wanted, page: String(wanted.page), size: '24' })
    ])
    const title = wanted.q === '' ? 'Shop' : `Search for ${wanted.q}`
    return sendPage(reply, visit, { title, words: wanted.q, body: drawList(categories, list, wanted) })
  })

  app.get<{ Params: { slug: string } }>('/products/:slug', async ({ visit, params }, reply) => {
    const path = `/products/${encodeURIComponent(params.slug)}`
    const [categories, response] = await Promise.all([readCategories(visit), visit.call('catalog', { path })])
    if (response.status === 404) return reply.callNotFound()
    const detail = await readJson<ProductDetail>(response)
    const category = categories.find(({ slug }) => slug === detail.product.category)
    return sendPage(reply, visit, { title: detail.product.name, body: drawProduct(detail, category) })
  })

  app.get<{ Params: { file: string } }>('/pictures/:file', async ({ visit, params, headers }, reply) => {
    const known = headers['if-none-match']
    const response = await visit.call('catalog', {
      path: `/pictures/${encodeURIComponent(params.file)}`,
      headers: known === undefined ? {} : { 'if-none-match': known }
    })
    if (response.status === 404) return reply.callNotFound()
    reply.code(response.status)
    for (const name of ['content-type', 'cache-control', 'etag']) {
      const value = response.headers.get(name)
      if (value !== null) reply.header(name, value)
    }
    // The picture goes through as it comes, without being collected here.
    return reply.send(response.body)
  })
}

async function readCategories(visit: Visit): Promise<readonly Category[]> {
  return readJson(await visit.call('catalog', { path: '/categories' }))
}

async function readPage(visit: Visit, query: Readonly<Record<string, string>>): Promise<ProductPage> {
  return readJson(await visit.call('catalog', { path: `/products?${new URLSearchParams(query)}` }))
}

function readQuery(query: Query): ListQuery {
  const read = (key: string): string => {
    const value = query[key]
    return (typeof value === 'string' ? value : '').trim().slice(0, 100)
  }
  const page = Number(read('page'))
  return {
    q: read('q'),
    category: read('category'),
    sort: read('sort') || 'featured',
    page: Number.isSafeInteger(page) && page > 0 ? page : 1
  }
}
