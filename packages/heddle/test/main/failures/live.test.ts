/** What clients are shown in development when an application fails: real files, threads and requests. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { transformSync } from 'esbuild'

import { startServer } from '../live-server.ts'
import { startDevServer } from '../dev/dev-server.ts'

const manifest = '{ "type": "module" }'
const fine = `export default (request, response) => {
  if (request.url === '/boom') setTimeout(() => explode(request))
  else response.end('fine')
}

function explode({ user }) {
  return user.name
}
`
const files = {
  'package.json': manifest,
  'heddle.json': '{ "applications": { "web": { "path": "web" } } }',
  'web/index.js': fine
}
const browser = { accept: 'text/html,application/xhtml+xml' }

interface Answer {
  readonly status: number
  readonly type: string
  readonly policy: string
  readonly body: string
}

/** By node's client, since fetch names no other host. */
async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(url, { headers, agent: false }, response => {
    const { statusCode: status = 0, headers: got } = response
    const facts = {
      status,
      type: got['content-type'] ?? '',
      policy: String(got['content-security-policy'] ?? '')
    }
    text(response).then(body => resolve({ ...facts, body }), reject)
  })
  sent.on('error', reject).end()
  return promise
}

async function versionOf(url: string): Promise<string | null> {
  const response = await fetch(new URL('/.heddle/development/web', url))
  const { version } = (await response.json()) as { version: string | null }
  return version
}

/** The version that follows one: the edge hears of it a moment after the main thread. */
async function versionAfter(url: string, known: string | null): Promise<string | null> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- It is asked for until it is another.
    const version = await versionOf(url)
    if (version !== known) return version
  }
}

test('a browser is shown what a handler has thrown, everybody else is told, and a fix is noticed', async t => {
  const dev = await startDevServer(t, files)
  const url = dev.server.status().url ?? ''
  const page = await get(`${url}/boom`, browser)
  assert.equal(page.status, 502)
  assert.match(page.type, /^text\/html/)
  assert.match(page.policy, /default-src 'none'/)
  assert.match(page.body, /Cannot read properties of undefined/)
  assert.match(page.body, /web\/index\.js:7:\d+/)
  assert.match(page.body, /return user\.name/)
  const told = await get(`${url}/boom`, { accept: 'application/json' })
  const { message } = JSON.parse(told.body) as { message: string }
  assert.match(message, /^web threw an error that nobody caught: TypeError: .* \(web\/index\.js:7:\d+\)$/)
  // Under a name that is none of ours somebody else's page may be asking.
  const strange = await get(`${url}/boom`, { ...browser, host: 'elsewhere.example' })
  assert.equal(strange.status, 502)
  assert.doesNotMatch(strange.body, /user|index\.js/)
  // The same version as long as the code is the same: a page does not ask for the same failure for ever.
  const shown = /data-version="([^"]+)"/.exec(page.body)?.[1] ?? null
  assert.equal(await versionOf(url), shown)
  await dev.after(
    () => dev.write('web/index.js', fine.replace('user.name', 'user?.name')),
    'application:updated'
  )
  assert.notEqual(await versionAfter(url, shown), null)
})

test('an application that does not start has a page until it is mended; one that did goes on answering', async t => {
  const dev = await startDevServer(t, { ...files, 'web/index.js': 'export const = 1' })
  const url = dev.server.status().url ?? ''
  const version = await versionAfter(url, null)
  const page = await get(url, browser)
  assert.equal(page.status, 503)
  assert.match(page.body, /<strong>web<\/strong> does not start/)
  assert.match(page.body, /SyntaxError/)
  assert.match(page.body, /export const = 1/)
  await dev.after(() => dev.write('web/index.js', fine), 'application:mended')
  const mended = await versionAfter(url, version)
  assert.equal((await get(url, browser)).body, 'fine')
  await dev.after(() => dev.write('web/index.js', 'import "./nowhere.js"'), 'application:broken')
  await versionAfter(url, mended)
  assert.equal((await get(url, browser)).body, 'fine')
})

test('places are those of the source that a source map names', async t => {
  const source = `interface Request { readonly user?: { readonly name: string } }

export default (request: Request, _response: unknown): void => {
  setTimeout(() => explode(request))
}

function explode({ user }: Request): string {
  return user!.name
}
`
  const { code, map } = transformSync(source, {
    loader: 'ts',
    sourcemap: 'external',
    sourcefile: '../src/index.ts',
    minify: true
  })
  const dev = await startDevServer(t, {
    ...files,
    'heddle.json': '{ "applications": { "web": { "path": "web", "entry": "dist/index.js" } } }',
    'web/src/index.ts': source,
    'web/dist/index.js': `${code}//# sourceMappingURL=index.js.map\n`,
    'web/dist/index.js.map': map
  })
  const { body } = await get(dev.server.status().url ?? '', browser)
  assert.match(body, /web\/src\/index\.ts:8:\d+/)
  assert.match(body, /return user!\.name/)
})

test('a server that serves shows nobody anything, and has no paths of its own', async t => {
  const { url } = await startServer(t, 'exits/handler.mjs')
  const page = await get(`${url}/sync`, browser)
  assert.equal(page.status, 502)
  assert.doesNotMatch(page.body, /\.mjs|<script/)
  const looked = await fetch(new URL('/.heddle/development/api', url))
  assert.doesNotMatch(await looked.text(), /version/)
})
