/** What a delivery costs, and whether the label can be printed. */
import { createServer } from 'node:http'

import { logger } from 'heddle/worker'

import { customerOf } from './customers.js'
import { isPrintable } from './notes.js'

const prices = { DE: 4.9, FR: 7.9, IT: 8.9 }
const slowMs = 1000

function quote(customer) {
  const { country, note } = customerOf(customer)
  return { price: prices[country], label: isPrintable(note) ? note : 'as written' }
}

createServer((request, response) => {
  const customer = String(request.headers['x-customer'])
  const startedAt = performance.now()
  const body = JSON.stringify(quote(customer))
  const ms = Math.round(performance.now() - startedAt)
  if (ms >= slowMs) logger.warn({ customer, ms }, 'A quote took long.')
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(body)
}).listen(3002)
