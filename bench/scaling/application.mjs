/**
 * One application of the simulation: its workers, their queues, what is counted of them.
 *
 * Runs in virtual time, step by step; `world.mjs` says when and how fast. A worker is an event loop: it does one
 * piece of work after the other, in the order they came. A request is one piece, or two with a wait between them
 * that needs no thread. A piece takes CPU, or blocks its thread without.
 */

/** Milliseconds a client waits for an answer before it goes. */
export const patienceMs = 10_000

/** A new worker's first requests take so much longer, over so many milliseconds: nothing is compiled yet. */
const coldFactor = 1.5
const coldMs = 2000

/** In what time its share of the requests grows from a tenth to the whole, in milliseconds: Heddle's default. */
const slowStartMs = 2000
const slowStartFloor = 0.1

/** A piece of work shorter than this is done: steps are added up in floating point. */
const nothing = 1e-9

function createWorker(id, now, kind) {
  return {
    id,
    state: 'starting',
    startedAt: now,
    readyAt: null,
    bootCpuMs: kind.bootCpuMs,
    queue: [],
    head: 0,
    inflight: 0,
    activeMs: 0,
    cpuMs: 0,
    served: 0
  }
}

/**
 * An application.
 * @param {object} kind what it is like: see `shapes.mjs`
 * @param {object} dice its own
 * @param {(request: { arrivedAt: number }, endedAt: number | null) => void} onEnd `null` for a request that was lost
 */
export function createApplication(kind, dice, onEnd) {
  const app = {
    kind,
    target: 0,
    workers: [],
    lanes: [],
    nextId: 0,
    turn: 0,
    bootMs: null,
    counts: { arrived: 0, completed: 0, lineMs: 0, waitMs: null, times: [] },
    dice,
    onEnd
  }
  return app
}

/** Workers in one of these states. */
export function inState(app, ...states) {
  return app.workers.filter(({ state }) => states.includes(state))
}

/** Has it as many workers as it should: starts some, or has the youngest finish what they have. */
export function aim(app, target, now) {
  app.target = target
  const living = inState(app, 'starting', 'ready')
  for (let count = living.length; count < target; count++) {
    app.workers.push(createWorker(app.nextId++, now, app.kind))
  }
  for (const worker of living.slice(target)) worker.state = worker.state === 'ready' ? 'draining' : 'gone'
  app.workers = app.workers.filter(({ state }) => state !== 'gone')
}

/** Everything it has is lost, as when the process is ended. */
export function fall(app) {
  for (const worker of app.workers) {
    for (const piece of worker.queue.slice(worker.head)) app.onEnd(piece.request, null)
  }
  for (const lane of app.lanes) for (const { piece } of lane ?? []) app.onEnd(piece.request, null)
  for (const request of app.waiting ?? []) app.onEnd(request, null)
  Object.assign(app, { workers: [], lanes: [], waiting: [], target: 0 })
}

function isTurn({ readyAt }, now, dice) {
  const age = now - readyAt
  return age >= slowStartMs || dice.next() < Math.max(slowStartFloor, age / slowStartMs)
}

/** The one with the least in flight, ties in turn; one that is new not always. */
function choose(app, now) {
  const ready = inState(app, 'ready')
  const eligible = ready.filter(worker => isTurn(worker, now, app.dice))
  const list = eligible.length === 0 ? ready : eligible
  let best = null
  for (let index = 0; index < list.length; index++) {
    const worker = list[(index + app.turn) % list.length]
    if (best === null || worker.inflight < best.inflight) best = worker
  }
  app.turn = (app.turn + 1) & 0xff_ff
  return best
}

function send(app, worker, request, now) {
  const { workMs, blockMs = 0, ioMs = 0 } = app.kind
  const cold = now - worker.readyAt < coldMs ? coldFactor : 1
  const length = app.dice.length()
  const parts = ioMs > 0 ? 2 : 1
  const piece = {
    request,
    cpuMs: (workMs * length * cold) / parts,
    blockMs: (blockMs * length) / parts,
    isLast: parts === 1
  }
  worker.inflight++
  worker.queue.push(piece)
}

/** A request comes in: to a worker, or to wait for one. */
export function arrive(app, now) {
  app.counts.arrived++
  const request = { arrivedAt: now }
  const worker = choose(app, now)
  if (worker === null) app.waiting = [...(app.waiting ?? []), request]
  else send(app, worker, request, now)
}

