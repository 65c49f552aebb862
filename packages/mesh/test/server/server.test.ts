/** What a server object decides about its requests, when it answers for the mesh without listening. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, IncomingMessage, ServerResponse, createServer, request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { request, type Dispatcher } from 'undici'

import type { Exchange } from '../../src/client/exchange.ts'
import type { Mesh } from '../../src/index.ts'
import { MORE } from '../../src/wire/frames.ts'
import { Fleet } from '../fixtures/fleet.ts'

/** This thread as a worker of `own`, and as a sender. */
async function start(t: TestContext): Promise<{ mesh: Mesh; dispatcher: Dispatcher }> {
  const fleet = new Fleet(t)
  const alive = setInterval(() => undefined, 1000)
  t.after(() => clearInterval(alive))
  const { mesh, member } = fleet.join('own')
  const dispatcher = fleet.dispatcher()
  await member.publish()
  return { mesh, dispatcher }
}

async function ask(dispatcher: Dispatcher, headers: Record<string, string> = {}): Promise<string> {
  const { statusCode, body } = await request('http://own.heddle.local/', { dispatcher, headers })
  return `${statusCode} ${await body.text()}`
}

test('Mesh.serve() takes a bare listener and a server, and replace() another', async t => {
  const { mesh, dispatcher } = await start(t)
  await assert.rejects(ask(dispatcher), { code: 'UND_ERR_SOCKET' })
  const served = mesh.serve((_req, res) => res.end('listener'))
  assert.equal(await ask(dispatcher), '200 listener')
  served.replace(createServer((_req, res) => res.end('server')))
  assert.equal(await ask(dispatcher), '200 server')
})

test('a request that comes in one batch with the end of an early answered one is answered', async t => {
  const { mesh } = await start(t)
  mesh.serve((_req, res) => res.end('early'))
  const send = (flags: number): { exchange: Exchange; status: Promise<number> } => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const exchange = mesh.client.send(
      {
        hostname: 'own',
        method: 'POST',
        path: '/',
        headers: 'host: own.heddle.local\r\n',
        flags,
        body: null,
        peer: null,
        timeoutMs: 0,
        idempotent: false,
        accept: null
      },
      {
        onHead: ({ status }) => resolve(status),
        onError: reject,
        onInformation: () => undefined,
        onData: () => undefined,
        onEnd: () => undefined,
        onWritable: () => undefined
      }
    )
    return { exchange, status: promise }
  }
  const first = send(MORE)
  first.exchange.end()
  const second = send(0)
  assert.deepEqual(await Promise.all([first.status, second.status]), [200, 200])
})

test('a server uses its own classes for requests and responses', async t => {
  const { mesh, dispatcher } = await start(t)
  class OwnRequest extends IncomingMessage {}
  class OwnResponse extends ServerResponse<OwnRequest> {
    hello(): void {
      this.end('hello')
    }
  }
  const options = { IncomingMessage: OwnRequest, ServerResponse: OwnResponse }
  mesh.serve(
    createServer(options, (req, res) => {
      assert.ok(req instanceof OwnRequest)
      res.hello()
    })
  )
  assert.equal(await ask(dispatcher), '200 hello')
})

test('a server joins repeated headers when it was told to', async t => {
  const { mesh, dispatcher } = await start(t)
  mesh.serve(createServer({ joinDuplicateHeaders: true }, (req, res) => res.end(req.headers.from)))
  const { body } = await request('http://own.heddle.local/', {
    dispatcher,
    headers: ['from', 'a', 'from', 'b']
  })
  assert.equal(await body.text(), 'a, b')
})

test('Expect and unknown expectations come to the events node has for them', async t => {
  const { mesh } = await start(t)
  mesh.installGlobals()
  const server = createServer((_req, res) => res.end('request'))
  mesh.serve(server)
  const agent = new Agent()
  t.after(() => agent.destroy())
  const send = async (expect: string): Promise<string> => {
    const req = httpRequest('http://own.heddle.local/', { agent, headers: { Expect: expect } }).end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    return `${res.statusCode} ${await text(res)}`
  }
  assert.equal(await send('100-continue'), '200 request')
  assert.equal(await send('miracles'), '417 ')
  server.on('checkContinue', (_req, res) => res.writeHead(403).end('continue'))
  server.on('checkExpectation', (_req, res) => res.writeHead(400).end('expectation'))
  assert.equal(await send('100-continue'), '403 continue')
  assert.equal(await send('miracles'), '400 expectation')
})
