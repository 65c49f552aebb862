/**
 * What looking costs the requests: throughput of hello world with something switched on, and with it switched off.
 *
 * Runs in the process of `run.mjs`. Both servers of a pair run at the same time and are loaded in turns, on, off, off,
 * on, so that whatever the machine does is done to both. What a server spends on a request is measured too: a load
 * generator that is slower than the server would hide a loss, the CPU time does not.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { applicationEntry } from '../place.mjs'
import { foreignTolerated, readUsage, usageBetween } from '../cpu-usage.mjs'
import { load } from '../load.mjs'
import { ask } from '../probe.mjs'
import { pidsOf, statFields } from '../processes.mjs'
import { summarize } from '../statistics.mjs'
import { onStage, presence } from './stage.mjs'

const workers = 2
const connections = 64
const scrapeEveryMs = 1000
const warmUpSeconds = 2
/** Microseconds of a clock tick of /proc: 100 a second on Linux. */
const tickUs = 10_000
/** Which of the two is loaded when; each side as often as the other, and none always later. */
const turns = ['on', 'off', 'off', 'on', 'off', 'on', 'on', 'off']

/** What is switched, and how. `scrapes`: whether somebody reads the metrics once a second meanwhile. */
export const pairs = {
  'edge-metrics': pairOf('metrics, edge', 'edge', isOn => ({ metrics: { enabled: isOn } }), true),
  'direct-metrics': pairOf('metrics, direct', 'direct', isOn => ({ metrics: { enabled: isOn } }), true),
  'access-log': pairOf('access log in JSON, edge', 'edge', isOn => ({
    server: { accessLog: isOn ? 'json' : 'off' },
    logger: { level: 'info', format: 'json' }
  }))
}

function pairOf(title, mode, keys, scrapes = false) {
  const config = isOn => {
    const written = keys(isOn)
    return { ...written, server: { ...written.server, mode } }
  }
  return { title, on: config(true), off: config(false), scrapes }
}

function cpuTicks(group) {
  return pidsOf(group)
    .map(pid => statFields(pid))
    .reduce((sum, fields) => sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0), 0)
}

// Of a server with its metrics switched off nothing is read: that is what is compared.
function startScraping({ adminPort }) {
  let failed = null
  const scrape = async () => {
    try {
      const { status } = await ask(adminPort, '/metrics')
      if (status !== 200) failed ??= `a scrape was answered with ${status}`
    } catch (error) {
      failed ??= `a scrape failed: ${error.message}`
    }
  }
  const timer = setInterval(() => void scrape(), scrapeEveryMs)
  return () => {
    clearInterval(timer)
    return failed
  }
}

async function loadOnce(live, { seconds, threads, scrapes }) {
  const stop = scrapes ? startScraping(live) : () => null
  const before = cpuTicks(live.group)
  const { requests, requestsPerSecond, problems } = await load({
    port: live.port,
    connections,
    seconds,
    threads
  })
  const cpuUs = ((cpuTicks(live.group) - before) * tickUs) / requests
  const failed = stop()
  const all = failed === null ? problems : [...problems, failed]
  if (all.length > 0) throw new Error(all.join('; '))
  return { requestsPerSecond, cpuUs }
}

function mean(list, key) {
  return list.reduce((sum, each) => sum + each[key], 0) / list.length
}

/** One round of a pair: both sides' means, and the share of the CPUs others used meanwhile. */
function playPair({ on, off, scrapes }, options) {
  const { seconds, loadThreads: threads } = options
  const stage = config => ({
    actor: 'heddle',
    entry: applicationEntry('hello'),
    workers,
    nodeArgs: options.source ? ['--conditions=@heddle/source'] : [],
    config
  })
  return onStage(stage(on), liveOn =>
    onStage(stage(off), async liveOff => {
      const sides = { on: { live: liveOn, scrapes }, off: { live: liveOff, scrapes: false } }
      const found = { on: [], off: [] }
      const warmUp = { seconds: Math.min(warmUpSeconds, seconds), threads, scrapes: false }
      for (const { live } of Object.values(sides)) await loadOnce(live, warmUp)
      const pids = [...pidsOf(liveOn.group), ...pidsOf(liveOff.group)]
      const before = readUsage(pids)
      for (const side of turns) {
        found[side].push(await loadOnce(sides[side].live, { seconds, threads, scrapes: sides[side].scrapes }))
      }
      const { foreign } = usageBetween(before, readUsage(pids))
      const [rateOn, rateOff] = [mean(found.on, 'requestsPerSecond'), mean(found.off, 'requestsPerSecond')]
      const [cpuOn, cpuOff] = [mean(found.on, 'cpuUs'), mean(found.off, 'cpuUs')]
      return { rateOn, rateOff, rate: rateOn / rateOff, cpuOn, cpuOff, cpu: cpuOn / cpuOff, foreign }
    })
  )
}

/** The figures of one pair. A round somebody else disturbed counts, and is counted. */
export function pairRow(id, rounds, problems) {
  const of = key => summarize(rounds.map(round => round[key]))
  return {
    title: pairs[id].title,
    valid: problems.length === 0 && rounds.length > 0,
    problems,
    rateOn: of('rateOn'),
    rateOff: of('rateOff'),
    rate: of('rate'),
    cpuOn: of('cpuOn'),
    cpuOff: of('cpuOff'),
    cpu: of('cpu'),
    disturbed: rounds.filter(({ foreign }) => foreign > foreignTolerated).length
  }
}

function percentText(ratio) {
  return `${((ratio - 1) * 100).toFixed(1)} %`
}

/**
 * Measures all pairs in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function measure(options) {
  const { present, missing } = presence(options)
  if (!present.includes('heddle')) return { rounds: 0, workers, connections, missing, rows: {} }
  const raw = Object.fromEntries(Object.keys(pairs).map(id => [id, { rounds: [], problems: [] }]))
  let rounds = 0
  for (; rounds < options.rounds && Date.now() < options.until; rounds++) {
    for (const [id, pair] of Object.entries(pairs)) {
      try {
        const one = await playPair(pair, options)
        raw[id].rounds.push(one)
        options.say(
          `round ${rounds + 1}, ${pair.title}: throughput ${percentText(one.rate)}, CPU ${percentText(one.cpu)}`
        )
      } catch (error) {
        raw[id].problems.push(`round ${rounds + 1}: ${error.message}`)
        options.say(`round ${rounds + 1}, ${pair.title}: ${error.message}`)
      }
    }
  }
  const rows = Object.entries(raw).map(([id, of]) => [id, pairRow(id, of.rounds, of.problems)])
  return { rounds, workers, connections, missing: {}, rows: Object.fromEntries(rows) }
}
