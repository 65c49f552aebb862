/** The page that shows which worker of which application answered. Pure. */
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { applications } from '../services.ts'
import type { Tally } from '../tally.ts'

/** The page; `isDemo` adds the buttons that make an application fail. */
export function drawWorkers(tallies: readonly Tally[], calls: number, isDemo: boolean): Html {
  return html`<section class="wide">
    <h1>Who answers</h1>
    <p class="lead">
      Each row is one worker: a thread with its own copy of its application. To draw this page the storefront
      called every application ${calls} times at once through the mesh; whoever had the least to do answered.
    </p>
    <div class="actions">
      <button id="ask" type="button" hidden>Ask 400 times</button>
      <a class="button second" href="/workers">Start again</a>
      <span id="state" class="quiet" role="status"></span>
    </div>
    <table class="workers">
      <thead>
        <tr>
          <th>Worker</th>
          <th class="figure">Thread</th>
          <th>Share of the answers</th>
          <th class="figure">Answers</th>
          <th class="figure">Failed</th>
          <th class="figure">Median</th>
        </tr>
      </thead>
      <tbody id="workers" data-calls="${calls}">
        ${tallies.map(drawRow)}
      </tbody>
    </table>
    <p class="quiet">
      The share is that of all answers of the same application; the median is over this page's calls.
    </p>
    ${isDemo && drawDemo()}
    <script src="/assets/workers.js" defer></script>
  </section>`
}

function drawRow(tally: Tally): Html {
  return html`<tr data-application="${tally.application}">
    <td><b>${tally.worker}</b></td>
    <td class="figure">${tally.threadId ?? '–'}</td>
    <td>
      <meter min="0" max="1" value="${tally.share.toFixed(3)}">${Math.round(tally.share * 100)} %</meter>
    </td>
    <td class="figure">${tally.answers}</td>
    <td class="figure">${tally.failures}</td>
    <td class="figure">${tally.medianMs === null ? '–' : `${tally.medianMs.toFixed(1)} ms`}</td>
  </tr>`
}

function drawDemo(): Html {
  const breakable = applications.filter(
    application => application === 'catalog' || application === 'invoices'
  )
  return html`<h2>Break something</h2>
    <p class="lead">
      An application that fails gives a page that says so, with the id under which the logs tell more. A
      worker that crashes is replaced: come back a moment later and look at its thread number.
    </p>
    <div class="actions">
      ${breakable.map(
        application =>
          html`<form method="post" action="/workers/break">
            <input type="hidden" name="application" value="${application}" />
            <button class="second" name="how" value="fail">Let the ${application} fail</button>
            <button class="second" name="how" value="crash">Crash a worker of the ${application}</button>
          </form>`
      )}
    </div>`
}
