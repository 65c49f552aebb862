/** The pages for when something went wrong. Pure. */
import { html } from '../html.ts'
import type { Html } from '../html.ts'

/** There is no such page. */
export function drawNotFound(): Html {
  return html`<section class="wide narrow failure">
    <p class="code">404</p>
    <h1>A dropped stitch</h1>
    <p>There is no page at this address. It may have moved, or it never was.</p>
    <p><a class="button" href="/products">Look around</a></p>
  </section>`
}

/** A request that could not be answered because of how it was made. */
export function drawRefused(status: number, sentence: string): Html {
  return html`<section class="wide narrow failure">
    <p class="code">${status}</p>
    <h1>That did not work</h1>
    <p>${sentence}</p>
    <p><a class="button" href="/">To the front page</a></p>
  </section>`
}

/** An application failed, or the storefront itself (`null`). Says nothing a stranger should not know. */
export function drawFailure(status: number, application: string | null, requestId: string): Html {
  const who = application === null ? 'Something in our shop' : `The part of our shop called “${application}”`
  return html`<section class="wide narrow failure">
    <p class="code">${status}</p>
    <h1>A thread has snapped</h1>
    <p>
      ${who} did not answer as it should. It has been noted and is being mended; please try again in a moment.
    </p>
    <p class="quiet">If you write to us about it, this is the number of your request:</p>
    <p><code>${requestId}</code></p>
    <p><a class="button" href="/">To the front page</a></p>
  </section>`
}
