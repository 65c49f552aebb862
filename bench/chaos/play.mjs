/**
 * One scenario with one contender: the load, a steady time, the event, and the judgement of every request.
 *
 * Runs in the process of the benchmark; the load in one of its own.
 */
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { results } from '../place.mjs'
import { countBegun, judge } from './judge.mjs'
import { scenarios } from './scenarios.mjs'
import { onStage } from './stage.mjs'

const warmUpMs = 1500
const steadyMinMs = 1000
const settleMs = 700
const timeoutMs = 15_000
const reportDeadlineMs = 40_000
const seed = 4

/** The crowd: how many clients of each kind. */
export const usualLoad = { keepAlive: 12, fresh: 8, uploads: 4, streams: 8, sockets: 4, longSockets: 4 }

/** The driver as a process. */
class Driver {
  #child = fork(join(import.meta.dirname, 'driver.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

  tell(message) {
    this.#child.send(message)
  }

  /** The next message of a type. Rejects when the driver ends before or the deadline passes. */
  hear(type, deadlineMs) {
    const { promise, resolve, reject } = Promise.withResolvers()
    const late = setTimeout(() => reject(new Error(`The driver sent no ${type} in time.`)), deadlineMs)
    const onMessage = message => {
      if (message.type === type) resolve(message)
    }
    const onExit = code => reject(new Error(`The driver ended with code ${code}.`))
    this.#child.on('message', onMessage)
    this.#child.once('exit', onExit)
    return promise.finally(() => {
      clearTimeout(late)
      this.#child.off('message', onMessage)
      this.#child.off('exit', onExit)
    })
  }

  end() {
    this.#child.kill('SIGKILL')
  }
}

async function perform({ live, scenario, seconds, load }) {
  const driver = new Driver()
  const notes = []
  try {
    const started = driver.hear('started', reportDeadlineMs)
    driver.tell({ type: 'start', port: live.port, load, timeoutMs, seed })
    await started
    await delay(warmUpMs)
    driver.tell({ type: 'phase', name: 'steady' })
    await delay(Math.max(steadyMinMs, seconds * 250))
    driver.tell({ type: 'phase', name: 'event' })
    const until = performance.now() + seconds * 1000
    const attempt = async (what, action) => {
      try {
        await action()
      } catch (error) {
        notes.push(`${what}: ${error.message}`)
        await delay(500)
      }
    }
    const times = await scenario.act({
      isOver: () => performance.now() >= until,
      operate: (name, workers) => attempt(name, () => live.operate(name, workers)),
      harm: (kind, ms) => attempt(kind, () => live.harm(kind, ms)),
      changeCode: live.changeCode,
      breakCode: live.breakCode
    })
    // What the last event has left behind is asked for a moment, too.
    await delay(settleMs)
    const reported = driver.hear('report', reportDeadlineMs)
    driver.tell({ type: 'stop' })
    const { report } = await reported
    return { report, times, notes }
  } finally {
    driver.end()
  }
}

function keepLog(name, output, figures) {
  const directory = join(results, 'raw')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `chaos-${name}.log`), output)
  writeFileSync(join(directory, `chaos-${name}.json`), `${JSON.stringify(figures, null, 2)}\n`)
}

/**
 * Plays one scenario.
 * @param {{ contender: string, scenario: string, seconds: number, load?: object, nodeArgs?: string[] }} part
 * @returns the figures of `judge.mjs`, with `times`: how often the event happened, and `notes`: operations that
 *   failed, as sentences. What the contender printed lies in `results/raw` when a request failed.
 */
export function play({ contender, scenario, seconds, load = usualLoad, nodeArgs = [] }) {
  const chosen = scenarios[scenario]
  return onStage({ contender, workers: chosen.workers ?? 4, nodeArgs }, async live => {
    const { report, times, notes } = await perform({ live, scenario: chosen, seconds, load })
    const begun = countBegun(live.records())
    const figures = { ...judge({ report, begun, hasDeaths: chosen.hasDeaths }), times, notes }
    if (figures.failed + figures.duplicates + notes.length > 0) {
      keepLog(`${contender}-${scenario}`, live.output.text, figures)
    }
    return figures
  })
}
