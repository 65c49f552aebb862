/**
 * The client with a WebSocket: numbered messages that have to come back in order, for 2.5 s or for 25; then
 * it says goodbye and comes again.
 *
 * Runs in the driver. A close frame of the other side that says "going away" (1001) or "service restart" (1012)
 * is no loss as long as the next connection succeeds, which has a line of its own; an end without one is.
 */

// oxlint-disable no-await-in-loop -- a client does one thing after the other.

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { acceptOf, closeCode, closePayload, encodeFrame, FrameReader, opcodes } from '../frames.mjs'
import { headOf } from './clients.mjs'
import { HttpConnection, Lost } from './http-connection.mjs'

const shortly = 50
const long = 500
const everyMs = 50
const pauseAfterLossMs = 50
const goodbyes = new Set([1001, 1012])

async function upgrade(crowd, connection, id) {
  const key = randomBytes(16).toString('base64')
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': key,
    'sec-websocket-version': '13'
  }
  const head = headOf('GET', `/socket?id=${id}`, headers)
  const { status, headers: answered, body } = await connection.exchange({ head, timeoutMs: crowd.timeoutMs })
  if (status !== 101) throw Object.assign(new Lost(`${status}`, body.toString().slice(0, 200)), { status })
  if (answered.get('sec-websocket-accept') !== acceptOf(key)) throw new Lost('wrong', 'sec-websocket-accept')
}

/** Talks until all messages are back or the server says goodbye. Rejects with {@link Lost}. */
function talk(crowd, connection, messages) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const reader = new FrameReader()
  let sent = 0
  let received = 0
  let late = null
  const watch = () => {
    clearTimeout(late)
    late = setTimeout(() => reject(new Lost('timeout', `after ${received} messages`)), crowd.timeoutMs)
  }
  const onFrame = ({ opcode, payload }) => {
    if (opcode === opcodes.close) {
      const code = closeCode(payload)
      socket.write(encodeFrame(opcodes.close, payload, true))
      if (code === 1000 || goodbyes.has(code)) resolve(code)
      else reject(new Lost('close-frame', `${code} ${payload.toString('utf8', 2)}`))
      return
    }
    if (opcode !== opcodes.text || payload.toString() !== `message ${received}`) {
      reject(new Lost('wrong', `message ${received} came back as ${payload}`))
    }
    received++
    crowd.ledger.echoed()
    watch()
  }
  const receive = chunk => {
    try {
      for (const frame of reader.push(chunk)) onFrame(frame)
    } catch (error) {
      reject(new Lost('nonsense', error.message))
    }
  }
  const ended = error => reject(new Lost('cut', `${error?.code ?? 'closed'} after ${received} messages`))
  const socket = connection.takeOver(receive, ended)
  const timer = setInterval(() => {
    if (socket.destroyed) return
    const isLast = sent === messages || !crowd.isOn()
    const payload = isLast ? closePayload(1000) : Buffer.from(`message ${sent}`)
    socket.write(encodeFrame(isLast ? opcodes.close : opcodes.text, payload, true))
    if (isLast) clearInterval(timer)
    sent++
  }, everyMs)
  watch()
  return promise.finally(() => {
    clearInterval(timer)
    clearTimeout(late)
  })
}

async function session(crowd, messages) {
  const id = crowd.nextId('socket')
  const line = crowd.ledger.begin('socket', id)
  let connection = null
  try {
    connection = await HttpConnection.open(crowd.port, crowd.timeoutMs)
    await upgrade(crowd, connection, id)
    if (goodbyes.has(await talk(crowd, connection, messages))) crowd.ledger.interrupted()
    line.ok({ counts: false })
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    line.lost({ kind: error.kind, status: error.status, fresh: true, detail: error.message })
    if (crowd.isOn()) await delay(pauseAfterLossMs)
  }
  connection?.close()
}

async function talkAgainAndAgain(crowd, messages) {
  while (crowd.isOn()) {
    await session(crowd, messages)
    await delay(20)
  }
}

/** Opens a WebSocket, talks for a moment, comes again. */
export function socketClient(crowd) {
  return talkAgainAndAgain(crowd, shortly)
}

/** The same, but talks for longer than a worker that drains may take. */
export function longSocketClient(crowd) {
  return talkAgainAndAgain(crowd, long)
}
