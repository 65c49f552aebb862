/** Commands and a server that does not behave, over real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server as Listener, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { ask } from '../../src/cli/control-client.ts'
import type { Question, Server } from '../../src/cli/control-client.ts'

interface Stage {
  readonly server: Server
  readonly connections: readonly Socket[]
  readonly listener: Listener
}

/** Somebody who accepts connections and leaves all else to the test. */
async function listen(t: TestContext): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-ask-'))
  const socket = join(directory, 'a.sock')
  const connections: Socket[] = []
  const listener = createServer(connection => connections.push(connection.resume()))
  t.after(() => {
    for (const connection of connections) connection.destroy()
    listener.close()
    rmSync(directory, { recursive: true })
  })
  await once(listener.listen(socket), 'listening')
  return { server: { socket, pid: 4711 }, connections, listener }
}

test('ask() gives up a server that does not begin to answer what needs no work', async t => {
  const { server } = await listen(t)
  const questions: readonly Question[] = [
    { operation: 'status' },
    { operation: 'stop' },
    { operation: 'reload', onEvent: () => assert.fail('nothing has happened') }
  ]
  for (const question of questions) {
    await assert.rejects(ask(server, { ...question, silenceMs: 20 }), {
      code: 'HEDDLE_SOCKET_FAILED',
      message: /the server has not answered for 20 ms/
    })
  }
})

test('ask() waits for a server that has begun to answer', async t => {
  const { server, connections, listener } = await listen(t)
  const hasBegun = Promise.withResolvers<void>()
  const connected = once(listener, 'connection')
  // Long enough to begin on a busy machine, and shorter than the patience of the next one.
  const begun = ask(server, { operation: 'reload', onEvent: () => hasBegun.resolve(), silenceMs: 400 })
  await connected
  const [first] = connections
  first?.write(
    'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n{"event":"reload:started","fact":{}}\n'
  )
  await hasBegun.promise
  // As long as another one, who is not answered, has patience.
  await assert.rejects(ask(server, { operation: 'status', silenceMs: 500 }), { code: 'HEDDLE_SOCKET_FAILED' })
  first?.end('{"done":{"reloadMs":1}}\n')
  assert.deepEqual(await begun, { reloadMs: 1 })
})
