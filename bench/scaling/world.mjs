/**
 * The machine of the simulation, and one run of a load shape with a scaling rule, in virtual time.
 *
 * Runs in the process of `run.mjs`, or of a test. Steps of 5 ms: arrivals, then a step of every thread, at the speed
 * the CPUs have for each of those that want one. Edge threads take part of the CPUs for each request. Memory over
 * the limit ends the process, as the kernel would; it is started again with the smallest number of workers.
 */
import { aim, arrive, createApplication, fall, patienceMs, step, wantsCpu } from './application.mjs'
import { createDice } from './dice.mjs'
import { createLedger } from './ledger.mjs'

const stepMs = 5

/** CPU of an edge thread for a request, in milliseconds. */
const edgeMs = 0.08

/** What the process has without workers, in bytes. */
const mebibyte = 1024 ** 2
const ownMemory = 80 * mebibyte

/** Milliseconds without any worker after the kernel has ended the process: until it is started again. */
const restartMs = 3000

/** Bytes a worker has by now. */
function memoryOf(worker, { memory, memoryGrown = memory, growthRequests = 1 }) {
  return memory + (memoryGrown - memory) * Math.min(1, worker.served / growthRequests)
}

function workersMemory(apps) {
  return apps.reduce(
    (sum, app) => sum + app.workers.reduce((all, worker) => all + memoryOf(worker, app.kind), 0),
    0
  )
}

/** What a rule is shown of the world. It may look at nothing else. */
function viewOf(world, sinceMs) {
  const { apps, shape, now } = world
  const used = world.cpuMs / Math.max(1, sinceMs)
  world.cpuMs = 0
  const memoryUsed = ownMemory + workersMemory(apps)
  return {
    now,
    sinceMs,
    total: shape.total,
    machine: {
      cpus: shape.cpus,
      cpuUsed: Math.min(shape.cpus, used),
      memoryLimit: shape.memory,
      memoryUsed,
      memoryFree: Math.max(0, shape.memory - memoryUsed)
    },
    apps: apps.map(app => showApp(app, sinceMs))
  }
}

function showApp(app, sinceMs) {
  const { arrived, completed, lineMs, waitMs, times } = app.counts
  app.counts = { arrived: 0, completed: 0, lineMs: 0, waitMs: null, times: [] }
  const workers = app.workers.map(worker => {
    const shown = {
      id: worker.id,
      state: worker.state,
      startedAt: worker.startedAt,
      activeMs: Math.min(worker.activeMs, sinceMs),
      cpuMs: worker.cpuMs,
      memory: memoryOf(worker, app.kind),
      inflight: worker.inflight
    }
    worker.activeMs = 0
    worker.cpuMs = 0
    return shown
  })
  return {
    id: app.kind.id,
    kind: app.kind,
    target: app.target,
    limits: { min: app.kind.min, max: app.kind.max },
    bootMs: app.bootMs,
    arrived,
    completed,
    lineMs,
    waitMs,
    queued: (app.waiting ?? []).length,
    responseMs: times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? null,
    workers
  }
}

/** One step of everything. */
function advance(world, arrivals) {
  const { apps, shape } = world
  for (const app of apps) {
    const { demand, workMs, blockMs = 0 } = app.kind
    const perMs = arrivals ? Math.max(0, demand(world.now / 1000)) / (workMs + blockMs) : 0
    const count = app.dice.count(perMs * stepMs)
    world.cpuMs += count * edgeMs
    world.edgeMs = world.edgeMs * 0.95 + count * edgeMs * 0.05 * apps.length
    for (let index = 0; index < count; index++) {
      if (world.downUntil > world.now) app.onEnd({ arrivedAt: world.now }, null)
      else arrive(app, world.now)
    }
  }
  const wanting = apps.reduce((sum, app) => sum + wantsCpu(app), 0)
  const cpus = Math.max(0.2, shape.cpus - world.edgeMs / stepMs)
  const speed = Math.min(1, cpus / Math.max(1, wanting))
  world.cpuMs += wanting * speed * stepMs
  for (const app of apps) step(app, { now: world.now, step: world.step, stepMs, speed })
  for (const app of apps) world.workerMs += app.workers.length * stepMs
  world.step++
  world.now += stepMs
}

function holdMemory(world) {
  const { apps, shape } = world
  const memory = ownMemory + workersMemory(apps)
  if (memory <= shape.memory || world.downUntil > world.now) return
  world.kills++
  world.downUntil = world.now + restartMs
  for (const app of apps) fall(app)
}

function startAll(world) {
  for (const app of world.apps) aim(app, world.rule.initial(app.kind), world.now)
}

function applyTargets(world, targets) {
  for (const app of world.apps) {
    const target = targets.get(app.kind.id) ?? app.target
    if (target === app.target) continue
    world.changes.push({ at: world.now, id: app.kind.id, from: app.target, to: target })
    aim(app, target, world.now)
  }
}

/**
 * One run.
 * @param {object} shape see `shapes.mjs`
 * @param {() => object} makeRule see `rules.mjs`
 * @param {number} seed of arrivals and lengths: two rules with the same seed are asked the same questions
 * @returns `{ seconds, workerSeconds, lateSeconds, late, changes, kills }`; `changes` is the list of them, `late` that
 *   of the seconds that were late.
 */
export function simulate(shape, makeRule, seed) {
  const ledger = createLedger(shape.seconds)
  const rule = makeRule(shape)
  const world = {
    shape,
    rule,
    now: 0,
    step: 0,
    cpuMs: 0,
    edgeMs: 0,
    workerMs: 0,
    kills: 0,
    downUntil: -1,
    changes: []
  }
  world.apps = shape.applications.map((kind, index) =>
    createApplication(kind, createDice(seed * 101 + index), (request, endedAt) =>
      ledger.note(request.arrivedAt, endedAt, kind.targetMs)
    )
  )
  startAll(world)
  const ticks = Math.round(rule.tickMs / stepMs)
  const steps = (shape.seconds * 1000) / stepMs
  while (world.step < steps) {
    advance(world, true)
    if (world.step % 20 === 0) holdMemory(world)
    const isDown = world.downUntil > world.now
    if (!isDown && world.downUntil > 0) {
      world.downUntil = -1
      rule.forget?.()
      startAll(world)
    }
    if (world.step % ticks === 0 && !isDown) applyTargets(world, rule.decide(viewOf(world, rule.tickMs)))
  }
  const { workerMs, changes, kills } = world
  // What is still in flight is answered, so that the last seconds are judged as well.
  for (const limit = world.now + patienceMs; world.now < limit;) advance(world, false)
  const late = ledger.lateSeconds()
  return {
    seconds: shape.seconds,
    workerSeconds: workerMs / 1000,
    lateSeconds: late.length,
    late,
    changes,
    kills
  }
}
