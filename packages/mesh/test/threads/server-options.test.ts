/**
 * What a server was made with, and what hangs on the server rather than on one exchange, counts through the mesh
 * as over a socket. Each case is a server of its own, asked the same over both.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  IncomingMessage,
  request as httpRequest,
  ServerResponse,
  type ClientRequest,
  type RequestOptions,
  type Server
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { text } from 'node:stream/consumers'

import type { Mesh } from '../../src/index.ts'
import { withoutTransport } from '../fixtures/conformance/case.ts'
import { Fleet, type Undoing } from '../fixtures/fleet.ts'

interface Case {
  readonly name: string
  readonly request?: RequestOptions & { readonly body?: string }
  /** Its server has so little time that over a socket it may be over before the request is read: then it is asked again. */
  readonly hurried?: true
  /** Makes the server; what happens in it is noted. */
  make(note: (text: string) => void): Server
}

class Greeting extends IncomingMessage {
  readonly greeting: string = 'hello'
}

class Shouting extends ServerResponse<Greeting> {
  readonly volume: number = 11
}

const cases: readonly Case[] = [
  {
    name: 'classes of its own',
    make: () => {
      const classes: object = { IncomingMessage: Greeting, ServerResponse: Shouting }
      return createServer(classes, (req, res) =>
        res.end(`${String(Reflect.get(req, 'greeting'))} ${String(Reflect.get(res, 'volume'))}`)
      )
    }
  },
  {
    name: 'joinDuplicateHeaders',
    request: { headers: { 'X-Many': ['1', '2'], Authorization: ['one', 'two'] } },
    make: () => createServer({ joinDuplicateHeaders: true }, (req, res) => res.end(seen(req)))
  },
  {
    name: 'duplicate headers as ever',
    request: { headers: { 'X-Many': ['1', '2'], Authorization: ['one', 'two'] } },
    make: () => createServer((req, res) => res.end(seen(req)))
  },
  {
    name: 'uniqueHeaders',
    make: () =>
      createServer({ uniqueHeaders: ['x-once'] }, (_req, res) => {
        res.setHeader('X-Once', ['a', 'b'])
        res.setHeader('X-Each', ['a', 'b'])
        res.end()
      })
  },
  {
    name: 'rejectNonStandardBodyWrites',
    make: note =>
      createServer({ rejectNonStandardBodyWrites: true }, (_req, res) => {
        res.writeHead(204)
        try {
          res.write('x')
        } catch (error) {
          note(String((error as NodeJS.ErrnoException).code))
        }
        res.end()
      })
  },
  {
    name: 'server.timeout with a listener',
    hurried: true,
    make: note => {
      const server = createServer((req, res) => {
        server.once('timeout', socket => {
          note(`timeout ${socket === req.socket}`)
          res.end('slow')
        })
      })
      server.timeout = 50
      return server
    }
  },
  {
    name: 'server.timeout without one',
    hurried: true,
    make: note => {
      const server = createServer((_req, res) => void res.once('close', () => note('closed')))
      server.timeout = 50
      return server
    }
  },
  {
    name: 'server.setTimeout with a callback',
    hurried: true,
    make: note => {
      const server = createServer((_req, res) => void res.once('close', () => note('closed')))
      return server.setTimeout(50, socket => {
        note('timeout')
        socket.destroy()
      })
    }
  },
  {
    name: 'checkContinue',
    request: { method: 'POST', headers: { Expect: '100-continue' }, body: 'body' },
    make: note =>
      createServer().on('checkContinue', (req, res) => {
        note('checkContinue')
        res.writeContinue()
        void text(req).then(body => res.end(body))
      })
  },
  {
    name: 'checkContinue that refuses',
    request: { method: 'POST', headers: { Expect: '100-continue' }, body: 'body' },
    make: () => createServer().on('checkContinue', (_req, res) => res.writeHead(417).end('no'))
  },
  {
    name: 'checkExpectation',
    request: { headers: { Expect: 'miracles' } },
    make: note =>
      createServer().on('checkExpectation', (req, res) => {
        note(`checkExpectation ${req.headers.expect}`)
        res.end('as you like')
      })
  },
  {
    name: 'several listeners',
    make: note =>
      createServer()
        .on('request', () => note('first'))
        .on('request', (_req, res) => res.end('second'))
  },
  {
    name: 'an upgrade nobody takes',
    request: { headers: { Connection: 'Upgrade', Upgrade: 'other' } },
    make: () =>
      createServer((req, res) => res.end(`${String(req.headers.upgrade)} ${String(upgradeOf(req))}`))
  },
  {
    name: 'shouldUpgradeCallback',
    request: { headers: { Connection: 'Upgrade', Upgrade: 'other' } },
    make: note => {
      const options = { shouldUpgradeCallback: () => (note('asked'), false) }
      const server = createServer(options, (req, res) => res.end(`plain ${String(upgradeOf(req))}`))
      // Node 22 does not ask.
      if (Reflect.get(server, 'shouldUpgradeCallback') !== undefined)
        server.on('upgrade', () => note('taken'))
      return server
    }
  },
  {
    name: 'keepAliveTimeout and limits of connections',
    make: () => {
      const options = {
        keepAliveTimeout: 1234,
        requestTimeout: 5000,
        headersTimeout: 4000,
        maxHeaderSize: 9000
      }
      return createServer({ ...options, insecureHTTPParser: true, requireHostHeader: false }, (_req, res) =>
        res.end('fine')
      )
    }
  }
]

