/** Server-sent events that are read, lost and gone on with. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'

import { readStream } from '../../src/cli/event-stream.ts'
import type { Stream, StreamEvent } from '../../src/cli/event-stream.ts'
import { HeddleError } from '../../src/errors.ts'
import { beginEvents, problem, runtimeDirectory, sendEvent, startPaperServer } from './paper-server.ts'
import type { PaperServer } from './paper-server.ts'

function streamOf(server: PaperServer, changes: Partial<Stream> = {}): Stream {
  return {
    find: async () => ({ socket: server.socket, pid: 1 }),
    question: { operation: 'events' },
    isFollowing: false,
    signal: new AbortController().signal,
    pauseMs: 1,
    ...changes
  }
}

async function take(stream: Stream, count = Infinity): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = []
  if (count === 0) return events
  for await (const event of readStream(stream)) if (events.push(event) === count) break
  return events
}

test('readStream() reads names, numbers and lines of data, and passes over comments', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'GET /events': (_asked, response) => {
        beginEvents(response)
        response.write('retry: 1000\n\n:\n\nid: 7\nevent: worker:ready\ndata: {"a":\ndata:1}\n\n')
        response.write('data: x\r\n\r\nevent: lost\ndata: y\n\ndata: half of an ev')
        response.end()
      }
    }
  })
  assert.deepEqual(await take(streamOf(server)), [
    { name: 'worker:ready', id: '7', data: '{"a":\n1}' },
    { name: 'message', id: '7', data: 'x' },
    { name: 'lost', id: '7', data: 'y' }
  ])
})

test('readStream() goes on behind the last event it has seen when the connection breaks', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'GET /events': ({ headers }, response) => {
        beginEvents(response)
        const last = Number(headers['last-event-id'] ?? 0)
        sendEvent(response, String(last + 1), last + 1)
        sendEvent(response, String(last + 2), last + 2)
        response.write('id: 99\ndata: half', () => response.socket?.destroy())
      }
    }
  })
  const changes: string[] = []
  const stream = streamOf(server, { isFollowing: true, onChange: change => changes.push(change) })
  const events = await take(stream, 6)
  assert.deepEqual(
    events.map(({ data }) => data),
    ['1', '2', '3', '4', '5', '6']
  )
  assert.deepEqual(changes, ['lost', 'same', 'lost', 'same'])
})

function answer(_asked: unknown, response: ServerResponse): void {
  beginEvents(response)
  sendEvent(response, '1', 'hello')
  response.end()
}

test('readStream() waits for the next server in the place of one that has gone, and reads it from the start', async t => {
  const runtime = runtimeDirectory(t)
  const first = await startPaperServer(t, { answers: { 'GET /events': answer }, runtime, pid: 1001 })
  const second = await startPaperServer(t, { answers: { 'GET /events': answer }, runtime, pid: 1002 })
  let looks = 0
  const changes: string[] = []
  const find: Stream['find'] = async () => {
    looks += 1
    if (looks === 1) return { socket: first.socket, pid: 1001 }
    if (looks < 4) throw new HeddleError('HEDDLE_NO_SERVER', { wanted: 'here', running: [] })
    return { socket: second.socket, pid: 1002 }
  }
  const stream = streamOf(first, { find, isFollowing: true, onChange: change => changes.push(change) })
  assert.equal((await take(stream, 2)).length, 2)
  assert.deepEqual([looks, ...changes], [4, 'lost', 'other'])
  assert.equal(second.asked[0]?.headers['last-event-id'], undefined)
})

test('readStream() tells what is wrong with the question, and a connection that broke when nobody follows', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'GET /events': (_asked, response) => problem(response, 400, 'HEDDLE_REQUEST_INVALID', 'No such level.'),
      'GET /logs': (_asked, response) => {
        beginEvents(response)
        response.write('data: 1\n\n', () => response.socket?.destroy())
      }
    }
  })
  await assert.rejects(take(streamOf(server, { isFollowing: true })), { message: 'No such level.' })
  const broken = streamOf(server, { question: { operation: 'logs' } })
  await assert.rejects(take(broken), { code: 'HEDDLE_CONNECTION_LOST' })
  rmSync(server.socket)
  await assert.rejects(take(streamOf(server, { isFollowing: true })), { code: 'HEDDLE_NO_SERVER' })
})

test('readStream() ends with the signal, while it reads and while it waits', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'GET /events': (_asked, response) => {
        beginEvents(response)
        sendEvent(response, '1', 1)
      },
      'GET /logs': (_asked, response) => {
        beginEvents(response)
        sendEvent(response, '1', 1)
        response.end()
      }
    }
  })
  const reading = new AbortController()
  for await (const _event of readStream(streamOf(server, { isFollowing: true, signal: reading.signal }))) {
    reading.abort()
  }
  const waiting = new AbortController()
  const stream = streamOf(server, {
    question: { operation: 'logs' },
    isFollowing: true,
    signal: waiting.signal,
    pauseMs: 1e6,
    onChange: () => waiting.abort()
  })
  assert.equal((await take(stream)).length, 1)
})
