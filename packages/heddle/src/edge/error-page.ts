/**
 * A failure of an application as a page in the browser, for development: what happened, the code, the way there.
 *
 * Edge thread; pure: facts in, HTML out. What an error says is hostile input, all of it is escaped, and the page
 * loads nothing: its style and its script are in it, and nothing else is allowed to run.
 */
import type { ApplicationFailure } from '../channel/failure.ts'
import { markerIndent } from '../shared/code-frame.ts'
import type { CodeFrame } from '../shared/code-frame.ts'
import type { ExplainedCall } from '../shared/explained-error.ts'
import { pageScript, pageStyle } from './error-page-assets.ts'

/** What a page shows. */
export interface FailurePage {
  readonly status: number
  /** Id of the application. */
  readonly application: string
  readonly failure: ApplicationFailure
  /** Of the request. */
  readonly method: string
  readonly target: string
  readonly requestId: string
  /** The page looks whether this is still the version, and loads itself anew when it is not. */
  readonly version: string
  /** Where it looks. */
  readonly versionPath: string
  /** A random text, new for each page, without which no script runs and no style counts. */
  readonly nonce: string
}

/** The header lines of a page with this nonce, beside those every answer has. */
export function pageHeaders(nonce: string): readonly string[] {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'"
  ]
  return [
    `Content-Security-Policy: ${policy.join('; ')}`,
    'X-Content-Type-Options: nosniff',
    'Referrer-Policy: no-referrer'
  ]
}

/** The page. */
export function failurePage(page: FailurePage): string {
  const { application, failure, status, nonce, version, versionPath, method } = page
  const { error } = failure
  const isSafe = method === 'GET' || method === 'HEAD'
  const headline = `${error.name}: ${error.message}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escape(shorten(headline, 80))} · ${escape(application)}</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body data-version="${escape(version)}" data-path="${escape(versionPath)}" data-reload="${isSafe}">
<main>
<header>
<p class="what"><span class="status">${status}</span> ${what(application, failure)}</p>
<h1><span class="name">${escape(error.name)}</span>${code(error.code)}<span class="message">${escape(error.message)}</span></h1>
</header>
${codeSection(page)}
${stackSection(error.calls, error.place !== null)}
${causesSection(error.causes)}
<footer>
<p role="status" id="state">${stateText(isSafe)}</p>
<dl>
<div><dt>Request</dt><dd>${escape(method)} ${escape(shorten(page.target, 300))}</dd></div>
${page.requestId === '' ? '' : `<div><dt>Id</dt><dd>${escape(page.requestId)}</dd></div>`}
<div><dt>Time</dt><dd><time datetime="${new Date(failure.at).toISOString()}">${clock(failure.at)}</time></dd></div>
</dl>
<p>This page is shown in development only.</p>
</footer>
</main>
<script nonce="${nonce}">${pageScript}</script>
</body>
</html>
`
}

/** What has happened, in words that follow the application's name. */
export const stageWords: { readonly [Stage in ApplicationFailure['stage']]: string } = {
  start: 'does not start',
  run: 'threw an error that nobody caught',
  exit: 'ended its worker'
}

function what(application: string, { stage, worker }: ApplicationFailure): string {
  const name = `<strong>${escape(application)}</strong>`
  if (stage === 'start') return `${name} ${stageWords.start}`
  const by = worker === null ? '' : ` <span class="worker">(${escape(worker)})</span>`
  return `${name} ${stageWords[stage]}${by}`
}

function code(value: string | null): string {
  return value === null ? '' : ` <span class="code">${escape(value)}</span>`
}

function stateText(isSafe: boolean): string {
  return isSafe
    ? 'This page loads itself anew as soon as the code has changed and runs.'
    : 'This page says so as soon as the code has changed and runs; send the request again then.'
}

function codeSection({ failure }: FailurePage): string {
  const { place, frame } = failure.error
  if (place === null) return ''
  const at = [place.file, place.line, ...(place.column === null ? [] : [place.column])].join(':')
  const lines =
    frame === null ? '' : `<pre tabindex="0" aria-label="Source"><code>${frameLines(frame)}</code></pre>`
  return `<figure>
<figcaption>${escape(at)}</figcaption>
${lines}
</figure>`
}

function frameLines(frame: CodeFrame): string {
  const width = String(frame.lines.at(-1)?.number ?? 0).length
  const indent = markerIndent(frame)
  return frame.lines
    .map(({ number, text }) => {
      const gutter = `<span class="number">${String(number).padStart(width)}</span>`
      if (number !== frame.line) return `<span class="line">${gutter} ${escape(text)}\n</span>`
      const marker =
        indent === null
          ? ''
          : `<span class="line marker" aria-hidden="true"><span class="number">${' '.repeat(width)}</span> ${indent}<b>^</b>\n</span>`
      return `<mark class="line">${gutter} ${escape(text)}\n</mark>${marker}`
    })
    .join('')
}

function stackSection(calls: readonly ExplainedCall[], isPlaced: boolean): string {
  if (calls.length === 0) return ''
  const own = calls.filter(({ origin }) => origin === 'own')
  const others = calls.length - own.length
  const first = own.length === 0 ? '' : `<ol>${own.map(callItem).join('')}</ol>`
  const all =
    others === 0
      ? ''
      : `<details${own.length === 0 && !isPlaced ? ' open' : ''}><summary>All ${calls.length} calls, packages and Node.js included</summary><ol>${calls.map(callItem).join('')}</ol></details>`
  return `<section>
<h2>Stack</h2>
${first}
${all}
</section>`
}

function callItem({ name, file, line, column, origin }: ExplainedCall): string {
  const place = escape(`${file}:${line}:${column ?? 1}`)
  const shown = name === null ? '' : `<span class="call">${escape(name)}</span> `
  return `<li class="${origin}">${shown}<span class="place">${place}</span></li>`
}

function causesSection(causes: readonly string[]): string {
  if (causes.length === 0) return ''
  return `<section>
<h2>Caused by</h2>
<ol>${causes.map(cause => `<li>${escape(cause)}</li>`).join('')}</ol>
</section>`
}

function clock(at: number): string {
  return new Date(at).toTimeString().slice(0, 8)
}

function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text
}

// oxlint-disable-next-line no-control-regex -- They are what this is about.
const unseen = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g

/** Everything that means something to HTML as a reference; what would hide or turn text around, written out. */
function escape(text: string): string {
  return text
    .replaceAll(unseen, control)
    .replaceAll(/[&<>"'`]/g, character => `&#${character.charCodeAt(0)};`)
}

function control(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
