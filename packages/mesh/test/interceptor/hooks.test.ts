/** The hooks of both sides, and load shedding. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'

import { request } from 'undici'

import { LoadSheddingError, wire, type AcceptContext, type WireOptions } from '../../src/index.ts'
import { ask, call, codeOf, open, start } from '../fixtures/interceptor/crew.ts'
import { everybodyTurns } from '../fixtures/turning.ts'

type Hooked = Parameters<typeof open>[1]

/** A worker `it` under `api`, and what the hooks of this thread were called with. */
async function routed(
  t: TestContext,
  options: Hooked = {}
): Promise<ReturnType<typeof open> & { worker: ReturnType<typeof start> }> {
  const opened = open(t, options)
  const worker = start(t, 'wired.ts', { workerData: { name: 'it', hooks: true } })
  await opened.interceptor.route('api', worker)
  return { ...opened, worker }
}

test('client hooks see one request from its beginning to its end, with one context', async t => {
  const calls: unknown[] = []
  const contexts = new Set<unknown>()
  const { agent } = await routed(t, {
    onClientRequest: (req, context) => {
      contexts.add(context)
      calls.push(['request', structuredClone(req)])
      req['note'] = 'mine'
    },
    onClientResponse: (req, res, context) => {
      contexts.add(context)
      calls.push(['response', req['note'], res.statusCode, res.headers['x-worker']])
    },
    onClientResponseEnd: (req, res, context) => {
      contexts.add(context)
      calls.push(['end', req.path, res.statusMessage])
    }
  })
  assert.equal(await ask(agent, 'http://api.local/'), 'it')
  assert.deepEqual(calls, [
    ['request', { origin: 'http://api.local', path: '/', method: 'GET', headers: { host: 'api.local' } }],
    ['response', 'mine', 200, 'it'],
    ['end', '/', 'OK']
  ])
  assert.equal(contexts.size, 1)
})

test('what onClientRequest changes is sent; what it leaves keeps its spelling', async t => {
  const { agent } = await routed(t, {
    onClientRequest: [
      (req, context) => {
        context['first'] = true
        req.path = '/headers'
      },
      (req, context) => {
        req.headers['x-added'] = String(context['first'])
        delete req.headers['x-taken']
      }
    ]
  })
  const { body } = await request('http://api.local/', {
    dispatcher: agent,
    method: 'POST',
    headers: { 'X-Taken': '1', 'X-Kept': ['2', '3'] },
    body: Readable.from(['streamed'])
  })
  const headers = (await body.json()) as Record<string, string>
  assert.deepEqual([headers['x-added'], headers['x-taken'], headers['x-kept']], ['true', undefined, '2, 3'])
})

test('onClientError is told why a request failed, or that it was given up', async t => {
  const errors: unknown[] = []
  const { agent, worker } = await routed(t, {
    onClientError: (req, res, _context, error) => {
      errors.push([req.path, res, (error as { code?: string }).code])
    }
  })
  await codeOf(ask(agent, 'http://api.local/destroy'))
  await codeOf(ask(agent, 'http://nobody.local/x'))
  const giveUp = new AbortController()
  const given = request('http://api.local/hold', { dispatcher: agent, signal: giveUp.signal }).catch(
    () => null
  )
  await call(worker, 'holding', 1)
  giveUp.abort()
  await given
  assert.deepEqual(errors, [
    ['/destroy', null, 'MESH_RESPONSE_ABORTED'],
    ['/x', null, 'MESH_UNKNOWN_HOST'],
    ['/hold', null, 'MESH_REQUEST_ABORTED']
  ])
})

test('a hook of a request that throws fails it, and no other', async t => {
  const { agent } = await routed(t, {
    onClientRequest: req => {
      if (req.path === '/bad') throw Object.assign(new Error('no'), { code: 'MINE' })
      if (req.path === '/broken') req.headers['x'] = 'a\r\nb: c'
    }
  })
  const [bad, broken, good] = await Promise.all([
    codeOf(ask(agent, 'http://api.local/bad')),
    codeOf(ask(agent, 'http://api.local/broken')),
    ask(agent, 'http://api.local/')
  ])
  assert.deepEqual([bad, good], ['MINE', 'it'])
  assert.match(String(broken), /MESH_INVALID_REQUEST|UND_ERR_INVALID_ARG/)
})

test('server hooks see requests come, be answered and break off, and may change what the application sees', async t => {
  const { agent, worker } = await routed(t)
  const { 'x-seen': seen } = JSON.parse(await ask(agent, 'http://api.local/headers')) as Record<
    string,
    string
  >
  assert.equal(seen, 'by the hook')
  await codeOf(ask(agent, 'http://api.local/destroy'))
  assert.deepEqual(await call(worker, 'log'), [
    ['request', 'GET', '/headers'],
    ['response', '/headers', 200],
    ['request', 'GET', '/destroy'],
    ['error', '/destroy', 'kaboom']
  ])
})

