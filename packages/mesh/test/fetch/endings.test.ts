/** How calls of `fetch` end that do not end well, and what becomes of responses nobody reads. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { makeFetch } from '../../src/client/fetch.ts'
import { Fleet } from '../fixtures/fleet.ts'
import { ThreeWays, failure, sorted, type Act } from './three-ways.ts'

const undo: (() => unknown)[] = []
let ways: ThreeWays
let fetch: typeof globalThis.fetch
let base: string

before(async () => {
  ways = await ThreeWays.open({ after: step => undo.unshift(step) })
  ;({ fetch, base } = ways.ways[2])
})

after(async () => {
  for (const step of undo) await step()
})

function same(name: string, act: Act): void {
  test(name, async () => {
    const outcome = await ways.run(act)
    assert.deepEqual(outcome['short path'], outcome.socket)
    assert.deepEqual(sorted(outcome.dispatcher), sorted(outcome.socket))
  })
}

const caught = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(value => ({ value }), failure)

/** Runs `abort` once the handler holds a request, and until its side has seen the connection close. */
async function closing<Result>(
  path: string,
  act: (url: string) => Promise<Result>,
  origin: string
): Promise<Result> {
  const closings = (await ways.origin.call('closings')) as number
  const result = await act(origin + path)
  await ways.origin.call('closed', closings + 1)
  return result
}

const reasons: { readonly [name: string]: unknown } = {
  'no reason': undefined,
  'an error': new RangeError('enough'),
  'a string': 'enough',
  null: null
}
for (const [name, reason] of Object.entries(reasons)) {
  same(`aborted before, for ${name}`, (fetch, base) =>
    fetch(`${base}/`, { signal: AbortSignal.abort(reason) })
  )

  same(`aborted while it waits, for ${name}`, (fetch, base) =>
    closing(
      '/hold',
      async url => {
        const control = new AbortController()
        const pending = caught(fetch(url, { signal: control.signal }))
        await ways.origin.call('holding', 1)
        control.abort(reason)
        return pending
      },
      base
    )
  )

  same(`aborted while its body is read, for ${name}`, (fetch, base) =>
    closing(
      '/begin',
      async url => {
        const control = new AbortController()
        const response = await fetch(url, { signal: control.signal })
        const reader = response.body?.getReader()
        const first = await reader?.read()
        const second = caught(reader?.read())
        control.abort(reason)
        return [first?.value?.byteLength, await second, await caught(reader?.closed)]
      },
      base
    )
  )

  same(`aborted while its text is awaited, for ${name}`, (fetch, base) =>
    closing(
      '/begin',
      async url => {
        const control = new AbortController()
        const response = await fetch(url, { signal: control.signal })
        const text = caught(response.text())
        control.abort(reason)
        return [await text, response.bodyUsed]
      },
      base
    )
  )

  // Node 22's own fetch loses the reason here.
  test(`aborted before its body is read, for ${name}`, async () => {
    const control = new AbortController()
    const response = await fetch(`${base}/`, { signal: control.signal })
    control.abort(reason)
    const expected =
      reason ??
      (reason === null ? new DOMException('The operation was aborted.', 'AbortError') : control.signal.reason)
    assert.deepEqual(await caught(response.text()), failure(expected))
    assert.equal(response.bodyUsed, true)
  })
}

same('aborted as soon as its text is asked for', async (fetch, base) => {
  const control = new AbortController()
  const response = await fetch(`${base}/`, { signal: control.signal })
  const text = caught(response.text())
  control.abort()
  return text
})

same('aborted after its body was read', async (fetch, base) => {
  const control = new AbortController()
  const response = await fetch(`${base}/`, { signal: control.signal })
  const text = await response.text()
  control.abort()
  return [text, response.bodyUsed, response.ok]
})

same('aborted with a clone', (fetch, base) =>
  closing(
    '/begin',
    async url => {
      const control = new AbortController()
      const response = await fetch(url, { signal: control.signal })
      const texts = [caught(response.clone().text()), caught(response.text())]
      control.abort()
      return Promise.all(texts)
    },
    base
  )
)

same('a time limit', (fetch, base) =>
  closing(
    '/hold',
    async url => {
      // On a busy machine the time may be over before the request has arrived: then there is nothing to close.
      for (let limit = 40; ; limit *= 2) {
        const outcome = await caught(fetch(url, { signal: AbortSignal.timeout(limit) }))
        if (Number(await ways.origin.call('held')) > 0) return outcome
      }
    },
    base
  )
)

same('any of several signals', (fetch, base) =>
  closing(
    '/hold',
    async url => {
      const control = new AbortController()
      const signal = AbortSignal.any([control.signal, new AbortController().signal])
      const pending = caught(fetch(url, { signal }))
      await ways.origin.call('holding', 1)
      control.abort('any')
      return pending
    },
    base
  )
)

same('the signal of a Request', (fetch, base) =>
  closing(
    '/hold',
    async url => {
      const control = new AbortController()
      const pending = caught(fetch(new Request(url, { signal: control.signal })))
      await ways.origin.call('holding', 1)
      control.abort(new RangeError('enough'))
      return pending
    },
    base
  )
)

same('a cancelled stream closes the connection', (fetch, base) =>
  closing(
    '/begin',
    async url => {
      const { body } = await fetch(url)
      return caught(body?.cancel('enough'))
    },
    base
  )
)

