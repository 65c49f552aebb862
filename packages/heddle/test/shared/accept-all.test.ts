/** Tests the closing of a port while clients wait to be accepted. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { test } from 'node:test'

import { whenAllAccepted } from '../../src/shared/accept-all.ts'

/** How many clients have connected before anybody is accepted. */
const WAITING = 20

async function listen(onConnection: () => void): Promise<{ server: Server; port: number }> {
  const server = createServer(socket => {
    onConnection()
    socket.on('error', () => undefined).resume()
    socket.end('accepted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

function close(server: Server, backlog: number): Promise<void> {
  return new Promise(resolve => {
    whenAllAccepted(server, backlog, () => {
      server.close()
      resolve()
    })
  })
}

/** What a client gets, `null` when it is reset. */
function visit(port: number): Promise<string | null> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  return new Promise(resolve => {
    let text = ''
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => resolve(text))
    socket.on('error', () => resolve(null))
  })
}

test('whenAllAccepted() waits for everybody who has connected', async () => {
  const { server, port } = await listen(() => undefined)
  const answers = Array.from({ length: WAITING }, () => visit(port))
  const closed = once(server, 'close')
  // The system has connected all of them by the end of this tick; the event loop has not turned.
  await new Promise<void>(resolve => process.nextTick(resolve))
  await close(server, WAITING)
  assert.equal(server.listening, false)
  assert.deepEqual(
    await Promise.all(answers),
    answers.map(() => 'accepted')
  )
  await closed
})

test('whenAllAccepted() comes to an end however many come', async () => {
  let accepted = 0
  const visits: Promise<string | null>[] = []
  const { server, port } = await listen(() => {
    accepted++
    visits.push(visit(port), visit(port))
  })
  visits.push(visit(port), visit(port))
  await close(server, 10)
  assert.equal(server.listening, false)
  assert.ok(accepted > 5, `${accepted} were accepted`)
  await Promise.all(visits)
})

test('whenAllAccepted() calls back for a server that does not listen', async () => {
  const server = createServer()
  await close(server, 10)
  assert.equal(server.listening, false)
})
