/**
 * The invoices: turns an order into a PDF. Plain `node:http`, no framework, no dependency, no state.
 *
 * Runs in each of its workers and is called by the storefront through the mesh only. Rendering keeps the
 * thread busy: another application in the same thread would stand still meanwhile.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { threadId } from 'node:worker_threads'

import { identity, logger } from 'heddle/worker'

import type { Order, WhoAmI } from '../shared/contract.ts'
import { renderInvoice } from './invoice.ts'

const largestBody = 256 * 1024
const isDemo = process.env['SHOP_DEMO'] === 'on'
let answered = 0

const server = createServer((request, response) => {
  answered++
  response.setHeader('x-answered-by', identity.name)
  answer(request, response).catch((error: unknown) => {
    const requestId = request.headers['x-request-id']
    logger.error({ err: error, requestId }, `${request.method} ${request.url} failed`)
    if (response.headersSent) response.destroy()
    else sendJson(response, 500, { error: 'The invoices failed.' })
  })
})
server.listen(Number(process.env['PORT'] ?? 3003))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'POST /invoices':
      await answerInvoice(request, response)
      return
    case 'GET /whoami':
      sendJson(response, 200, whoAmI())
      return
    case 'POST /demo/fail':
      if (isDemo) throw new Error('Somebody asked the invoices to fail.')
      break
    case 'POST /demo/crash':
      if (isDemo) {
        sendJson(response, 202, { worker: identity.name })
        response.on('close', () => {
          throw new Error('Somebody asked this worker of the invoices to crash.')
        })
        return
      }
      break
    default:
  }
  sendJson(response, 404, { error: 'There is nothing here.' })
}

async function answerInvoice(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A body that does not say how long it is counts as too long.
  if (Number(request.headers['content-length'] ?? Infinity) > largestBody) {
    sendJson(response, 413, { error: 'This is too much for an invoice.' })
    return
  }
  const order: unknown = await json(request).catch(() => null)
  if (!isOrder(order)) {
    sendJson(response, 400, { error: 'Expected an order as JSON.' })
    return
  }
  const from = performance.now()
  const file = renderInvoice(order)
  const took = performance.now() - from
  response.writeHead(200, {
    'content-type': 'application/pdf',
    'content-length': file.length,
    'content-disposition': `attachment; filename="invoice-${order.number}.pdf"`,
    'server-timing': `render;dur=${took.toFixed(1)}`
  })
  response.end(file)
}

/** The parts the layout relies on; the rest of the body is the storefront's word. */
function isOrder(value: unknown): value is Order {
  if (typeof value !== 'object' || value === null) return false
  const { number, placedAt, email, lines, totals, address } = Object.fromEntries(Object.entries(value))
  const isTexts = [placedAt, email].every(text => typeof text === 'string')
  const isObjects = [totals, address].every(part => typeof part === 'object' && part !== null)
  return (
    isTexts &&
    isObjects &&
    /^HW-\d{1,12}$/.test(String(number)) &&
    Array.isArray(lines) &&
    lines.length <= 200
  )
}

function whoAmI(): WhoAmI {
  const uptimeSeconds = Math.round(performance.now() / 1000)
  return { application: identity.application, worker: identity.name, threadId, answered, uptimeSeconds }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