same('a loop that is left closes the connection', (fetch, base) =>
  closing(
    '/begin',
    async url => {
      for await (const chunk of (await fetch(url)).body ?? []) return Buffer.from(chunk).toString()
      return null
    },
    base
  )
)

test('a connection that is broken off before its head fails the call', async () => {
  const failed = assert.rejects(fetch(`${base}/hold`), (error: Error & { cause: { code: string } }) => {
    assert.deepEqual([error.constructor, error.message], [TypeError, 'fetch failed'])
    assert.equal(error.cause.code, 'UND_ERR_SOCKET')
    return true
  })
  await ways.origin.call('holding', 1)
  await ways.origin.call('destroy')
  await failed
})

for (const [name, read] of Object.entries<(response: Response) => Promise<unknown>>({
  'its text': response => response.text(),
  'its stream': async response => {
    for await (const chunk of response.body ?? []) assert.equal(Buffer.from(chunk).toString(), 'first')
  }
})) {
  test(`a body that is broken off fails who reads ${name}`, async () => {
    const response = await fetch(`${base}/break`)
    const failed = assert.rejects(read(response), (error: Error & { cause: { code: string } }) => {
      assert.deepEqual([error.constructor, error.message], [TypeError, 'terminated'])
      assert.equal(error.cause.code, 'UND_ERR_SOCKET')
      return true
    })
    await ways.origin.call('destroy')
    await failed
  })
}

test('a body that was broken off fails who reads it later', async () => {
  const response = await fetch(`${base}/break`)
  const other = await fetch(`${base}/break`)
  await ways.origin.call('destroy')
  // Frames arrive in their order: the breaks have arrived with this answer.
  await (await fetch(`${base}/`)).text()
  await assert.rejects(response.text(), { name: 'TypeError', message: 'terminated' })
  await assert.rejects(other.body?.getReader().read() ?? Promise.resolve(), { message: 'terminated' })
})

test('a host nobody answers to fails with the code of the mesh', async () => {
  await assert.rejects(fetch('http://nobody.heddle.test/'), (error: Error & { cause: { code: string } }) => {
    assert.deepEqual([error.constructor, error.message], [TypeError, 'fetch failed'])
    assert.equal(error.cause.code, 'MESH_UNKNOWN_HOST')
    return true
  })
})

test('a thread that ends fails the calls it had begun', async t => {
  const fleet = new Fleet(t)
  const doomed = await fleet.start('doomed', '../fetch/origin.ts')
  const { mesh } = fleet.join()
  mesh.installGlobals()
  const answered = await globalThis.fetch('http://doomed.heddle.local/begin')
  const waiting = globalThis.fetch('http://doomed.heddle.local/hold', { method: 'POST' })
  await doomed.call('holding', 2)
  const failed = [
    assert.rejects(answered.text(), { message: 'terminated' }),
    assert.rejects(waiting, { message: 'fetch failed' })
  ]
  await doomed.kill()
  await Promise.all(failed)
})

test('a body nobody reads stops its writer, and is read to its end later', async () => {
  const response = await fetch(`${base}/endless`)
  let last = -1
  // The writer has stopped when it has written nothing between two answers of its thread.
  for (;;) {
    const now = (await ways.origin.call('bytesWritten')) as number
    if (now === last) break
    last = now
  }
  assert.ok(last < 2 * 1024 * 1024, String(last))
  const closings = (await ways.origin.call('closings')) as number
  let read = 0
  for await (const chunk of response.body ?? []) {
    read += chunk.byteLength
    if (read > 4 * 1024 * 1024) break
  }
  await ways.origin.call('closed', closings + 1)
})

test('a body that stays away fails who waits for it, and closes the connection', async t => {
  const fleet = new Fleet(t)
  const late = await fleet.start('late', '../fetch/origin.ts')
  const { client, domain } = fleet.join().mesh
  const options = { client, domain, timeoutMs: 0, bodyTimeoutMs: 100, original: fetch, isOpen: () => true }
  const response = await makeFetch(options)(`http://late${domain}/begin`)
  await assert.rejects(response.text(), (error: Error & { cause: { code: string } }) => {
    assert.deepEqual([error.constructor, error.message], [TypeError, 'terminated'])
    assert.equal(error.cause.code, 'UND_ERR_BODY_TIMEOUT')
    return true
  })
  await late.call('closed', 1)
})

test('a signal used often is not held on to', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  const control = new AbortController()
  const added = new Set<object>()
  const { signal } = control
  for (const name of ['addEventListener', 'removeEventListener'] as const) {
    const own = signal[name].bind(signal) as (type: string, listener: object) => void
    Reflect.set(signal, name, (type: string, listener: object) => {
      if (name === 'addEventListener') added.add(listener)
      else added.delete(listener)
      own(type, listener)
    })
  }
  await Promise.all(
    Array.from({ length: 50 }, async () => (await fetch(`${base}/pieces`, { signal })).text())
  )
  await Promise.all(
    Array.from({ length: 50 }, async () => (await fetch(`${base}/`, { signal })).json().catch(() => 0))
  )
  await Promise.all(Array.from({ length: 50 }, async () => fetch(`${base}/`, { signal, method: 'HEAD' })))
  assert.equal(added.size, 0)
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', note)
  assert.deepEqual(warnings, [])
})
