/**
 * What an operator or a machine asks a server, each with the time it takes until the whole answer is there.
 *
 * Runs in the process of `run.mjs`. Every question has a connection of its own, or a process of its own: that is how
 * probes and commands come.
 */
import { spawn } from 'node:child_process'
import { get } from 'node:http'
import { performance } from 'node:perf_hooks'

import { node } from '../place.mjs'

/** What a probe may say. That of Heddle which says whether the process lives never depends on its workers. */
const lives = { heddle: [200], watt: [200, 500] }
const isReady = { heddle: [200, 503], watt: [200, 500] }

/** Thrown when there is no complete answer in time. */
export class Late extends Error {}

function overHttp(target, { limitMs, statuses = [200] }) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const late = setTimeout(() => request.destroy(new Late(`No answer within ${limitMs} ms.`)), limitMs)
  const request = get({ ...target, agent: false }, response => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', chunk => (body += chunk))
    response.once('error', reject)
    response.once('end', () => {
      if (statuses.includes(response.statusCode)) resolve(body)
      else reject(new Error(`${target.path} was answered with ${response.statusCode}: ${body.slice(0, 200)}`))
    })
  })
  request.once('error', reject)
  return promise.finally(() => clearTimeout(late))
}

function byCommand(args, { limitMs, env }) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const child = spawn(node, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let text = ''
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, limitMs)
  child.stdout.setEncoding('utf8').on('data', chunk => (text += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (text += chunk))
  child.once('error', reject)
  child.once('close', code => {
    if (isLate) reject(new Late(`No answer within ${limitMs} ms.`))
    else if (code === 0) resolve(text)
    else reject(new Error(`The command ended with ${code}: ${text.slice(0, 200)}`))
  })
  return promise.finally(() => clearTimeout(late))
}

function http(paths, statuses) {
  return ({ adminPort, actor }, limitMs) =>
    overHttp(
      { host: '127.0.0.1', port: adminPort, path: paths[actor] },
      { limitMs, statuses: statuses?.[actor] }
    )
}

/**
 * The questions by id: what it is called with each of those who can be asked, how it is asked, what has to be in the
 * answer, and how seldom it is asked.
 */
export const questions = {
  livez: {
    titles: { heddle: 'GET /livez', watt: 'GET /status' },
    ask: http({ heddle: '/livez', watt: '/status' }, lives),
    holds: /./
  },
  // Whether it is ready while all are blocked is another question; that it says so at once is this one.
  readyz: {
    titles: { heddle: 'GET /readyz', watt: 'GET /ready' },
    ask: http({ heddle: '/readyz', watt: '/ready' }, isReady),
    holds: /./
  },
  metrics: {
    titles: { heddle: 'GET /metrics', watt: 'GET /metrics' },
    ask: http({ heddle: '/metrics', watt: '/metrics' }),
    holds: /^# TYPE /m
  },
  status: {
    titles: { heddle: 'GET /api/v1/status, over the socket' },
    ask: ({ socket }, limitMs) => overHttp({ socketPath: socket, path: '/api/v1/status' }, { limitMs }),
    holds: /"applications"/
  },
  ps: {
    titles: { heddle: '`heddle ps`, the whole command' },
    ask: ({ command, wish }, limitMs) => byCommand(command('ps'), { limitMs, env: wish.env }),
    holds: /hello/,
    every: 4
  }
}

/**
 * Asks once.
 * @param {string} id of the question
 * @param {import('./stage.mjs').Live} live
 * @param {number} limitMs the time there is
 * @returns {Promise<number>} milliseconds until the whole answer was there; `Infinity` when it was not in time
 * @throws {Error} when the answer is a wrong one.
 */
export async function timeOf(id, live, limitMs) {
  const { ask, holds, titles } = questions[id]
  const startedAt = performance.now()
  try {
    const text = await ask(live, limitMs)
    const took = performance.now() - startedAt
    if (!holds.test(text)) throw new Error(`${titles[live.actor]} was answered with ${text.slice(0, 200)}`)
    return took
  } catch (error) {
    if (error instanceof Late) return Infinity
    throw error
  }
}
