/** Routes for accounts. The accounts application decides; the storefront draws forms and passes cookies on. */
import type { FastifyInstance, FastifyReply } from 'fastify'

import type { FieldErrors, Order } from '../../shared/contract.ts'
import { passCookies, seeOther, sendPage, toLocalPath } from '../respond.ts'
import { readJson } from '../services.ts'
import { drawAccount, drawLogin, drawRegister } from '../views/account.ts'
import type { AccountForm } from '../views/account.ts'
import type { Visit } from '../visit.ts'

const forms = {
  login: { title: 'Log in', draw: drawLogin },
  register: { title: 'Make an account', draw: drawRegister }
} as const

/** Adds logging in and out, registering, and the account with its orders. */
export function addAccount(app: FastifyInstance): void {
  addForm(app, 'login')
  addForm(app, 'register')

  app.post('/logout', async ({ visit }, reply) => {
    const response = await visit.call('accounts', {
      path: '/logout',
      method: 'POST',
      headers: visit.credentials
    })
    passCookies(reply, response)
    return seeOther(reply, '/')
  })

  app.get('/account', async ({ visit }, reply) => {
    const user = await visit.user()
    if (user === null) return seeOther(reply, '/login?next=/account')
    const response = await visit.call('accounts', { path: '/orders', headers: visit.credentials })
    const orders = response.ok ? await readJson<readonly Order[]>(response) : []
    return sendPage(reply, visit, { title: 'Your account', body: drawAccount(user, orders) })
  })
}

function addForm(app: FastifyInstance, kind: keyof typeof forms): void {
  app.get<{ Querystring: { next?: string | string[] } }>(`/${kind}`, async ({ visit, query }, reply) => {
    const next = typeof query.next === 'string' ? query.next : '/account'
    return sendForm(reply, visit, { kind, status: 200, values: { name: '', email: '' }, errors: {}, next })
  })

  app.post<{ Body: URLSearchParams }>(`/${kind}`, async ({ visit, body }, reply) => {
    const headers = visit.credentials
    const content = Object.fromEntries(body)
    const response = await visit.call('accounts', {
      path: `/${kind}`,
      method: 'POST',
      body: content,
      headers
    })
    if (response.ok) {
      passCookies(reply, response)
      return seeOther(reply, toLocalPath(body.get('next')))
    }
    const { errors } = await readJson<{ errors: FieldErrors }>(response)
    const values = { name: body.get('name') ?? '', email: body.get('email') ?? '' }
    return sendForm(reply, visit, {
      kind,
      status: response.status,
      values,
      errors,
      next: body.get('next') ?? '/'
    })
  })
}

async function sendForm(
  reply: FastifyReply,
  visit: Visit,
  form: AccountForm & { readonly kind: keyof typeof forms; readonly status: number }
): Promise<FastifyReply> {
  const { title, draw } = forms[form.kind]
  const body = draw({ ...form, next: toLocalPath(form.next) })
  return sendPage(reply, visit, { title, status: form.status, body })
}