const undo: (() => unknown)[] = []
let mesh: Mesh

before(async () => {
  const undoing: Undoing = { after: step => undo.unshift(step) }
  const joined = new Fleet(undoing).join('options')
  mesh = joined.mesh
  mesh.installGlobals()
  await joined.member.publish()
})

after(async () => {
  for (const step of undo) await step()
})

for (const what of cases) {
  test(`a server is the same through the mesh: ${what.name}`, async () => {
    const { expected, notes: overSocket } = await askOverSocket(what)
    const overMesh: string[] = []
    mesh.serve(what.make(text => overMesh.push(text)))
    const actual = await ask({ host: 'options.heddle.local' }, what)
    assert.deepEqual(actual, expected)
    assert.deepEqual(overMesh, overSocket)
  })
}

async function askOverSocket(what: Case): Promise<{ expected: unknown; notes: string[] }> {
  for (;;) {
    const notes: string[] = []
    let isRead = what.hurried === undefined
    const listening = what.make(text => notes.push(text)).listen(0, '127.0.0.1')
    if (!isRead) listening.prependListener('request', () => (isRead = true))
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    const expected = await ask({ host: '127.0.0.1', port }, what)
    listening.close()
    listening.closeAllConnections()
    if (isRead) return { expected, notes }
  }
}

/** What comes of one request: a response, or how it failed. */
async function ask(where: RequestOptions, { request: { body, ...options } = {} }: Case): Promise<unknown> {
  const sent = httpRequest({ ...where, ...options, agent: false })
  const outcome = outcomeOf(sent)
  if (options.headers !== undefined && 'Expect' in options.headers && body !== undefined) {
    sent.flushHeaders()
    sent.once('continue', () => sent.end(body))
    // A final answer in place of 100 Continue.
    sent.once('response', () => sent.end())
  } else sent.end(body)
  return outcome
}

async function outcomeOf(sent: ClientRequest): Promise<unknown> {
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const headers = withoutTransport(response.rawHeaders)
    const length = headers.findIndex(name => name.toLowerCase() === 'content-length')
    // Framing is the connection's affair.
    if (length !== -1) headers.splice(length, 2)
    return { status: response.statusCode, headers, body: await text(response) }
  } catch (error) {
    return { failed: (error as NodeJS.ErrnoException).code }
  }
}

function seen(req: IncomingMessage): string {
  return JSON.stringify([req.headers['x-many'], req.headers.authorization, req.headersDistinct['x-many']])
}

function upgradeOf(req: IncomingMessage): unknown {
  return Reflect.get(req, 'upgrade')
}
