/** What diagnostics channels say of a request to the mesh: the same as of one over a socket, on both sides. */
import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import { before, test, type TestContext } from 'node:test'

import { ask } from './asking.ts'
import { outcome, same, start, type Both, type Side } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
const undo = undoing()
const sides = (): Both => both

before(async () => {
  both = await start(undo, '../undici/answering.ts')
})

interface Told {
  readonly request: Record<string, unknown> & { addHeader(name: string, value: string): unknown }
  readonly response?: { statusCode: number; statusText: string; headers: readonly Buffer[] }
  readonly trailers?: readonly Buffer[]
  readonly chunk?: Uint8Array | string
  readonly error?: Error & { code?: string }
  readonly headers?: string
  readonly socket?: { remoteAddress?: string }
}

const names = [
  'request:create',
  'client:sendHeaders',
  'request:bodyChunkSent',
  'request:bodySent',
  'request:headers',
  'request:bodyChunkReceived',
  'request:trailers',
  'request:error'
]

/** Header names whose lines are about a connection, or differ with time. */
const passing = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

function pairsOf(raw: readonly Buffer[]): string[] {
  const parts = raw.map(String)
  return parts.filter((_part, at) => !passing.has((parts[at - (at % 2)] ?? '').toLowerCase()))
}

/** Listens to all channels of undici until it is called for what they told, or the test ends. */
function listen(
  t: TestContext,
  onCreate: (request: Told['request']) => void = () => undefined
): () => unknown[] {
  const told: unknown[] = []
  const unsubscribe: (() => void)[] = []
  const stop = (): unknown[] => {
    for (const step of unsubscribe.splice(0)) step()
    return told
  }
  t.after(stop)
  for (const name of names) {
    const listener = (message: unknown): void => {
      const { request, response, trailers, chunk, error, headers, socket } = message as Told
      if (name === 'request:create') onCreate(request)
      told.push([
        name,
        [request['method'], request['path'], request['completed'], request['aborted']],
        [
          request['contentLength'],
          request['contentType'],
          request['upgrade'],
          [...(request['headers'] as string[])]
        ],
        response && [response.statusCode, response.statusText, pairsOf(response.headers)],
        trailers && pairsOf(trailers),
        chunk && Buffer.from(chunk as string).toString(),
        error && [error.name, error.code],
        headers && /^\S+ \S+ HTTP\/1\.1\r\n/.exec(headers)?.[0],
        socket?.remoteAddress
      ])
    }
    diagnosticsChannel.subscribe(`undici:${name}`, listener)
    unsubscribe.push(() => diagnosticsChannel.unsubscribe(`undici:${name}`, listener))
  }
  return stop
}

const watched: readonly [string, (side: Side) => Promise<unknown>][] = [
  ['a request without a body', side => ask(side, '/message')],
  [
    'a request with a query and headers',
    side => ask(side, '/message', { query: { a: 1 }, headers: { 'X-A': 'b' } })
  ],
  ['trailers', side => ask(side, '/trailers')],
  ['an informational response', side => ask(side, '/hints')],
  ['a body at once', side => ask(side, '/message', { method: 'POST', body: 'grün' })],
  ['a streamed body', side => ask(side, '/message', { method: 'PUT', body: Readable.from(['one']) })],
  ['a HEAD request', side => ask(side, '/message', { method: 'HEAD' })],
  ['a failure', side => outcome(ask(side, '/reset'))],
  ['a refusal to send', side => outcome(ask(side, '/', { headers: { x: 'a\nb' } }))]
]

for (const [name, run] of watched) {
  same(`the channels of undici tell of ${name}`, sides, async (side, t) => {
    const stop = listen(t)
    await run(side)
    return stop()
  })
}

same('headers that a subscriber adds are sent', sides, async (side, t) => {
  const stop = listen(t, request => {
    request.addHeader('traceparent', '00-1-2-01')
    request.addHeader('x-added', 'also')
  })
  const { text } = (await ask(side, '/headers', { headers: { 'X-Own': 'one' } })) as { text: string }
  stop()
  const parts = JSON.parse(text) as string[]
  return parts.filter((_part, at) => !/^(?:host|connection)$/i.test(parts[at - (at % 2)] ?? ''))
})

test('a header that a subscriber adds and that cannot be sent fails its request', async t => {
  listen(t, request => request.addHeader('x', 'a\r\nb'))
  const failed = (await outcome(ask(both.mesh, '/'))) as { code: string }
  assert.equal(failed.code, 'UND_ERR_INVALID_ARG')
})

test('the origin is told as it was given', async t => {
  let origin: unknown = null
  listen(t, request => {
    ;({ origin } = request)
  })
  await ask(both.mesh, '/')
  assert.equal(origin, both.mesh.origin)
})

same("node's own channels tell of a request in its server", sides, async side => {
  await side.call('listen')
  await side.call('forget')
  await ask(side, '/message')
  return side.call('noted', 'response.finish')
})
