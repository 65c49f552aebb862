/**
 * Sends pages and sets cookies: what all routes of the storefront have in common.
 */
import type { FastifyReply } from 'fastify'
import { identity } from 'heddle/worker'

import type { WantedLine } from '../shared/contract.ts'
import { countPieces, formatCart } from './cart.ts'
import { toText } from './html.ts'
import type { Html } from './html.ts'
import { drawPage } from './views/layout.ts'
import type { Visit } from './visit.ts'

/** A page to send. */
export interface PageToSend {
  readonly title: string
  readonly body: Html
  /** @default 200 */
  readonly status?: number
  /** Text in the search field. */
  readonly words?: string
}

/** Sends a whole page. Pages differ from visitor to visitor, so nobody may keep them. */
export async function sendPage(reply: FastifyReply, visit: Visit, page: PageToSend): Promise<FastifyReply> {
  const user = await visit.greeting()
  const document = drawPage({
    title: page.title,
    body: page.body,
    words: page.words ?? '',
    user,
    pieces: countPieces(visit.cart),
    worker: identity.name,
    trail: visit.trail,
    requestId: visit.requestId
  })
  return reply
    .code(page.status ?? 200)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(toText(document))
}

/** Sends the browser to another page with a GET, whatever it came with. */
export function seeOther(reply: FastifyReply, path: string): FastifyReply {
  return reply.redirect(path, 303)
}

/** Gives the browser its cart for a month, or takes it away when it is empty. */
export function setCart(reply: FastifyReply, lines: readonly WantedLine[]): void {
  const seconds = lines.length === 0 ? 0 : 30 * 24 * 3600
  reply.header('set-cookie', `cart=${formatCart(lines)}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax`)
}

/** Hands the cookies that another application set on to the browser. */
export function passCookies(reply: FastifyReply, response: Response): void {
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
}

/** A path of this shop to go on to; anything that leads elsewhere becomes the front page. */
export function toLocalPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : '/'
}
