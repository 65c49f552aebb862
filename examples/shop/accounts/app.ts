/**
 * The accounts: who somebody is and what they ordered. Hono, TypeScript without a build, one SQLite file.
 *
 * Runs in each of its workers and is called by the storefront through the mesh only. It exports a Hono
 * application and starts no server of its own; under plain node `@hono/node-server` opens `PORT`.
 */
import { threadId } from 'node:worker_threads'

import { serve } from '@hono/node-server'
import { identity, isHeddle, logger, onClose } from 'heddle/worker'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'

import type { NewOrder, User, WhoAmI } from '../shared/contract.ts'
import { dataDirectory } from '../shared/database.ts'
import { checkLogin, checkRegistration } from './credentials.ts'
import { openAccounts, sessionSeconds } from './database.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { readSessionKey } from './session-key.ts'

const cookie = 'session'
const sessionKey = readSessionKey(dataDirectory())
const accounts = openAccounts()
let answered = 0

/** The application; Heddle recognises it by its `fetch`. */
export const app = new Hono()

app.use(async (context, next) => {
  answered++
  await next()
  context.header('x-answered-by', identity.name)
})

app.post('/register', async context => {
  const checked = checkRegistration(await context.req.json())
  if (!checked.ok) return context.json({ errors: checked.errors }, 422)
  const { name, email, password } = checked.value
  const user = accounts.addUser({ name, email, password: await hashPassword(password) })
  if (user === null)
    return context.json({ errors: { email: 'There is an account with this address already.' } }, 422)
  await beginSession(context, user)
  return context.json(user, 201)
})

app.post('/login', async context => {
  const checked = checkLogin(await context.req.json())
  if (!checked.ok) return context.json({ errors: checked.errors }, 422)
  const found = accounts.findUser(checked.value.email)
  const right = await isPassword(checked.value.password, found?.password ?? null)
  if (found === null || !right) {
    return context.json({ errors: { password: 'Address and password do not belong together.' } }, 401)
  }
  const user = { id: found.id, email: found.email, name: found.name }
  await beginSession(context, user)
  return context.json(user)
})

app.post('/logout', async context => {
  const id = await getSignedCookie(context, sessionKey, cookie)
  if (typeof id === 'string') accounts.closeSession(id)
  deleteCookie(context, cookie, { path: '/' })
  return context.body(null, 204)
})

app.get('/session', async context => {
  const user = await readUser(context)
  return user === null ? unauthorized(context) : context.json(user)
})

app.post('/orders', async context => {
  const user = await readUser(context)
  if (user === null) return unauthorized(context)
  // The storefront made this body from the catalog's own prices; nobody else can reach this application.
  const { order, isNew } = accounts.addOrder(user.id, await context.req.json<NewOrder>())
  if (isNew) logger.info({ order: order.number, totalCents: order.totals.totalCents }, 'An order was placed.')
  return context.json(order, isNew ? 201 : 200)
})

app.get('/orders', async context => {
  const user = await readUser(context)
  return user === null ? unauthorized(context) : context.json(accounts.listOrders(user.id))
})

app.get('/orders/:number', async context => {
  const user = await readUser(context)
  if (user === null) return unauthorized(context)
  const order = accounts.findOrder(user.id, context.req.param('number'))
  return order === null ? context.notFound() : context.json(order)
})

app.get('/whoami', context => {
  const uptimeSeconds = Math.round(performance.now() / 1000)
  const { application, name: worker } = identity
  return context.json<WhoAmI>({ application, worker, threadId, answered, uptimeSeconds })
})

app.notFound(context => context.json({ error: 'There is nothing here.' }, 404))

app.onError((error, context) => {
  const requestId = context.req.header('x-request-id')
  logger.error({ err: error, requestId }, `${context.req.method} ${context.req.path} failed`)
  return context.json({ error: 'The accounts failed.' }, 500)
})

if (!isHeddle) serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3002) })
onClose(() => accounts.close())

async function beginSession(context: Context, user: User): Promise<void> {
  // `secure` follows what the browser used; the edge tells it in x-forwarded-proto.
  const secure = context.req.header('x-forwarded-proto') === 'https'
  await setSignedCookie(context, cookie, accounts.openSession(user.id), sessionKey, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    maxAge: sessionSeconds,
    secure
  })
}

async function readUser(context: Context): Promise<User | null> {
  const id = await getSignedCookie(context, sessionKey, cookie)
  return typeof id === 'string' ? accounts.findSession(id) : null
}

function unauthorized(context: Context): Response {
  return context.json({ error: 'Please log in.' }, 401)
}
