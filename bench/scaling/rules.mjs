/**
 * The scaling rules that are compared: Heddle's own, as it is, and others described again from their documentation
 * and behaviour. Each is a factory, since a rule remembers.
 *
 * Runs in the process of `run.mjs`. A rule: `tickMs`; `initial(kind)`, workers at the start; `decide(view)`, a map
 * of targets by id of application; `forget()` when the process was started anew. Views are made by `world.mjs`.
 */
import { plan } from '../../packages/heddle/src/main/scaling/allocate.ts'
import { historyMs, tickMs } from '../../packages/heddle/src/main/scaling/load.ts'

function sampleOf(app, view) {
  const ready = app.workers.filter(({ state }) => state === 'ready')
  const serving = app.workers.filter(({ state }) => state === 'ready')
  const sum = pick => serving.reduce((total, worker) => total + pick(worker), 0)
  return {
    at: view.now,
    spanMs: view.sinceMs,
    ready: ready.length,
    starting: app.workers.filter(({ state }) => state === 'starting').length,
    arrived: app.arrived,
    completed: app.completed,
    inflight: sum(({ inflight }) => inflight),
    queued: app.queued,
    waitP99Ms: app.waitMs,
    responseP99Ms: app.responseMs,
    activeMs: sum(({ activeMs }) => activeMs),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    loopDelayMs: app.lineMs
  }
}

// What a worker of it has by now, the largest: that is what one more may come to.
function workerBytesOf({ workers, kind }) {
  return Math.max(kind.memory, ...workers.map(({ memory }) => memory))
}

/** Heddle's rule: the same functions the server calls, fed as the server feeds them. */
export function heddleRule() {
  const known = new Map()
  let machine = []
  const recall = id => {
    if (!known.has(id)) known.set(id, { samples: [], grownAt: null, shrunkAt: null })
    return known.get(id)
  }
  return {
    tickMs,
    initial: ({ min }) => min,
    forget: () => known.clear(),
    decide: view => {
      machine = [...machine.slice(-20), machineSample(view)]
      const applications = view.apps.map(app => {
        const memory = recall(app.id)
        memory.samples = [
          ...memory.samples.filter(({ at }) => at > view.now - historyMs),
          sampleOf(app, view)
        ]
        const { id, limits, target: workers, bootMs } = app
        return { ...memory, id, limits, workers, enabled: true, bootMs, workerBytes: workerBytesOf(app) }
      })
      const decisions = plan(applications, machine, view.total)
      for (const { id, target } of decisions) {
        const before = view.apps.find(app => app.id === id).target
        if (target > before) recall(id).grownAt = view.now
        if (target < before) recall(id).shrunkAt = view.now
      }
      return new Map(decisions.map(({ id, target }) => [id, target]))
    }
  }
}

function machineSample({ now, machine }) {
  return { at: now, ...machine, throttledShare: 0, cpuPressure: null, memoryPressure: null }
}

const watt = {
  upUtilization: 0.8,
  downUtilization: 0.2,
  upWindowMs: 10_000,
  downWindowMs: 60_000,
  cooldownMs: 20_000,
  everyMs: 60_000,
  graceMs: 30_000,
  memoryPart: 0.9,
  /** Part of a worker's memory that is heap, which is what is asked for. */
  heapPart: 0.6
}

function mean(list) {
  return list.length === 0 ? null : list.reduce((sum, value) => sum + value, 0) / list.length
}

// The mean of its workers' means over so many milliseconds.
function utilizationOf(samples, id, since) {
  const byWorker = Object.groupBy(
    samples.filter(sample => sample.id === id && sample.at > since),
    ({ worker }) => worker
  )
  return mean(Object.values(byWorker).map(list => mean(list.map(({ elu }) => elu))))
}

/**
 * Watt 3's rule (`workers.dynamic`) with its defaults: once a second a sample of each worker older than 30 s; a
 * pass when one of them is over 0.8, and each minute; then one worker less for each application whose mean of 60 s
 * is below 0.2, one more for the busiest whose mean of 10 s is over 0.8; 20 s of rest after a change.
 */
export function wattRule() {
  let samples = []
  let changedAt = Number.NEGATIVE_INFINITY
  let passedAt = 0
  const look = view => {
    const fresh = view.apps.flatMap(app =>
      app.workers
        .filter(({ state, startedAt }) => state === 'ready' && view.now - startedAt >= watt.graceMs)
        .map(({ id, activeMs }) => ({ id: app.id, worker: id, at: view.now, elu: activeMs / view.sinceMs }))
    )
    samples = [...samples.filter(({ at }) => at > view.now - watt.downWindowMs), ...fresh]
    return fresh
  }
  const pass = view => {
    const targets = new Map(view.apps.map(({ id, target }) => [id, target]))
    const busiest = shrinkAndFind(view, samples, targets)
    if (busiest !== null && hasRoom(view, targets, busiest)) targets.set(busiest.id, busiest.target + 1)
    return targets
  }
  return {
    tickMs: 1000,
    initial: ({ min }) => min,
    forget: () => {
      samples = []
      changedAt = Number.NEGATIVE_INFINITY
    },
    decide: view => {
      const fresh = look(view)
      const isDue = view.now - passedAt >= watt.everyMs || fresh.some(({ elu }) => elu > watt.upUtilization)
      if (!isDue || view.now - changedAt < watt.cooldownMs) return new Map()
      if (view.now - passedAt >= watt.everyMs) passedAt = view.now
      const targets = pass(view)
      if (view.apps.some(({ id, target }) => targets.get(id) !== target)) changedAt = view.now
      return targets
    }
  }
}

function shrinkAndFind(view, samples, targets) {
  let busiest = null
  for (const app of view.apps) {
    const down = utilizationOf(samples, app.id, view.now - watt.downWindowMs)
    const up = utilizationOf(samples, app.id, view.now - watt.upWindowMs)
    if (down !== null && down < watt.downUtilization && app.target > app.limits.min) {
      targets.set(app.id, app.target - 1)
    } else if (
      up !== null &&
      up > watt.upUtilization &&
      up > (busiest?.up ?? 0) &&
      app.target < app.limits.max
    ) {
      busiest = { id: app.id, target: app.target, up, app }
    }
  }
  return busiest
}

function hasRoom({ total, machine }, targets, { app }) {
  const heap = mean(app.workers.map(({ memory }) => memory * watt.heapPart)) ?? 0
  const sum = [...targets.values()].reduce((all, target) => all + target, 0)
  return sum < total && heap < machine.memoryLimit * watt.memoryPart - machine.memoryUsed
}

/** The same number always. @param count of an application; its `max` when left out */
export function fixedRule(count) {
  const number = ({ min, max }) => (count === undefined ? max : Math.min(max, Math.max(min, count)))
  return () => ({ tickMs: 1000, initial: number, decide: () => new Map() })
}

/** All of them by id, with what they are called in tables. */
export const rules = {
  heddle: { title: 'Heddle', make: heddleRule },
  watt: { title: "Watt's rule", make: wattRule },
  'fixed-2': { title: 'fixed 2', make: fixedRule(2) },
  'fixed-max': { title: 'fixed max', make: fixedRule() }
}
