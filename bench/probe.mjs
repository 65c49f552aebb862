/**
 * Asks a contender real questions over HTTP: when does it answer first, and do all its workers answer.
 *
 * Runs in the process of `run.mjs`. Each question has a connection of its own, so that no pool in here can
 * hide how the contender spreads connections.
 */

// oxlint-disable no-await-in-loop -- one question is asked after the other.

import { get } from 'node:http'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 2
const answerDeadlineMs = 5000

/** Asks the system for so many TCP ports of 127.0.0.1 that are free now. */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, openAnywhere))
  const ports = servers.map(server => server.address().port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

function openAnywhere() {
  const { promise, resolve, reject } = Promise.withResolvers()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => resolve(server))
  return promise
}

/** One GET over a connection of its own. Rejects when there is no complete answer within 5 s. */
export function ask(port, path) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const request = get(
    { host: '127.0.0.1', port, path, agent: false, timeout: answerDeadlineMs },
    response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', chunk => (body += chunk))
      response.once('end', () => resolve({ status: response.statusCode, body }))
      response.once('error', reject)
    }
  )
  request.once('timeout', () => request.destroy(new Error(`No answer within ${answerDeadlineMs} ms.`)))
  request.once('error', reject)
  return promise
}

async function until(group, deadlineMs, attempt) {
  const giveUpAt = performance.now() + deadlineMs
  let last = 'no connection'
  while (performance.now() < giveUpAt) {
    const failure = group.failure()
    if (failure !== null) throw new Error(failure)
    try {
      const outcome = await attempt()
      if (outcome.done) return performance.now()
      last = outcome.seen
    } catch (error) {
      last = error.message
    }
    await delay(pollMs)
  }
  throw new Error(`Not within ${deadlineMs} ms (last: ${last}). ${group.output()}`)
}

/**
 * Waits for the first 200 on a port.
 * @returns the moment of that answer on the clock of `performance.now()`.
 * @throws {Error} with the contender's last output when it ends or does not answer in time.
 */
export function firstAnswer(group, port, deadlineMs) {
  return until(group, deadlineMs, async () => {
    const { status, body } = await ask(port, '/')
    return { done: status === 200, seen: `status ${status}: ${body.slice(0, 200)}` }
  })
}

/**
 * Waits until as many different workers have answered as were asked for.
 * @returns the moment the last of them was seen on the clock of `performance.now()`.
 * @throws {Error} when there are fewer in time.
 */
export function allWorkersAnswer(group, port, { workers, deadlineMs }) {
  const seen = new Set()
  return until(group, deadlineMs, async () => {
    const { status, body } = await ask(port, '/worker')
    if (status === 200) seen.add(body)
    return { done: seen.size === workers, seen: `${seen.size} of ${workers} workers answered` }
  })
}

/**
 * Checks that the application itself answers, with what it should say.
 * @param {{ port: number, expected: RegExp }} question
 * @throws {Error} with the status and the beginning of any other answer.
 */
export async function assertAnswer({ port, expected }) {
  const { status, body } = await ask(port, '/')
  if (status === 200 && expected.test(body)) return
  throw new Error(`Expected 200 and ${expected}, got ${status} and ${JSON.stringify(body.slice(0, 200))}.`)
}
