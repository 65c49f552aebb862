/** Tests what becomes of a request whose client closes its side. A connection on a socket of the test's. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'

import { Exchange } from '../../src/client/exchange.ts'
import type { ClientSocket } from '../../src/http1/client-socket.ts'
import { Connection } from '../../src/http1/connection.ts'
import type { ConnectionHost } from '../../src/http1/connection-host.ts'
import { LATIN1, NO_BODY } from '../../src/wire/frames.ts'

/** A client that writes down what it gets. */
class Client extends EventEmitter implements ClientSocket {
  destroyed = false
  writableLength = 0
  writableNeedDrain = false
  ended = false
  text = ''

  write(data: string | Uint8Array): boolean {
    this.text += data.toString()
    return !this.writableNeedDrain
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  isPaused(): boolean {
    return false
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
}

const host: ConnectionHost = {
  limits: {
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 0,
    clientTimeout: 0,
    tunnelTimeout: 0,
    maxRequestsPerSocket: 0,
    maxHeaderSize: 1000,
    maxHeadersCount: 10,
    maxUrlSize: 100,
    maxBodySize: 0
  },
  draining: false,
  forward: ({ method, target, block }, connection) =>
    new Exchange(
      {
        hostname: 'api',
        method,
        path: target,
        headers: block,
        flags: NO_BODY,
        body: null,
        peer: null,
        timeoutMs: 0,
        idempotent: true,
        accept: null
      },
      connection,
      0,
      0
    ),
  requestId: () => '',
  onClosed: () => undefined
}

function ask(): { client: Client; connection: Connection } {
  const client = new Client()
  const connection = new Connection(client, host)
  connection.receive(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
  return { client, connection }
}

const answer = { status: 200, message: 'OK', block: '', flags: LATIN1, body: 'an answer' }

test('Connection answers a client that has closed its side with its request', () => {
  const { client, connection } = ask()
  client.emit('end')
  connection.onHead(answer)
  assert.match(client.text, /^HTTP\/1\.1 200 OK[^]*an answer$/)
  assert.equal(client.destroyed, false)
  assert.equal(client.ended, true)
})

test('Connection gives a request up whose client has closed its side and gets no answer', async () => {
  const { client } = ask()
  client.emit('end')
  assert.equal(client.destroyed, false)
  // Its timer keeps nobody alive.
  const hold = setInterval(() => undefined, 1000)
  await once(client, 'close')
  clearInterval(hold)
  assert.equal(client.text, '')
})

test('Connection sends a client that has closed its side the rest of an answer that is whole', () => {
  const { client, connection } = ask()
  client.writableNeedDrain = true
  connection.onHead(answer)
  client.emit('end')
  assert.equal(client.destroyed, false)
  client.writableNeedDrain = false
  client.emit('drain')
  assert.equal(client.ended, true)
  assert.equal(client.destroyed, false)
})
