/**
 * The storefront: every page a visitor sees. Fastify, TypeScript without a build, no state of its own.
 *
 * Runs in each of its workers. All it knows it asks the other applications, so any worker can answer any
 * request of any visitor.
 */
import { randomUUID } from 'node:crypto'

import { fastify } from 'fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { logger } from 'heddle/worker'

import { addAssets } from './assets.ts'
import { sendPage } from './respond.ts'
import { addAccount } from './routes/account.ts'
import { addBrowsing } from './routes/browse.ts'
import { addBuying } from './routes/buying.ts'
import { addWorkers } from './routes/workers.ts'
import { ServiceFailure } from './services.ts'
import { drawFailure, drawNotFound, drawRefused } from './views/failure.ts'
import { createVisit } from './visit.ts'

/** Everything a page may load comes from the shop itself; nobody may put it into a frame. */
const contentPolicy = [
  "default-src 'none'",
  "img-src 'self'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The application with all its routes, not yet listening. */
export async function createShop(): Promise<FastifyInstance> {
  const app = fastify({ requestIdHeader: 'x-request-id', genReqId: () => randomUUID(), bodyLimit: 64 * 1024 })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, new URLSearchParams(String(body)))
    }
  )
  app.addHook('onRequest', async (request, reply) => {
    request.visit = createVisit(request)
    reply.header('content-security-policy', contentPolicy)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'same-origin')
  })
  app.addHook('preHandler', refuseForeignForms)
  app.setNotFoundHandler(async ({ visit }, reply) =>
    sendPage(reply, visit, { title: 'Not found', status: 404, body: drawNotFound() })
  )
  app.setErrorHandler(sendFailure)
  addWorkers(app)
  addAssets(app)
  addBrowsing(app)
  addBuying(app)
  addAccount(app)
  await app.ready()
  return app
}

/**
 * Browsers say where a form was sent from. Together with cookies that other sites' forms do not carry
 * (`SameSite=Lax`) that keeps strangers from ordering in a visitor's name. A form must also be one.
 */
async function refuseForeignForms(
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply | undefined> {
  if (request.method !== 'POST') return undefined
  const from = request.headers['sec-fetch-site'] ?? 'same-origin'
  request.body ??= new URLSearchParams()
  const isForm = request.body instanceof URLSearchParams
  if ((from === 'same-origin' || from === 'none') && isForm) return undefined
  const body = drawRefused(403, 'This form was not sent from our shop.')
  return sendPage(reply, request.visit, { title: 'Not like this', status: 403, body })
}

async function sendFailure(
  error: FastifyError | Error,
  { visit, method, url }: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  const status = 'statusCode' in error && error.statusCode !== undefined ? error.statusCode : 500
  if (status < 500) {
    const body = drawRefused(status, 'The shop could not make sense of this request.')
    return sendPage(reply, visit, { title: 'Not like this', status, body })
  }
  logger.error({ err: error, requestId: visit.requestId }, `${method} ${url} failed`)
  const failure = error instanceof ServiceFailure ? error : null
  const shown = failure === null ? 500 : toStatus(failure)
  const body = drawFailure(shown, failure?.application ?? null, visit.requestId)
  return sendPage(reply, visit, { title: 'A thread has snapped', status: shown, body })
}

/** Whether it answered, and wrongly, or did not answer at all: then trying again is worth it. */
function toStatus(failure: ServiceFailure): 502 | 503 {
  return failure.status === null ? 503 : 502
}
