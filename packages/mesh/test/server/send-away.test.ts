/** How a server asks the WebSockets it has to go, when its thread is to end. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'

import { MeshServer } from '../../src/server/server.ts'
import { Scoreboard } from '../../src/scoreboard.ts'
import { bytesOf } from '../../src/wire/body.ts'
import { BODY_MASK, CELLS_BYTES, DATA, HEAD, MORE, UPGRADE, type BodyField } from '../../src/wire/frames.ts'
import { stopClock } from '../fixtures/clock.ts'
import { RawEnd, requestFrame } from '../faults/misbehaving.ts'

const headers = 'host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n'
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'
/** The opcode of a Close frame, which is whole. */
const CLOSE = 0x88

/** A server with so many WebSockets, and the other end of its link. */
async function open(t: TestContext, count: number): Promise<{ server: MeshServer; link: RawEnd }> {
  const scoreboard = Scoreboard.create(1)
  const server = new MeshServer({ record: 0, generation: scoreboard.open(0), scoreboard })
  const application = createServer((_req, res) => res.end())
  server.serve(application.on('upgrade', (_req, socket) => socket.on('error', () => {}).write(accepted)))
  const { port1, port2 } = new MessageChannel()
  const link = new RawEnd(port1, new SharedArrayBuffer(CELLS_BYTES))
  server.accept({ port: port2, cells: link.cells })
  t.after(() => {
    server.close()
    port1.close()
  })
  for (let id = 0; id < count; id++)
    link.port.postMessage(requestFrame(id, { flags: MORE | UPGRADE, headers }))
  for (let id = 0; id < count; id++) await link.frame(frame => frame[0] === DATA && frame[1] === id)
  return { server, link }
}

function isClose([opcode, , flags, body]: readonly unknown[]): boolean {
  return opcode === DATA && bytesOf(Number(flags) & BODY_MASK, body as BodyField)[0] === CLOSE
}

/** The WebSockets that have been told to go by now. */
async function told(link: RawEnd): Promise<number> {
  const id = 1000
  link.port.postMessage(requestFrame(id))
  await link.frame(frame => frame[0] === HEAD && frame[1] === id)
  const count = link.frames.filter(isClose).length
  link.frames.splice(0)
  return count
}

test('MeshServer.sendAway() asks WebSockets to go a few at a time, and all of them in three quarters of the time', async t => {
  stopClock(t)
  const { server, link } = await open(t, 30)
  // Time for 75 calls, for 15, and for one.
  const table: readonly [leftMs: number, told: number][] = [
    [10_000, 1],
    [9900, 1],
    [2000, 2],
    [100, 26],
    [100, 0]
  ]
  link.frames.splice(0)
  for (const [leftMs, count] of table) {
    server.sendAway(leftMs, 100)
    assert.equal(await told(link), count, `${leftMs} ms before the end`)
  }
})
