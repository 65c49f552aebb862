/**
 * One visitor's request: who it is, what is in the cart, and who was asked along the way.
 *
 * Lives as long as its request. Made by `shop.ts` before any route runs; nothing of it is kept.
 */
import type { FastifyRequest } from 'fastify'

import type { User, WantedLine } from '../shared/contract.ts'
import { parseCart } from './cart.ts'
import { createCaller, readJson, ServiceFailure } from './services.ts'
import type { Answer, CallApplication } from './services.ts'

declare module 'fastify' {
  interface FastifyRequest {
    visit: Visit
  }
}

/** What the routes and pages know about a request. */
export interface Visit {
  readonly requestId: string
  /** Path and query, for coming back after a login. */
  readonly url: string
  readonly cart: readonly WantedLine[]
  /** Answers of other applications so far. */
  readonly trail: readonly Answer[]
  readonly call: CallApplication
  /** Headers with which the accounts know the visitor. */
  readonly credentials: Readonly<Record<string, string>>
  /**
   * Who this is; asked once, and not at all of visitors without a session.
   *
   * @throws {@link ServiceFailure} when the accounts cannot say.
   */
  user(): Promise<User | null>
  /** Who this is as far as the accounts can say: a page that only greets must not fail with them. */
  greeting(): Promise<User | null | 'unknown'>
}

/** Looks at a request. */
export function createVisit(request: FastifyRequest): Visit {
  const cookies = parseCookies(request.headers.cookie)
  const trail: Answer[] = []
  const call = createCaller(request.id, trail)
  const credentials = readCredentials(request, cookies)
  let asked: Promise<User | null> | undefined
  const user = (): Promise<User | null> => {
    asked ??= cookies.has('session') ? askWho(call, credentials) : Promise.resolve(null)
    return asked
  }
  const greeting = (): Promise<User | null | 'unknown'> =>
    user().catch((error: unknown) => {
      if (error instanceof ServiceFailure) return 'unknown'
      throw error
    })
  return {
    requestId: request.id,
    url: request.url,
    cart: parseCart(cookies.get('cart')),
    trail,
    call,
    credentials,
    user,
    greeting
  }
}

async function askWho(
  call: CallApplication,
  headers: Readonly<Record<string, string>>
): Promise<User | null> {
  const response = await call('accounts', { path: '/session', headers })
  if (response.ok) return readJson<User>(response)
  await response.body?.cancel()
  return null
}

/** Only the session goes on to the accounts, not everything the browser sends. */
function readCredentials(
  request: FastifyRequest,
  cookies: ReadonlyMap<string, string>
): Readonly<Record<string, string>> {
  const session = cookies.get('session')
  const protocol = request.headers['x-forwarded-proto']
  return {
    ...(session === undefined ? {} : { cookie: `session=${session}` }),
    ...(typeof protocol === 'string' ? { 'x-forwarded-proto': protocol } : {})
  }
}

function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const pairs = (header ?? '').split(';').map(pair => pair.trim())
  return new Map(
    pairs.flatMap(pair => {
      const equals = pair.indexOf('=')
      return equals > 0 ? [[pair.slice(0, equals), pair.slice(equals + 1)] as const] : []
    })
  )
}
