/** Requests that are sent into the applications of a whole server, past the network. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { isFailure } from '../../../src/errors.ts'
import type { HeddleFailures } from '../../../src/errors.ts'
import type { Operations } from '../../../src/main/admin/operations.ts'
import { startServer } from '../live-server.ts'
import type { LiveServer } from '../live-server.ts'
import { wholeFile } from '../whole-file.ts'

const run = promisify(execFile)

type Inject = (request: Parameters<Operations['inject']>[1]) => ReturnType<Operations['inject']>

const file = wholeFile()
let live: LiveServer
before(async () => {
  live = await startServer(file, 'injected/app.mjs', { health: { explainBlocked: false } })
})

const inject: Inject = request => live.server.operations.inject('api', request)

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString('utf8')
}

async function fails<Code extends keyof HeddleFailures>(
  answer: Promise<unknown>,
  code: Code
): Promise<HeddleFailures[Code]> {
  const error: unknown = await answer.then(
    () => assert.fail(`It was answered, and not refused with ${code}.`),
    (thrown: unknown) => thrown
  )
  assert.ok(isFailure(error, code), `${String(error)} is no ${code}`)
  return error.detail
}

test('inject() is seen by the application as any request, and returns what it answers', async () => {
  const answer = await inject({
    method: 'POST',
    path: '/echo?a=1',
    headers: { 'X-Own': ['one', 'two'], Accept: 'text/plain' },
    body: Buffer.from('{"ä":1}')
  })
  const { body, headers, worker, ...rest } = JSON.parse(textOf(answer.body))
  assert.deepEqual(rest, { method: 'POST', url: '/echo?a=1' })
  assert.equal(Buffer.from(body, 'base64').toString(), '{"ä":1}')
  assert.partialDeepStrictEqual(headers, {
    host: 'api.heddle.local',
    'x-own': 'one, two',
    accept: 'text/plain',
    'content-length': '8'
  })
  assert.match(headers['x-request-id'], /^[\w-]{10,}$/)
  assert.equal(worker, 'api:0')
  assert.equal(answer.worker, 'api:0')
  assert.equal(answer.status, 200)
  assert.ok(answer.durationMs > 0)
  const cookies = answer.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')
  assert.deepEqual(
    cookies.map(([, value]) => value),
    ['a=1', 'b=2']
  )
})

test('inject() leaves a host and a request id alone that are given', async () => {
  const given = { host: 'shop.example', 'x-request-id': 'mine' }
  const { headers } = JSON.parse(textOf((await inject({ path: '/echo', headers: given })).body))
  assert.partialDeepStrictEqual(headers, given)
})

/** What is asked for, and what comes of it: status, body. */
const answers: readonly [method: string, path: string, status: number, body: string][] = [
  ['GET', '/none', 204, ''],
  ['HEAD', '/head', 200, ''],
  ['GET', '/head', 200, 'bytes'],
  ['GET', '/pieces', 200, 'one two three'],
  ['GET', '/early', 200, 'late'],
  ['DELETE', '/nowhere', 404, 'nothing here']
]

test('inject() takes in answers of every form', async () => {
  for (const [method, path, status, body] of answers) {
    const answer = await inject({ method, path })
    assert.equal(answer.status, status, path)
    assert.equal(textOf(answer.body), body, path)
    assert.equal(answer.complete, true, path)
  }
  assert.deepEqual([...(await inject({ path: '/bytes' })).body], [0xff, 0x00, 0xfe])
})

test('inject() returns what has come of an answer without an end when its time is over', async () => {
  const answer = await begun(200)
  assert.equal(textOf(answer.body), 'data: first\n\n')
  assert.equal(answer.complete, false)
  assert.equal(answer.status, 200)
})

/** What has come of an answer without an end in so many milliseconds; in more when that was nothing yet. */
async function begun(timeoutMs: number): ReturnType<Inject> {
  try {
    return await inject({ path: '/events', timeoutMs })
  } catch (error) {
    if (!isFailure(error, 'HEDDLE_INJECT_TIMEOUT') || timeoutMs > 10_000) throw error
    return begun(timeoutMs * 4)
  }
}

