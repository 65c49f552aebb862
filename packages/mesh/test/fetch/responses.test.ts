/** What the short path of `fetch` makes of an answer is what node's own fetch makes of it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'

import { ThreeWays, look, sorted, type Act } from './three-ways.ts'

const undo: (() => unknown)[] = []
let ways: ThreeWays

before(async () => {
  ways = await ThreeWays.open({ after: step => undo.unshift(step) })
})

after(async () => {
  for (const step of undo) await step()
})

function same(name: string, act: Act): void {
  test(name, async () => {
    const before = ways.passedOn()
    const outcome = await ways.run(act)
    assert.deepEqual(outcome['short path'], outcome.socket)
    assert.deepEqual(sorted(outcome.dispatcher), sorted(outcome.socket))
    assert.equal(ways.passedOn(), before)
  })
}

const looked =
  (path: string, init?: RequestInit): Act =>
  async (fetch, base) =>
    look(await fetch(base + path, init))

const base64 = (text: string | Uint8Array): string => encodeURIComponent(Buffer.from(text).toString('base64'))

for (const status of [
  200, 201, 204, 205, 206, 226, 299, 300, 301, 302, 304, 400, 401, 404, 407, 418, 500, 503, 599
]) {
  for (const method of ['GET', 'HEAD', 'POST']) {
    same(`${method} answered with ${status}`, looked(`/answer?status=${status}`, { method }))
  }
}
same('a status message of its own', looked('/answer?message=Fine%20indeed'))
same('an empty body', looked('/answer?body='))
same('an empty body in pieces', looked('/answer?body=&chunked'))
same('headers that come twice', looked('/answer?header=x-a=1&header=X-A=2&header=vary=a&header=vary=b'))
same('a body after its head', looked(`/answer?chunked&body=${base64('later')}`))
same('a body in pieces', looked('/pieces'))
same('early hints', looked('/hints'))
same('421 is asked again', looked('/misdirected'))
same('a redirect status without a location', looked('/answer?status=302&body=eA', { redirect: 'manual' }))

const chosen = (pairs: Iterable<[string, string]>): unknown =>
  [...pairs].filter(([name]) => /^(set|x|a)-/.test(name))

same('cookies', async (fetch, base) => {
  const { headers } = await fetch(
    `${base}/answer?header=set-cookie=a&header=x-b=2&header=set-cookie=c&header=a-a=1`
  )
  const visited: [string, string][] = []
  const selves = new Set<unknown>()
  headers.forEach((value, name, self) => {
    visited.push([name, value])
    selves.add(self)
  })
  return [
    headers.getSetCookie(),
    headers.get('Set-Cookie'),
    chosen(headers),
    chosen(headers.entries()),
    chosen(new Headers(headers)),
    [...headers.keys()].filter(name => name.includes('cookie')),
    [...headers.values()].filter(value => value === '2'),
    chosen(visited),
    [...selves].every(self => self === headers)
  ]
})

for (const [name, use] of Object.entries<(headers: Headers) => unknown>({
  'get without a name': headers => (headers as unknown as { get(): unknown }).get(),
  'get with a bad name': headers => headers.get('a b'),
  'get with a number': headers => headers.get(17 as never),
  'get of nothing': headers => headers.get('x-none'),
  'get in another case': headers => headers.get('CONTENT-type'),
  'has in another case': headers => [headers.has('Content-Type'), headers.has('x-none')],
  'has with a bad name': headers => headers.has(''),
  set: headers => headers.set('a', 'b'),
  'set with a bad value': headers => headers.set('a', 'b\n\nc'),
  'set without a value': headers => (headers as unknown as { set(name: string): void }).set('a'),
  append: headers => headers.append('a', 'b'),
  delete: headers => headers.delete('content-type'),
  'delete with a bad name': headers => headers.delete('a b'),
  'forEach without a function': headers => headers.forEach(null as never),
  'a tag': headers => Object.prototype.toString.call(headers),
  classes: headers => [headers instanceof Headers, headers.constructor === Headers],
  members: headers => {
    const members: string[] = []
    for (const name in headers) members.push(name)
    return members.toSorted()
  },
  'own keys': headers => Object.keys(headers)
})) {
  same(`headers: ${name}`, async (fetch, base) =>
    use((await fetch(`${base}/answer?header=content-type=text/x`)).headers)
  )
}

const bodies: { readonly [name: string]: string } = {
  json: base64('{"ü":[1,2,{"a":null}]}'),
  'no json': base64('{"a":'),
  marks: base64('\ufeff\ufeff{"a":1}'),
  latin: base64(new Uint8Array([0xe2, 0x82, 0x41, 0xff, 0x22, 0xf0, 0x9f, 0x98])),
  long: base64('"' + 'lönger '.repeat(1000) + '"'),
  empty: ''
}
const readers: { readonly [name: string]: (response: Response) => Promise<unknown> } = {
  text: response => response.text(),
  json: response => response.json(),
  bytes: async response => {
    const bytes = await response.bytes()
    return [bytes.constructor.name, bytes.buffer.byteLength, Array.from(bytes)]
  },
  arrayBuffer: async response => {
    const buffer = await response.arrayBuffer()
    return [buffer.constructor.name, Buffer.from(buffer).toString('hex')]
  },
  blob: async response => {
    const blob = await response.blob()
    return [blob.type, blob.size, await blob.text()]
  },
  formData: async response => [...(await response.formData())],
  stream: async response => {
    const chunks: Uint8Array[] = []
    for await (const chunk of response.body ?? []) chunks.push(chunk)
    return [chunks.every(chunk => chunk.constructor === Uint8Array), Buffer.concat(chunks).toString('hex')]
  },
  'own buffer': async response => {
    const reader = response.body?.getReader({ mode: 'byob' })
    const parts: string[] = []
    for (;;) {
      const { done, value } = (await reader?.read(new Uint8Array(7))) ?? { done: true, value: undefined }
      if (done) return parts.join('')
      parts.push(Buffer.from(value ?? []).toString('hex'))
    }
  },
  'response of the stream': async response => new Response(response.body, response).text(),
  clone: async response => {
    const copy = response.clone()
    return [await copy.text(), response.bodyUsed, await response.text(), copy.url === response.url]
  },
  'clone of a clone': async response => {
    const copy = response.clone()
    return Promise.all([copy.clone().text(), response.text(), copy.text()])
  },
  'clone after body': async response => {
    const { body } = response
    const copy = response.clone()
    return [body?.locked, await response.text(), await copy.text()]
  }
}
for (const [reader, read] of Object.entries(readers)) {
  for (const [body, encoded] of Object.entries(bodies)) {
    for (const how of ['', '&chunked']) {
      const path = `/answer?header=content-type=Application/JSON;%20a%3Db&body=${encoded}${how}`
      same(`${reader} of ${body}${how}`, async (fetch, base) => read(await fetch(base + path)))
      same(`${reader} of ${body}${how}, with a signal`, async (fetch, base) =>
        read(await fetch(base + path, { signal: new AbortController().signal }))
      )
    }
  }
  same(`${reader} where there is none`, async (fetch, base) => read(await fetch(`${base}/answer?status=204`)))
}

same('formData of a form', async (fetch, base) => {
  const response = await fetch(
    `${base}/answer?header=content-type=application/x-www-form-urlencoded&body=${base64('a=1&b=%C3%BC')}`
  )
  return [...(await response.formData())]
})

for (const [name, use] of Object.entries<(response: Response) => unknown>({
  'text twice': async response => [await response.text(), await response.text()],
  'clone after text': async response => [await response.text(), response.clone()],
  'text while a reader holds the stream': async response => [
    response.body?.getReader() !== undefined,
    await response.text()
  ],
  'body after text': async response => {
    const pending = response.text()
    const states = [response.bodyUsed, response.body?.locked]
    await pending
    return [states, response.bodyUsed, response.body?.locked, response.body === response.body]
  },
  'text after a cancelled body': async response => {
    await response.body?.cancel()
    return [response.bodyUsed, await response.text()]
  },
  'text after a released reader': async response => {
    const reader = response.body?.getReader()
    reader?.releaseLock()
    return [response.bodyUsed, await response.text(), response.bodyUsed]
  },
  'a stream as it is': response => [
    response.body === response.body,
    response.body instanceof ReadableStream,
    response.body?.locked,
    response.bodyUsed
  ],
  classes: response => [
    response instanceof Response,
    response.constructor === Response,
    Object.prototype.toString.call(response),
    Object.prototype.isPrototypeOf.call(Response.prototype, response)
  ],
  members: response => {
    const members: string[] = []
    for (const name in response) members.push(name)
    return members.toSorted()
  },
  'own properties': response => {
    Object.assign(response, { more: 1 })
    return [
      Object.keys(response),
      'ok' in response,
      'nothing' in response,
      (response as { more?: number }).more
    ]
  },
  'what cannot be set': response => {
    'use strict'
    ;(response as { status: number }).status = 5
  },
  inspection: response => inspect(response).replace(/headers: Headers \{[^}]*\}/, 'headers'),
  'textStream, where there is one': async response => {
    const stream = (response as { textStream?(): ReadableStream<string> }).textStream?.()
    if (stream === undefined) return null
    let text = ''
    for await (const piece of stream) text += piece
    return text
  },
  'json of a response with a prototype key': async response => response.json()
})) {
  same(`use: ${name}`, async (fetch, base) =>
    use(await fetch(`${base}/answer?body=${base64('{"__proto__":1}')}`))
  )
  same(`use: ${name}, while it arrives`, async (fetch, base) =>
    use(await fetch(`${base}/answer?chunked&body=${base64('{"__proto__":1}')}`))
  )
}

const codings = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'gzip, br', 'truncated', 'broken', 'empty', 'raw']
const said: { readonly [coding: string]: string } = {
  truncated: 'gzip',
  broken: 'gzip',
  empty: 'gzip',
  raw: 'deflate'
}
for (const coding of codings) {
  const path = `/encoded?as=${encodeURIComponent(coding)}&say=${encodeURIComponent(said[coding] ?? coding)}`
  // Node 22's own fetch may wait for ever for a broken body in pieces.
  for (const how of coding === 'broken' ? [''] : ['', '&pieces']) {
    same(`${coding}${how} is decoded`, looked(path + how))
    same(`${coding}${how} is decoded for a clone`, async (fetch, base) => {
      const response = await fetch(base + path + how)
      return [await response.clone().text(), await response.json().catch((error: Error) => error.message)]
    })
  }
  same(`${coding} is not asked of HEAD`, looked(path, { method: 'HEAD' }))
}

test('a broken body in pieces fails', async () => {
  const [, , { fetch, base }] = ways.ways
  const response = await fetch(`${base}/encoded?as=broken&say=gzip&pieces`)
  await assert.rejects(response.text(), { name: 'TypeError', message: 'terminated' })
  await assert.rejects(response.text(), { message: /unusable/ })
})

for (const say of [
  'identity',
  'unknown',
  'gzip, unknown',
  'GZIP',
  'gzip,',
  'gzip,gzip,gzip,gzip,gzip,gzip'
]) {
  same(
    `content-encoding ${say}`,
    looked(`/encoded?as=${say === 'GZIP' ? 'gzip' : ''}&say=${encodeURIComponent(say)}`)
  )
}
