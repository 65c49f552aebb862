/**
 * What customers talk to: the page of the products and the checkout. Asks the catalog and the delivery, through the
 * mesh.
 */
import { createServer } from 'node:http'

async function ask(url, customer) {
  const response = await fetch(url, { headers: { 'x-customer': customer } })
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}.`)
  return response.json()
}

async function answer(request, customer) {
  if (request.url === '/') return ask('http://catalog.heddle.local/products', customer)
  if (request.url === '/checkout') return ask('http://delivery.heddle.local/quote', customer)
  return null
}

async function respond(request, response) {
  const customer = String(request.headers['x-customer'] ?? 'somebody')
  try {
    const found = await answer(request, customer)
    response.writeHead(found === null ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found))
  } catch (error) {
    response.writeHead(502, { 'content-type': 'text/plain' })
    response.end(`${error.message}\n`)
  }
}

createServer((request, response) => void respond(request, response)).listen(3000)