test('onServerRequest hooks run in turn, and hold a request back until all have passed it on', async t => {
  const { interceptor, agent } = open(t)
  const order: string[] = []
  const later: (() => void)[] = []
  const wired = near(t, {
    server: (_req: unknown, res: { end(text: string): void }) => res.end(order.join(' ')),
    onServerRequest: [
      (_req, next) => {
        order.push('first')
        later.push(next)
        if (later.length === 1) setImmediate(next)
      },
      (_req, next) => {
        order.push('second')
        next()
      }
    ]
  })
  await interceptor.route('near', wired)
  assert.equal(await ask(agent, 'http://near.local/'), 'first second')
})

test('canAccept is asked in turn until one worker accepts; when all decline the request is shed', async t => {
  everybodyTurns(t)
  const asked: AcceptContext[] = []
  let accepted: unknown = null
  const { interceptor, agent } = open(t, {
    canAccept: context => {
      asked.push(context)
      return (context.meta as { id: unknown }).id === accepted
    }
  })
  const workers = ['one', 'two', 'three', 'paused', 'unready'].map(name =>
    start(t, 'wired.ts', { workerData: { name, when: name === 'unready' ? 'unready' : 'now' } })
  )
  const [one, two, three, paused, unready] = workers as [Worker_, Worker_, Worker_, Worker_, Worker_]
  await interceptor.route('api', one, { id: 1, own: () => {} })
  await interceptor.route('api', two, { id: 2 })
  await interceptor.route('api', three, { id: 3 })
  await interceptor.route('api', paused, { id: 4 })
  void interceptor.route('api', unready, { id: 5 })
  await interceptor.pause('api', paused)
  accepted = 3
  for (const order of [[0, 1, 2], [1, 2], [2], [0, 1, 2]]) {
    assert.equal(await ask(agent, 'http://api.local/x?y=1'), 'three')
    const ports = asked.splice(0).map(({ port }) => workers.indexOf(port as Worker_))
    assert.deepEqual(ports, order)
  }
  accepted = null
  const shed = await request('http://api.local/', { dispatcher: agent }).catch((error: unknown) => error)
  assert.ok(shed instanceof LoadSheddingError, String(shed))
  assert.deepEqual([shed.code, shed.statusCode], ['UND_ERR_LOAD_SHEDDING', 503])
  const { hostname, method, path, headers } = asked[0] as AcceptContext
  assert.deepEqual([hostname, method, path, headers], ['api.local', 'GET', '/', { host: 'api.local' }])
  accepted = 'changed'
  await interceptor.updateMeta('api', two, { id: 'changed' })
  assert.equal(await ask(agent, 'http://api.local/'), 'two')
})

test('canAccept that throws fails the request', async t => {
  const { agent } = await routed(t, {
    canAccept: () => {
      throw Object.assign(new Error('no'), { code: 'MINE' })
    }
  })
  assert.equal(await codeOf(ask(agent, 'http://api.local/')), 'MINE')
})

test('hooks and canAccept of a wired thread are for all its clients', async t => {
  const { interceptor } = open(t)
  const seen: unknown[] = []
  const ports = new Set<unknown>()
  await interceptor.route('api', start(t, 'wired.ts', { workerData: { name: 'it' } }), { id: 7 })
  const wired = near(t, {
    server: () => {},
    onClientRequest: req => seen.push(req.path),
    canAccept: ({ port, meta }) => {
      ports.add(port)
      return (meta as { id: number }).id === 7
    }
  })
  await interceptor.route('near', wired)
  assert.equal(await (await fetch('http://api.local/?fetch')).text(), 'it')
  assert.equal(await (await request('http://api.local/?undici')).body.text(), 'it')
  assert.deepEqual(seen, ['/?fetch', '/?undici'])
  assert.equal(ports.size, 1)
})

test('a time-out of the interceptor is that of its requests', async t => {
  const { agent } = await routed(t, { timeout: 20 })
  const reason = await ask(agent, 'http://api.local/hold').catch((error: Error) => error)
  assert.match(String((reason as { code?: string }).code), /MESH_TIMEOUT|UND_ERR_HEADERS_TIMEOUT/)
})

type Worker_ = ReturnType<typeof start>

/** Wires this thread; the port goes to `route()`. */
function near(t: TestContext, options: Partial<WireOptions>): MessagePort_ {
  const { port1, port2 } = new MessageChannel()
  const wired = wire({ port: port2, ...options })
  t.after(async () => {
    await wired.close()
    port2.close()
  })
  return port1
}

type MessagePort_ = MessageChannel['port1']
