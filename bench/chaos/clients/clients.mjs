/**
 * The crowd: clients that keep their connection, clients that come with a new one, uploads, slow streams and
 * WebSockets. Each does one thing after the other, with pauses between, until it is told to stop.
 *
 * Runs in the driver. A client never repeats a request that was lost; it goes on with its next one.
 */

// oxlint-disable no-await-in-loop -- a client does one thing after the other.

import { setTimeout as delay } from 'node:timers/promises'

import { addToSum, emptySum } from '../checksum.mjs'
import { HttpConnection, Lost } from './http-connection.mjs'

const pauseAfterLossMs = 50

/**
 * What the crowd shares: where to go, the book, whether to go on, and an id that no other request has.
 * @typedef {{ port: number, ledger: import('../ledger.mjs').Ledger, timeoutMs: number, isOn: () => boolean,
 *   nextId: (type: string) => string, chance: () => number }} Crowd
 */

/** The head of a request, without the empty line behind it. */
export function headOf(method, path, headers = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${value}`)
  return `${method} ${path} HTTP/1.1\r\nhost: localhost${lines.join('')}`
}

function sumOf(bytes) {
  return addToSum(emptySum, bytes)
}

function factsOf({ status, body }, expected) {
  if (status !== 200) throw Object.assign(new Lost(`${status}`, body.toString().slice(0, 200)), { status })
  let facts
  try {
    facts = JSON.parse(body.toString())
  } catch {
    throw new Lost('wrong', body.toString())
  }
  for (const [name, value] of Object.entries(expected)) {
    if (facts[name] !== value) throw new Lost('wrong', `${name} is ${facts[name]}, not ${value}`)
  }
  return facts
}

// Nine of ten answers come at once: their time is measured. The others are under way for a while, since an
// event must find some in the middle of it.
function nextQuestion(crowd) {
  const dice = crowd.chance()
  if (dice < 0.35) {
    const id = crowd.nextId('post')
    const body = Buffer.from(`a small body with ${id}`.repeat(8))
    const head = headOf('POST', `/post?id=${id}`, { 'content-length': body.length })
    return { type: 'post', id, head, body, expected: { id, sum: sumOf(body) }, counts: true }
  }
  const id = crowd.nextId('get')
  const ms = dice < 0.45 ? `&ms=${Math.round(10 + crowd.chance() * 90)}` : ''
  return {
    type: 'get',
    id,
    head: headOf('GET', `/get?id=${id}${ms}`),
    expected: { id },
    counts: ms === ''
  }
}

/** Runs one exchange and writes its line. @returns the connection when it may be used again, else null. */
async function once(crowd, connection, question) {
  const { type, id, expected, counts, ...request } = question
  const { timeoutMs } = crowd
  const line = crowd.ledger.begin(type, id)
  let used = connection
  try {
    used ??= await HttpConnection.open(crowd.port, timeoutMs)
    const answer = await used.exchange({ ...request, timeoutMs })
    const facts = factsOf(answer, expected)
    line.ok({ place: facts.place, version: facts.version, counts })
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    line.lost({
      kind: error.kind,
      status: error.status,
      fresh: (used?.answers ?? 0) === 0,
      detail: error.message
    })
    if (crowd.isOn()) await delay(pauseAfterLossMs)
  }
  return used?.open ? used : null
}

function pauseOf(crowd, meanMs) {
  return delay(meanMs * (0.5 + crowd.chance()))
}

/** Keeps its connection for as long as the other side does. */
export async function keepAliveClient(crowd) {
  let connection = null
  while (crowd.isOn()) {
    connection = await once(crowd, connection, nextQuestion(crowd))
    await pauseOf(crowd, 10)
    if (connection?.open === false) connection = null
  }
  connection?.close()
}

/** Comes with a new connection each time, and leaves after the answer. */
export async function freshClient(crowd) {
  while (crowd.isOn()) {
    const connection = await once(crowd, null, nextQuestion(crowd))
    connection?.close()
    await pauseOf(crowd, 20)
  }
}

const piece = Buffer.alloc(8192, 'upload')

async function sendSlowly(write) {
  for (let sent = 0; sent < 16; sent++) {
    if (!write(piece)) return
    await delay(50)
  }
}

const wholeSum = sumOf(Buffer.concat(Array.from({ length: 16 }, () => piece)))

/** Uploads 128 KB within 0.8 s, again and again, each on the connection of the one before. */
export async function uploadClient(crowd) {
  let connection = null
  while (crowd.isOn()) {
    const id = crowd.nextId('upload')
    const length = piece.length * 16
    connection = await once(crowd, connection, {
      type: 'upload',
      id,
      head: headOf('POST', `/upload?id=${id}`, { 'content-length': length }),
      send: sendSlowly,
      expected: { id, length, sum: wholeSum },
      counts: false
    })
    await pauseOf(crowd, 20)
    if (connection?.open === false) connection = null
  }
  connection?.close()
}

async function readStream(crowd, id, line) {
  let connection = null
  try {
    connection = await HttpConnection.open(crowd.port, crowd.timeoutMs)
    const head = headOf('GET', `/stream?id=${id}&lines=40&every=50`)
    const { status, body } = await connection.exchange({ head, timeoutMs: crowd.timeoutMs })
    if (status !== 200) throw Object.assign(new Lost(`${status}`, body.toString().slice(0, 200)), { status })
    const split = body.lastIndexOf('sum ')
    const isWhole =
      split !== -1 && body.toString('latin1', split) === `sum ${sumOf(body.subarray(0, split))}\n`
    if (!isWhole) throw new Lost('wrong', 'the checksum of the stream')
    line.ok({ counts: false })
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    line.lost({ kind: error.kind, status: error.status, fresh: true, detail: error.message })
    if (crowd.isOn()) await delay(pauseAfterLossMs)
  }
  connection?.close()
}

/** Listens to a stream of two seconds with its checksum at the end, again and again. */
export async function streamClient(crowd) {
  while (crowd.isOn()) {
    const id = crowd.nextId('stream')
    await readStream(crowd, id, crowd.ledger.begin('stream', id))
    await pauseOf(crowd, 20)
  }
}
