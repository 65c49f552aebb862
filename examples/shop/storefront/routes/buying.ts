/** Routes for buying: the cart, the checkout, the orders and their invoices. */
import { randomUUID } from 'node:crypto'

import type { FastifyInstance, FastifyReply } from 'fastify'

import type { NewOrder, Order, OrderLine, Product, Shortage } from '../../shared/contract.ts'
import { addToCart, setInCart, sumUp } from '../cart.ts'
import type { CartLine } from '../cart.ts'
import { checkAddress } from '../checkout.ts'
import { seeOther, sendPage, setCart } from '../respond.ts'
import { readJson, ServiceFailure } from '../services.ts'
import { drawCart, drawCheckout, drawOrder } from '../views/buying.ts'
import { drawRefused } from '../views/failure.ts'
import type { Visit } from '../visit.ts'

/** Adds the cart, the checkout and the orders. */
export function addBuying(app: FastifyInstance): void {
  app.get('/cart', async ({ visit }, reply) => sendCart(reply, visit, null))

  app.post<{ Body: URLSearchParams }>('/cart', async ({ visit, body }, reply) => {
    const wanted = { id: Number(body.get('id')), quantity: Number(body.get('quantity')) }
    const isRight = Number.isSafeInteger(wanted.id) && wanted.id > 0 && Number.isSafeInteger(wanted.quantity)
    if (!isRight || wanted.quantity < 0) {
      const refusal = drawRefused(400, 'The quantity has to be a whole number.')
      return sendPage(reply, visit, { title: 'Not like this', status: 400, body: refusal })
    }
    setCart(reply, body.has('set') ? setInCart(visit.cart, wanted) : addToCart(visit.cart, wanted))
    return seeOther(reply, '/cart')
  })

  app.get('/checkout', async ({ visit }, reply) => {
    const user = await visit.user()
    if (user === null) return seeOther(reply, '/login?next=/checkout')
    if (visit.cart.length === 0) return seeOther(reply, '/cart')
    const address = { name: user.name, street: '', postcode: '', city: '', country: '' }
    const body = drawCheckout({ address, errors: {} }, sumUpCart(await readCart(visit)), randomUUID())
    return sendPage(reply, visit, { title: 'Check out', body })
  })

  app.post<{ Body: URLSearchParams }>('/checkout', async ({ visit, body }, reply) => {
    if ((await visit.user()) === null) return seeOther(reply, '/login?next=/checkout')
    if (visit.cart.length === 0) return seeOther(reply, '/cart')
    const checked = checkAddress(body)
    const key = (body.get('key') ?? '').slice(0, 64) || randomUUID()
    if (Object.keys(checked.errors).length > 0) {
      const form = drawCheckout(checked, sumUpCart(await readCart(visit)), key)
      return sendPage(reply, visit, { title: 'Check out', status: 422, body: form })
    }
    const reserved = await reserve(visit)
    if (!reserved.ok) return sendCart(reply, visit, reserved.shortage)
    const { lines } = reserved
    const order = await placeOrder(visit, { key, lines, totals: sumUp(lines), address: checked.address })
    setCart(reply, [])
    return seeOther(reply, `/orders/${order.number}?placed`)
  })

  addOrders(app)
}

function addOrders(app: FastifyInstance): void {
  app.get<{ Params: { number: string }; Querystring: { placed?: string } }>(
    '/orders/:number',
    async ({ visit, params, query, url }, reply) => {
      if ((await visit.user()) === null) return seeOther(reply, `/login?next=${encodeURIComponent(url)}`)
      const order = await readOrder(visit, params.number)
      if (order === null) return reply.callNotFound()
      return sendPage(reply, visit, {
        title: `Order ${order.number}`,
        body: drawOrder(order, query.placed !== undefined)
      })
    }
  )

  app.get<{ Params: { number: string } }>(
    '/orders/:number/invoice.pdf',
    async ({ visit, params, url }, reply) => {
      if ((await visit.user()) === null) return seeOther(reply, `/login?next=${encodeURIComponent(url)}`)
      const order = await readOrder(visit, params.number)
      if (order === null) return reply.callNotFound()
      const response = await visit.call('invoices', { path: '/invoices', method: 'POST', body: order })
      if (!response.ok || response.body === null) throw new Error(`The invoices answered ${response.status}.`)
      for (const name of ['content-type', 'content-length', 'content-disposition', 'server-timing']) {
        const value = response.headers.get(name)
        if (value !== null) reply.header(name, value)
      }
      return reply.header('cache-control', 'private, no-store').send(response.body)
    }
  )
}

type Reserved =
  | { readonly ok: true; readonly lines: readonly OrderLine[] }
  | { readonly ok: false; readonly shortage: Shortage }

async function reserve(visit: Visit): Promise<Reserved> {
  const response = await visit.call('catalog', { path: '/reservations', method: 'POST', body: visit.cart })
  if (response.status === 409) return { ok: false, shortage: await readJson(response) }
  if (!response.ok) throw new Error(`The catalog answered ${response.status} to a reservation.`)
  return { ok: true, lines: await readJson(response) }
}

/**
 * Stores the order, and puts the goods back when it was not stored now: because the accounts failed, or
 * because the same form had been sent before. When they did not answer at all nobody knows: then the goods
 * stay reserved, since selling too little is the smaller mistake, and sending the form again finds the
 * order by its key if it was stored.
 */
async function placeOrder(visit: Visit, order: NewOrder): Promise<Order> {
  const headers = visit.credentials
  const answer = await visit
    .call('accounts', { path: '/orders', method: 'POST', body: order, headers })
    .catch((error: unknown) => {
      if (error instanceof ServiceFailure && error.status !== null) return error
      throw error
    })
  if (answer.status !== 201) {
    await visit.call('catalog', { path: '/reservations/release', method: 'POST', body: order.lines })
  }
  if (answer instanceof ServiceFailure) throw answer
  if (!answer.ok) throw new Error(`The accounts answered ${answer.status} to an order.`)
  return readJson<Order>(answer)
}

async function readOrder(visit: Visit, number: string): Promise<Order | null> {
  const path = `/orders/${encodeURIComponent(number)}`
  const response = await visit.call('accounts', { path, headers: visit.credentials })
  return response.ok ? readJson<Order>(response) : null
}

/** The cart with its products; what the catalog no longer has is left out. */
async function readCart(visit: Visit): Promise<readonly CartLine[]> {
  if (visit.cart.length === 0) return []
  const ids = visit.cart.map(line => line.id).join(',')
  const products: readonly Product[] = await readJson(
    await visit.call('catalog', { path: `/products/by-id?ids=${ids}` })
  )
  const byId = new Map(products.map(product => [product.id, product]))
  return visit.cart.flatMap(({ id, quantity }) => {
    const product = byId.get(id)
    return product === undefined ? [] : [{ product, quantity }]
  })
}

function sumUpCart(lines: readonly CartLine[]): ReturnType<typeof sumUp> {
  return sumUp(lines.map(({ product, quantity }) => ({ priceCents: product.priceCents, quantity })))
}

async function sendCart(reply: FastifyReply, visit: Visit, shortage: Shortage | null): Promise<FastifyReply> {
  const lines = await readCart(visit)
  const body = drawCart(lines, sumUpCart(lines), shortage)
  return sendPage(reply, visit, { title: 'Your cart', status: shortage === null ? 200 : 409, body })
}
