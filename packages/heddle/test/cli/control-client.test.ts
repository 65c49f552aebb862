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
  // The server has to begin in less, however slow the machine is: where it did not it is asked again.
  for (let silenceMs = 200; ; silenceMs *= 2) {
    const hasBegun = Promise.withResolvers<void>()
    const connected = once(listener, 'connection')
    const outcome = ask(server, { operation: 'reload', onEvent: () => hasBegun.resolve(), silenceMs }).catch(
      (error: unknown) => error
    )
    await connected
    const connection = connections.at(-1)
    connection?.write(
      'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n{"event":"reload:started","fact":{}}\n'
    )
    const early = await Promise.race([outcome, hasBegun.promise])
    if (early instanceof Error && silenceMs < 30_000) continue
    assert.equal(early, undefined)
    // Longer than the patience of the first: somebody who is not answered at all.
    const second = ask(server, { operation: 'status', silenceMs: silenceMs + 100 })
    await assert.rejects(second, { code: 'HEDDLE_SOCKET_FAILED' })
    connection?.end('{"done":{"reloadMs":1}}\n')
    assert.deepEqual(await outcome, { reloadMs: 1 })
    return
  }
})
