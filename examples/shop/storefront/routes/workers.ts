/** Routes that show the workers at work, and, in a demonstration, what happens when one fails. */
import { threadId } from 'node:worker_threads'

import type { FastifyInstance } from 'fastify'
import { identity } from 'heddle/worker'

import type { WhoAmI } from '../../shared/contract.ts'
import { seeOther, sendPage } from '../respond.ts'
import { askAll, tally } from '../tally.ts'
import { drawRefused } from '../views/failure.ts'
import { drawWorkers } from '../views/workers.ts'

const callsPerPage = 12
const isDemo = process.env['SHOP_DEMO'] === 'on'

/** Adds the page of the workers, its figures as JSON, and this worker's own identity. */
export function addWorkers(app: FastifyInstance): void {
  let answered = 0
  app.addHook('onRequest', async (_request, reply) => {
    answered++
    reply.header('x-answered-by', identity.name)
  })

  app.get('/whoami', async (): Promise<WhoAmI> => {
    const uptimeSeconds = Math.round(performance.now() / 1000)
    return { application: identity.application, worker: identity.name, threadId, answered, uptimeSeconds }
  })

  app.get('/workers', async ({ visit }, reply) => {
    const samples = await askAll(visit.call, callsPerPage)
    const body = drawWorkers(tally(samples), callsPerPage, isDemo)
    return sendPage(reply, visit, { title: 'Workers', body })
  })

  app.get('/workers/samples', async ({ visit }, reply) => {
    return reply.header('cache-control', 'no-store').send(await askAll(visit.call, callsPerPage))
  })

  if (isDemo) addBreaking(app)
}

function addBreaking(app: FastifyInstance): void {
  app.post<{ Body: URLSearchParams }>('/workers/break', async ({ visit, body }, reply) => {
    const application = body.get('application')
    const how = body.get('how')
    if ((application !== 'catalog' && application !== 'invoices') || (how !== 'fail' && how !== 'crash')) {
      const refusal = drawRefused(
        400,
        'Only the catalog and the invoices can be broken, by failing or crashing.'
      )
      return sendPage(reply, visit, { title: 'Not like this', status: 400, body: refusal })
    }
    const response = await visit.call(application, { path: `/demo/${how}`, method: 'POST' })
    await response.body?.cancel()
    return seeOther(reply, '/workers')
  })
}