test('inject() says that no answer has begun in time', async () => {
  assert.equal(
    (await fails(inject({ path: '/silent', timeoutMs: 200 }), 'HEDDLE_INJECT_TIMEOUT')).afterMs,
    200
  )
})

test('inject() takes bodies of 10 MB and no larger ones', async () => {
  const body = Buffer.alloc(10_000_000, 'z')
  const { body: seen } = JSON.parse(textOf((await inject({ method: 'PUT', path: '/count', body })).body))
  assert.equal(seen, 10_000_000)
  assert.equal((await inject({ path: '/ten' })).body.byteLength, 10_000_000)
  await fails(
    inject({ method: 'PUT', path: '/echo', body: Buffer.alloc(10_000_001) }),
    'HEDDLE_REQUEST_INVALID'
  )
  const { reason } = await fails(inject({ path: '/large' }), 'HEDDLE_INJECT_FAILED')
  assert.match(reason, /more than 10 MB/)
})

test('inject() says that an answer was broken off, or its worker lost', async () => {
  const { next } = live
  assert.match((await fails(inject({ path: '/broken' }), 'HEDDLE_INJECT_FAILED')).reason, /broke off/)
  const back = next('worker:ready')
  await fails(inject({ method: 'POST', path: '/crash' }), 'HEDDLE_INJECT_FAILED')
  await back
})

/** Requests that cannot be sent, and what is wrong with them. */
const invalid: readonly [request: Parameters<Inject>[0], reason: RegExp][] = [
  [{ path: 'echo' }, /begin with a slash/],
  [{ path: '/a b' }, /be encoded/],
  [{ path: '/a\r\nx: y' }, /be encoded/],
  [{ path: '/', method: 'GET /' }, /method/],
  [{ path: '/', method: 'CONNECT' }, /method/],
  [{ path: '/', headers: { 'a b': '1' } }, /header/],
  [{ path: '/', headers: { a: 'x\r\ny: z' } }, /header/],
  [{ path: '/', headers: { 'content-length': '+7' } }, /not valid: \+7$/],
  [{ path: '/', headers: { 'content-length': '7' } }, /content-length says 7/],
  [{ path: '/', timeoutMs: 0 }, /timeout/],
  [{ path: '/', body: 'text' as unknown as Uint8Array }, /Uint8Array/]
]

test('inject() refuses requests that are none', async () => {
  for (const [request, reason] of invalid) {
    assert.match((await fails(inject(request), 'HEDDLE_REQUEST_INVALID')).reason, reason)
  }
})

test('inject() reaches the worker that is chosen, also one that is out of balancing', async () => {
  const { server } = live
  await server.operations.scale('api', 3)
  for (const worker of [2, 0, 1, 2]) {
    assert.equal((await inject({ path: '/echo', worker })).worker, `api:${worker}`)
  }
  await server.operations.drainWorker('api', 1)
  assert.equal((await inject({ path: '/echo', worker: 1 })).worker, 'api:1')
  const others = new Set<string>()
  while (others.size < 2) {
    const { worker } = await inject({ path: '/echo' })
    assert.match(worker, /^api:[02]$/)
    others.add(worker)
  }
  await fails(inject({ path: '/echo', worker: 3 }), 'HEDDLE_UNKNOWN_WORKER')
})

test('inject() says that nobody takes requests', async () => {
  const { server } = live
  await server.operations.stopApplication('api')
  await fails(inject({ path: '/echo' }), 'HEDDLE_INJECT_UNAVAILABLE')
  await fails(server.operations.inject('other', { path: '/' }), 'HEDDLE_UNKNOWN_APPLICATION')
})

test('inject() loads no HTTP client into the main thread, and keeps nothing alive', async () => {
  const script = fileURLToPath(new URL('lonely.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--no-warnings', '--conditions=@heddle/source', script])
  assert.deepEqual(JSON.parse(stdout), { status: 200, undici: [] })
})
