/** OpenTelemetry's instrumentations of undici and http, each in a worker thread, on both sides of the mesh. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { Fleet, type Hand } from '../fixtures/fleet.ts'
import { undoing } from './undoing.ts'

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly status: number
  readonly attributes: Readonly<Record<string, unknown>>
}

const INTERNAL = 0
const SERVER = 1
const CLIENT = 2

const undo = undoing()
let front: Hand
let back: Hand

before(async () => {
  const fleet = new Fleet(undo)
  front = await fleet.start('front', '../undici/traced.ts')
  back = await fleet.start('back', '../undici/traced.ts')
})

/** The spans of a thread, which ends those of its server some time after the answer has left. */
async function spansOf(hand: Hand, count: number): Promise<Span[]> {
  return (await hand.call('spans', count)) as Span[]
}

function only(spans: readonly Span[], kind: number): Span {
  const [span, ...others] = spans.filter(one => one.kind === kind)
  assert.ok(span !== undefined && others.length === 0, `${spans.length} spans, ${others.length + 1} too many`)
  return span
}

for (const client of ['undici', 'fetch']) {
  test(`a call by ${client} is one trace through client and server`, async () => {
    const url = 'http://back.heddle.local/'
    const { traceId, spanId, text } = (await front.call('run', client, url)) as Record<string, string>
    const [sent, received] = [await spansOf(front, 2), await spansOf(back, 1)]
    const [caller, call, served] = [only(sent, INTERNAL), only(sent, CLIENT), only(received, SERVER)]
    assert.deepEqual([caller.traceId, caller.spanId], [traceId, spanId])
    assert.deepEqual([call.traceId, call.parentId], [traceId, spanId])
    assert.deepEqual([served.traceId, served.parentId], [traceId, call.spanId])
    const seen = JSON.parse(text ?? '') as Record<string, string>
    assert.deepEqual([seen['traceId'], seen['spanId']], [traceId, served.spanId])
    assert.equal(seen['traceparent'], `00-${traceId ?? ''}-${call.spanId}-01`)
    assert.equal(call.attributes['http.response.status_code'], 200)
    assert.equal(call.attributes['server.address'], 'back.heddle.local')
    assert.equal(call.attributes['url.full'], url)
  })

  test(`a call by ${client} inside a handler continues the trace of the request`, async () => {
    const headers = { 'x-client': client, 'x-next': 'http://back.heddle.local/' }
    const ran = (await front.call('run', client, 'http://front.heddle.local/', headers)) as Span
    const [sent, received] = [await spansOf(front, 4), await spansOf(back, 1)]
    const outer = sent.find(span => span.kind === CLIENT && span.parentId === ran.spanId)
    const served = only(sent, SERVER)
    const inner = sent.find(span => span.kind === CLIENT && span.parentId === served.spanId)
    assert.equal(served.parentId, outer?.spanId)
    assert.equal(only(received, SERVER).parentId, inner?.spanId)
    assert.deepEqual([...new Set([...sent, ...received].map(({ traceId }) => traceId))], [ran.traceId])
  })

  test(`a failed call by ${client} is a failed span`, async () => {
    await front.call('run', client, 'http://back.heddle.local/missing')
    assert.equal(only(await spansOf(front, 2), CLIENT).attributes['http.response.status_code'], 404)
    await front.call('run', client, 'http://back.heddle.local/destroy')
    const failed = only(await spansOf(front, 2), CLIENT)
    assert.deepEqual([failed.status, failed.attributes['error.type']], [2, 'UND_ERR_SOCKET'])
    await spansOf(back, 2)
  })
}
