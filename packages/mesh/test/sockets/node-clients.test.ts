/**
 * What a client of `node:http` sees is the same over a real socket, by the mesh's agent and by the connection
 * hook: events and their order, counters, reuse of connections. Each scenario is run over all ways.
 */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { after, before, test } from 'node:test'

import { openWays, type Way, type Ways } from './ways.ts'

let ways: Ways
let visits = 0

before(async () => {
  ways = await openWays()
})
after(() => ways.close())

/** A request under observation. */
interface Observed {
  readonly req: ClientRequest
  readonly url: string
  readonly events: unknown[]
  /** Resolves when request and response have closed. */
  readonly over: Promise<void>
  /** Resolves when the first piece of the response has come, and when its end has. */
  readonly begun: Promise<void>
  readonly ended: Promise<void>
}

function observe(way: Way, path: string, options: RequestOptions = {}): Observed {
  const target = `${path}?${++visits}`
  const events: unknown[] = []
  const req = request(`${way.origin}${target}`, { agent: way.agent, ...options })
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let open = 1
  const closed = (): void => {
    if (--open === 0) resolve()
  }
  req.on('socket', ({ connecting }) => {
    events.push(`socket ${req.reusedSocket ? 'reused' : connecting ? 'connecting' : 'connected'}`)
  })
  for (const name of ['finish', 'continue', 'timeout', 'abort']) req.on(name, () => events.push(name))
  req.on('information', ({ statusCode, headers }) => events.push([statusCode, headers['link']]))
  req.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code} ${error.message}`))
  req.on('close', () => {
    events.push('close')
    closed()
  })
  req.on('response', res => {
    open++
    // In this very call: a response that is there whole has ended before a promise settles.
    watch(res, events, closed)
    res.once('data', () => begun.resolve())
    res.once('end', () => ended.resolve())
  })
  return { req, url: target, events, over, begun: begun.promise, ended: ended.promise }
}

function watch(res: IncomingMessage, events: unknown[], closed: () => void): void {
  events.push(`response ${res.statusCode}`)
  const { etag, trailer } = res.headers
  if (etag !== undefined || trailer !== undefined) events.push([etag, trailer])
  let body = ''
  res.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
  res.on('end', () => events.push(`end ${body.length > 100 ? body.length : body}`, res.rawTrailers))
  res.on('aborted', () => events.push(`aborted after ${body}`))
  res.on('error', (error: NodeJS.ErrnoException) => events.push(`response error ${error.code}`))
  res.on('close', () => {
    events.push(`response close ${res.complete ? 'complete' : 'incomplete'}`)
    closed()
  })
}

type Scenario = (way: Way) => Promise<unknown>

/** Sends a request whole and resolves with what was seen of it. */
function simple(path: string, options: RequestOptions = {}, body?: string | Buffer): Scenario {
  return async way => {
    const { req, events, over } = observe(way, path, options)
    req.end(body)
    await over
    return events
  }
}

const post = { method: 'POST' }

const scenarios: { readonly [name: string]: Scenario } = {
  GET: simple('/'),
  HEAD: simple('/', { method: 'HEAD' }),
  'a response in pieces': simple('/chunks'),
  'a response without content, 204': simple('/204'),
  'a response without content, 304': simple('/304'),
  'a response that closes the connection': simple('/close'),
  'a request that closes the connection': simple('/', { headers: { connection: 'close' } }),
  'an agent of its own': simple('/', { agent: false }),
  'early hints': simple('/hints'),
  'a POST with its length': simple('/echo', post, 'body'),
  'a large POST': simple('/count', post, Buffer.alloc(400_000, 'x')),
  'a response that is cut': simple('/cut'),

  'a chunked POST with trailers': async way => {
    const { req, events, over } = observe(way, '/trailers', {
      ...post,
      headers: { trailer: 'x-t', 'transfer-encoding': 'chunked' }
    })
    req.write('one')
    req.write('two')
    req.addTrailers({ 'x-t': 'tail' })
    req.end()
    await over
    return events
  },

  'an expectation': async way => {
    const headers = { expect: '100-continue', 'content-length': '4' }
    const { req, events, over } = observe(way, '/echo', { ...post, headers })
    req.flushHeaders()
    await once(req, 'continue')
    req.end('body')
    await over
    return events
  },

  'a response before the upload is over': async way => {
    const { req, events, over, ended } = observe(way, '/early', post)
    req.write('some of it')
    await ended
    req.destroy()
    await over
    // Whether the connection is seen to break before the request is given up is a matter of luck over TCP.
    return events.filter(event => !String(event).startsWith('error'))
  },

  'a handler that breaks the connection': async way => {
    const { req, events, over } = observe(way, '/destroy')
    req.end()
    await over
    return events
  },

  'a connection reused after an error': async way => {
    const seen: unknown[] = []
    for (const path of ['/', '/destroy', '/', '/']) seen.push(await simple(path)(way))
    return seen
  },

  'an abort while waiting': async way => {
    const { req, url, events, over } = observe(way, '/hold')
    req.end()
    await way.call('noted', `begun ${url}`)
    req.destroy()
    await over
    await way.call('noted', `broken ${url}`)
    return events
  },

  'an abort by a signal': async way => {
    const control = new AbortController()
    const { req, url, events, over } = observe(way, '/hold', { signal: control.signal })
    req.end()
    await way.call('noted', `begun ${url}`)
    control.abort()
    await over
    await way.call('noted', `broken ${url}`)
    return events
  },

  'an abort while a response streams': async way => {
    const { req, url, events, over, begun } = observe(way, '/begin')
    req.end()
    await begun
    req.destroy()
    await over
    await way.call('noted', `broken ${url}`)
    return events
  },

  'an abort of an upload': async way => {
    const { req, url, events, over } = observe(way, '/count', post)
    req.write('some of it')
    await way.call('noted', `begun ${url}`)
    req.destroy(new Error('enough'))
    await over
    await way.call('noted', `broken ${url}`)
    return events
  },

  'a time-out': async way => {
    for (let timeout = 50; ; timeout *= 2) {
      const { req, url, events, over } = observe(way, '/hold', { timeout })
      req.end()
      await once(req, 'timeout')
      const begun = (await way.call('lastNote', `begun ${url}`)) !== undefined
      req.destroy()
      await over
      // On a busy machine the time may be over before the request has arrived.
      if (!begun) continue
      await way.call('noted', `broken ${url}`)
      return events
    }
  },

  'a time-out set on a request': async way => {
    const { req, events, over } = observe(way, '/hold')
    req.setTimeout(50, () => req.destroy(new Error('too slow')))
    req.end()
    await over
    return events
  },

  'no time-out while a response drips': async way => {
    for (;;) {
      const { req, events, over } = observe(way, '/drip', { timeout: 250, agent: false })
      let seenMs = performance.now()
      let isSilent = false
      req.on('timeout', () => (isSilent = performance.now() - seenMs > 125))
      req.on('response', res => res.on('data', () => (seenMs = performance.now())))
      req.end()
      await over
      // On a busy machine a drop may come so late that there is nothing but the time-out to be seen.
      if (!isSilent) return events
    }
  },

  'what asynchronous contexts see': async way => {
    const storage = new AsyncLocalStorage<number>()
    const seen: unknown[] = []
    for (const id of [1, 2, 3]) {
      await storage.run(id, async () => {
        const { req, over } = observe(way, '/chunks')
        req.on('response', res => {
          seen.push(storage.getStore())
          res.on('data', () => seen.push(storage.getStore()))
          res.on('end', () => seen.push(storage.getStore()))
        })
        req.end()
        await over
      })
    }
    return new Set(seen)
  }
}

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`a client of node:http sees the same over every way: ${name}`, async () => {
    // A connection left over from another scenario would be a difference of its own.
    for (const way of [ways.socket, ...ways.meshes]) way.agent.destroy()
    const expected = await scenario(ways.socket)
    for (const way of ways.meshes) {
      assert.deepEqual(await scenario(way), expected, way.name)
    }
    for (const way of ways.meshes) assert.equal(await way.member.drained(60_000), true, way.name)
  })
}