function sendWaiting(app, now) {
  const list = app.waiting ?? []
  app.waiting = []
  for (const request of list) {
    const waitedMs = now - request.arrivedAt
    const worker = waitedMs > patienceMs ? null : choose(app, now)
    app.counts.waitMs = Math.max(app.counts.waitMs ?? 0, waitedMs)
    if (waitedMs > patienceMs) end(app, request, null)
    else if (worker === null) app.waiting.push(request)
    else send(app, worker, request, now)
  }
}

function end(app, request, at) {
  app.counts.completed++
  if (at !== null) app.counts.times.push(at - request.arrivedAt)
  app.onEnd(request, at)
}

/** The piece is done: the request is, or it waits for something else and comes back to the same worker. */
function finish(app, worker, piece, { at, step, stepMs }) {
  if (piece.isLast) {
    worker.inflight--
    worker.served++
    end(app, piece.request, at)
    return
  }
  const waitMs = app.kind.ioMs * (0.5 + 0.5 * app.dice.length())
  const lane = step + Math.max(1, Math.round(waitMs / stepMs))
  ;(app.lanes[lane] ??= []).push({
    worker,
    piece: { ...piece, isLast: true, cpuMs: piece.fullCpuMs, blockMs: piece.fullBlockMs }
  })
}

function dropImpatient(app, worker, now) {
  while (worker.head < worker.queue.length) {
    const piece = worker.queue[worker.head]
    if (piece.fullCpuMs !== undefined || now - piece.request.arrivedAt <= patienceMs) break
    worker.head++
    worker.inflight--
    end(app, piece.request, null)
  }
}

/** What a ready worker does in one step at that speed of its CPU. */
function turn(app, worker, time) {
  const { now, stepMs, speed } = time
  let leftMs = stepMs
  while (leftMs > nothing) {
    dropImpatient(app, worker, now)
    const piece = worker.queue[worker.head]
    if (piece === undefined) break
    piece.fullCpuMs ??= piece.cpuMs
    piece.fullBlockMs ??= piece.blockMs
    const onCpu = Math.min(leftMs, piece.cpuMs / speed)
    piece.cpuMs -= onCpu * speed
    const blocked = piece.cpuMs > nothing ? 0 : Math.min(leftMs - onCpu, piece.blockMs)
    piece.blockMs -= blocked
    leftMs -= onCpu + blocked
    worker.cpuMs += onCpu * speed
    worker.activeMs += onCpu + blocked
    if (piece.cpuMs > nothing || piece.blockMs > nothing) break
    worker.head++
    finish(app, worker, piece, { at: now + stepMs - leftMs, step: time.step, stepMs })
  }
  if (worker.head > 64 && worker.head * 2 > worker.queue.length) {
    worker.queue = worker.queue.slice(worker.head)
    worker.head = 0
  }
}

function boot(app, worker, { now, stepMs, speed }) {
  worker.bootCpuMs -= stepMs * speed
  if (worker.bootCpuMs > 0 || now - worker.startedAt < app.kind.bootMs) return
  worker.state = 'ready'
  worker.readyAt = now
  app.bootMs = now - worker.startedAt
}

/** Milliseconds of work before whoever comes next. */
function lineOf(worker, kind) {
  const pieceMs = (kind.workMs + (kind.blockMs ?? 0)) / ((kind.ioMs ?? 0) > 0 ? 2 : 1)
  return (worker.queue.length - worker.head) * pieceMs
}

function isOnCpu({ state, bootCpuMs, queue, head }) {
  return state === 'starting' ? bootCpuMs > 0 : queue[head] !== undefined && queue[head].cpuMs > nothing
}

/** Threads that want a CPU at present. */
export function wantsCpu(app) {
  return app.workers.filter(isOnCpu).length
}

/** One step of all its workers. @param time `{ now, step, stepMs, speed }` */
export function step(app, time) {
  for (const { worker, piece } of app.lanes[time.step] ?? []) worker.queue.push(piece)
  delete app.lanes[time.step]
  if ((app.waiting ?? []).length > 0) sendWaiting(app, time.now)
  for (const worker of app.workers) {
    if (worker.state === 'starting') boot(app, worker, time)
    else turn(app, worker, time)
    if (worker.state === 'draining' && worker.inflight === 0) worker.state = 'gone'
    app.counts.lineMs = Math.max(app.counts.lineMs, lineOf(worker, app.kind) / time.speed)
  }
  if (app.workers.some(({ state }) => state === 'gone')) {
    app.workers = app.workers.filter(({ state }) => state !== 'gone')
  }
}
