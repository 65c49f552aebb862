/** The frame around every page: head, navigation, foot. Pure. */
import type { User } from '../../shared/contract.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Answer } from '../services.ts'

/** What the frame shows besides the page itself. */
export interface Frame {
  readonly title: string
  readonly body: Html
  /** Text in the search field. */
  readonly words?: string
  readonly user: User | null | 'unknown'
  /** Pieces in the cart. */
  readonly pieces: number
  /** The worker that drew the page. */
  readonly worker: string
  /** The answers the page was made from. */
  readonly trail: readonly Answer[]
  readonly requestId: string
}

/** How many answers fit at the foot of a page. */
const mostAnswers = 6

/** A whole page. */
export function drawPage(frame: Frame): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${frame.title} · Heddle &amp; Weft</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/shop.css" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        ${drawHeader(frame)}
        <main id="content">${frame.body}</main>
        ${drawFooter(frame)}
      </body>
    </html>`
}

function drawHeader({ words, user, pieces }: Frame): Html {
  return html`<header class="top">
    <div class="wide bar">
      <a class="brand" href="/"
        ><img src="/assets/icon.svg" alt="" width="34" height="34" />Heddle &amp; Weft</a
      >
      <form class="search" action="/products" role="search">
        <input
          type="search"
          name="q"
          value="${words}"
          placeholder="Search yarn, cloth, colours…"
          aria-label="Search"
        />
        <button>Search</button>
      </form>
      <nav aria-label="Shop">
        <a href="/products">Shop</a>
        ${drawAccountLink(user)}
        <a class="cart-link" href="/cart">Cart${pieces > 0 && html` <span class="badge">${pieces}</span>`}</a>
      </nav>
    </div>
  </header>`
}

function drawAccountLink(user: Frame['user']): Html {
  if (user === 'unknown') return html`<span class="quiet" title="The accounts do not answer">Account</span>`
  return user === null ? html`<a href="/login">Log in</a>` : html`<a href="/account">${user.name}</a>`
}

function drawFooter({ worker, trail, requestId }: Frame): Html {
  return html`<footer class="bottom">
    <div class="wide">
      <p>
        A shop that sells nothing: the example of Heddle, four applications in one process.
        <a href="/workers">See the workers</a>
      </p>
      <p class="trail">
        This page: <b>${worker}</b>
        ${trail.slice(0, mostAnswers).map(drawAnswer)}
        ${trail.length > mostAnswers && html`<span>and ${trail.length - mostAnswers} more</span>`}
        <span>request ${requestId}</span>
      </p>
    </div>
  </footer>`
}

function drawAnswer({ worker, tookMs }: Answer): Html {
  return html`<span><b>${worker}</b> ${tookMs.toFixed(1)} ms</span>`
}
