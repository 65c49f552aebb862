/**
 * Two short shapes with real workers in a real `heddle` process, and the same two in the simulation beside them:
 * `npm run bench -- scaling --real`.
 *
 * Runs in the process of `run.mjs`, which also sends the requests: at times of their own, whatever is answered, so
 * that a server that is late is asked no less.
 */

// oxlint-disable no-await-in-loop -- one run after the other, one look after the other.

import { Agent, get } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

import { onStage } from '../observe/stage.mjs'
import { createDice } from './dice.mjs'
import { createLedger } from './ledger.mjs'
import { heddleRule } from './rules.mjs'
import { realShapes } from './shapes.mjs'
import { simulate } from './world.mjs'

const pollMs = 100

/** Shapes, for `--only`. */
export const wanted = Object.keys(realShapes)

/** One round; how long it takes the shapes say. */
export const extent = {
  full: { rounds: 1, seconds: 0, minutes: 20 },
  quick: { rounds: 1, seconds: 0, minutes: 20 }
}

function ask(port, agent) {
  const { promise, resolve } = Promise.withResolvers()
  const request = get({ host: '127.0.0.1', port, path: '/', agent, timeout: 10_000 }, response => {
    response.resume()
    response.once('end', () => resolve(response.statusCode === 200))
    response.once('error', () => resolve(false))
  })
  request.once('timeout', () => request.destroy())
  request.once('error', () => resolve(false))
  return promise
}

/** Sends the requests of a shape. Resolves when the last is answered. */
async function drive(port, { seconds, applications: [kind] }, startedAt) {
  const dice = createDice(5)
  const agent = new Agent({ keepAlive: true })
  const ledger = createLedger(seconds)
  const open = new Set()
  const note = async (answer, arrivedAt) => {
    const isGood = await answer
    ledger.note(arrivedAt, isGood ? performance.now() - startedAt : null, kind.targetMs)
  }
  for (let at = 0; at < seconds * 1000;) {
    const perMs = kind.demand(at / 1000) / (kind.workMs + kind.blockMs)
    at += -Math.log(1 - dice.next()) / perMs
    const waitMs = startedAt + at - performance.now()
    if (waitMs > 1) await delay(waitMs)
    const answered = note(ask(port, agent), at)
    open.add(answered)
    void answered.finally(() => open.delete(answered))
  }
  await Promise.all(open)
  agent.destroy()
  return ledger
}

function statusOf(socket) {
  const { promise, resolve, reject } = Promise.withResolvers()
  get({ socketPath: socket, path: '/api/v1/status' }, response => {
    let text = ''
    response.setEncoding('utf8').on('data', chunk => (text += chunk))
    response.once('end', () => resolve(JSON.parse(text)))
  }).once('error', reject)
  return promise
}

/** Looks at the number of workers until it is told to stop. */
async function watch(socket, startedAt, signal) {
  const looks = []
  while (!signal.aborted) {
    const { applications } = await statusOf(socket)
    const workers = applications[0].workers.filter(({ state }) => state === 'ready').length
    looks.push({ second: (performance.now() - startedAt) / 1000, workers, wanted: applications[0].desired })
    await delay(pollMs)
  }
  return looks
}

function workerSecondsOf(looks, seconds) {
  return looks.reduce((sum, look, index) => {
    const until = Math.min(seconds, looks[index + 1]?.second ?? seconds)
    return sum + look.workers * Math.max(0, until - look.second)
  }, 0)
}

/** Seconds from the start of the load until as many workers were ready as it needs; `null` for never. */
function enoughAfter(list, { from, enough }) {
  const first = list.find(({ second, workers }) => second >= from && workers >= enough)
  return first === undefined ? null : first.second - from
}

async function playOne(shape, options) {
  const [kind] = shape.applications
  const nodeArgs = options.source ? ['--conditions=@heddle/source'] : []
  const entry = new URL('waiting-application.mjs', import.meta.url).pathname
  const config = {
    workers: { total: shape.total },
    applications: {
      api: {
        entry,
        workers: { min: kind.min, max: kind.max },
        env: { SCALING_WORK_MS: `${kind.workMs}`, SCALING_BLOCK_MS: `${kind.blockMs}` }
      }
    }
  }
  return onStage(
    { actor: 'heddle', entry, workers: kind.min, nodeArgs, config },
    async ({ port, socket }) => {
      const stop = new AbortController()
      const startedAt = performance.now()
      const watching = watch(socket, startedAt, stop.signal)
      const ledger = await drive(port, shape, startedAt)
      stop.abort()
      const looks = await watching
      return {
        requests: ledger.requests(),
        lateSeconds: ledger.lateSeconds().length,
        late: ledger.lateSeconds(),
        workerSeconds: workerSecondsOf(looks, shape.seconds),
        most: Math.max(...looks.map(({ workers }) => workers)),
        enoughAfter: enoughAfter(looks, shape),
        numbers: looks
          .filter(({ wanted }, index) => wanted !== looks[index - 1]?.wanted)
          .map(({ second, wanted }) => ({ second: Number(second.toFixed(1)), wanted }))
      }
    }
  )
}

function simulated(shape) {
  const run = simulate(shape, heddleRule, 5)
  const [{ bootMs, min }] = shape.applications
  // Ready a boot after they were asked for.
  const steps = run.changes.map(({ at, to }) => ({ second: (at + bootMs) / 1000, workers: to }))
  return {
    lateSeconds: run.lateSeconds,
    workerSeconds: run.workerSeconds,
    most: Math.max(min, ...run.changes.map(({ to }) => to)),
    enoughAfter: enoughAfter(steps, shape),
    numbers: run.changes.map(({ at, to }) => ({ second: at / 1000, wanted: to }))
  }
}

/**
 * Plays them.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const rows = {}
  for (const id of wanted.filter(each => options.only?.includes(each) ?? true)) {
    const shape = realShapes[id]
    options.say(`${id}, with real workers: ${shape.seconds} s …`)
    const real = await playOne(shape, options)
    rows[id] = { title: shape.title, seconds: shape.seconds, real, simulated: simulated(shape) }
    options.say(`${id}: ${JSON.stringify(rows[id])}`)
  }
  return { rows }
}
