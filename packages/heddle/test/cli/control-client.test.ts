/** Commands and a server that does not behave, over real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { ask } from '../../src/cli/control-client.ts'
import type { Question, Server } from '../../src/cli/control-client.ts'

/** Somebody who accepts connections and answers each with `text`, if with anything. */
async function listen(t: TestContext, text: string): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-ask-'))
  const socket = join(directory, 'a.sock')
  const server = createServer(connection => {
    t.after(() => connection.destroy())
    if (text !== '') connection.write(text)
  })
  t.after(() => {
    server.close()
    rmSync(directory, { recursive: true })
  })
  await once(server.listen(socket), 'listening')
  return { socket, pid: 4711 }
}

test('ask() gives up a server that does not begin to answer what needs no work', async t => {
  const server = await listen(t, '')
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
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n'
  const server = await listen(t, head)
  let isOver = false
  const asked = ask(server, { operation: 'reload', onEvent: () => {}, silenceMs: 20 })
  void asked.then(
    () => (isOver = true),
    () => (isOver = true)
  )
  // Longer than it would wait for a beginning.
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, 200)
  await promise
  assert.equal(isOver, false)
})
