/**
 * One schedule: a mesh of simulated threads lives through whatever its seed says, is then brought to its
 * end in calm, and is held to what the mesh promises. See `paper-threads.ts`.
 */
import assert from 'node:assert/strict'

import { MAX_LOSSES } from '../../src/client/retry.ts'
import type { MeshError } from '../../src/errors.ts'
import type { Member } from '../../src/registry/membership.ts'
import { Registry } from '../../src/registry/registry.ts'
import { joinMesh, type Mesh } from '../../src/thread.ts'
import { END, HEAD, REQUEST } from '../../src/wire/frames.ts'
import { application, handlers, type Ledger } from './paper-applications.ts'
import { WatchedCall } from './watched-call.ts'
import { Stage, type PaperPort, type PaperThread } from './paper-threads.ts'

/** The longest step of time, and with the client's sweep how late a deadline may be noticed. */
const STEP_MS = 300
const GRACE_MS = STEP_MS + 200

interface Seat {
  readonly thread: PaperThread
  readonly member: Member
  mesh: Mesh | null
}

/** What the schedules came to, so that a test can see that they met what they are for. */
export type Tally = Record<string, number>

/** Lives through the schedule of a seed. */
export async function runSchedule(seed: number, tally: Tally): Promise<void> {
  const stage = new Stage(seed)
  const restore = stage.install()
  try {
    const schedule = new Schedule(stage)
    await schedule.begin()
    await schedule.live(60 + stage.below(120))
    await schedule.calmDown()
    schedule.check()
    schedule.count(tally)
  } finally {
    restore()
  }
}

class Schedule {
  readonly #stage: Stage
  readonly #registry: Registry
  readonly #main: PaperThread
  readonly #upstreams: Seat[] = []
  readonly #callers: Seat[] = []
  readonly #calls: WatchedCall<PaperThread>[] = []
  readonly #ledger: Ledger = { executions: [], open: new Map(), calm: false }
  /** Promises of the registry that have to be kept. */
  #promised = 0
  /** Threads that have left, or were removed: they cannot open links any more. */
  readonly #out = new Set<PaperThread>()

  constructor(stage: Stage) {
    this.#stage = stage
    this.#main = stage.current
    this.#registry = new Registry({ domain: 'paper.local', capacity: 32 })
  }

  /** Two callers, three upstreams of `moody`, which may do anything, and one of `solid`, which is spared. */
  async begin(): Promise<void> {
    for (const hostname of [null, null, 'solid', 'moody', 'moody', 'moody']) await this.#join(hostname)
    await this.#settle()
  }

  /** So many steps of whatever comes. */
  async live(steps: number): Promise<void> {
    const { below, random } = bind(this.#stage)
    for (let i = 0; i < steps; i++) {
      const event = random()
      if (event < 0.25) await this.#disturb()
      else if (event < 0.45) await this.#send()
      for (let turns = below(5); turns > 0; turns--) await this.#turn()
      for (const call of this.#calls) call.checkDeadline(GRACE_MS)
    }
  }

  /** Everybody wakes up, and all that was begun comes to its end. */
  async calmDown(): Promise<void> {
    this.#ledger.calm = true
    for (const thread of this.#stage.threads) thread.stuck = false
    await this.#settle()
    // Time settles what waits for a deadline, or for a heartbeat to be missed.
    for (let i = 0; i < 12; i++) {
      await this.#stage.pass(STEP_MS)
      await this.#settle()
    }
  }

  /** What the mesh promises. */
  check(): void {
    for (const call of this.#calls) if (!call.thread.dead) this.#checkCall(call)
    for (const seat of this.#upstreams) {
      if (seat.thread.dead || this.#out.has(seat.thread)) continue
      assert.equal(seat.member.inflight(), 0, `requests in flight to ${seat.thread.name}`)
      assert.equal(this.#ledger.open.get(seat.thread) ?? 0, 0, `responses open in ${seat.thread.name}`)
    }
    assert.equal(this.#promised, 0, 'promises of the registry not kept')
  }

  /** Adds what happened to a tally. */
  count(tally: Tally): void {
    for (const { outcome, error } of this.#calls) {
      const begun = error === null ? '' : Reflect.get((error as MeshError).detail, 'begun')
      const key = `${outcome}${begun === true ? ' begun' : ''}`
      tally[key] = (tally[key] ?? 0) + 1
    }
    for (const runs of this.#ledger.executions) if (runs > 1) tally['repeated'] = (tally['repeated'] ?? 0) + 1
  }

  #checkCall({ plan, outcome, error, thread }: WatchedCall<PaperThread>): void {
    const name = JSON.stringify(plan)
    const runs = this.#ledger.executions[plan.id] ?? 0
    assert.notEqual(outcome, null, `hangs: ${name}`)
    assert.ok(runs <= (plan.idempotent ? MAX_LOSSES : 1), `executed ${runs} times: ${name}`)
    if (outcome === 'answered') assert.ok(runs > 0, `answered by nobody: ${name}`)
    if (outcome === 'MESH_UPSTREAM_LOST' && !plan.idempotent) {
      const { begun } = (error as MeshError<'MESH_UPSTREAM_LOST'>).detail
      if (!begun) assert.equal(runs, 0, `executed, but said not to have begun: ${name}`)
    }
    if (plan.hostname !== 'solid' || this.#out.has(thread)) return
    assert.ok(!['MESH_UPSTREAM_LOST', 'MESH_NO_UPSTREAM'].includes(outcome ?? ''), `${outcome}: ${name}`)
  }

  async #join(hostname: string | null): Promise<void> {
    const stage = this.#stage
    const seats = hostname === null ? this.#callers : this.#upstreams
    const thread = stage.thread(`${hostname ?? 'caller'}:${seats.length}`)
    await stage.run(this.#main, () => {
      const { ticket, member } = this.#registry.admit({ name: thread.name, hostname })
      const seat: Seat = { thread, member, mesh: null }
      seats.push(seat)
      ;(ticket.control as unknown as PaperPort).belongTo(thread)
      // The thread starts when its turn comes.
      thread.tasks.push(() => {
        seat.mesh = joinMesh(ticket, { flush: thread.name === 'caller:0' ? 'turn' : 'tick' })
        if (hostname === null) return
        seat.mesh.serve(application(stage, thread, this.#ledger))
        this.#main.tasks.push(() => this.#keep(member.publish()))
      })
    })
  }

  #keep(promise: Promise<void>): void {
    this.#promised++
    void promise.then(() => this.#promised--)
  }

  async #send(): Promise<void> {
    const { below, pick, random } = bind(this.#stage)
    const callers = [...this.#callers, ...this.#upstreams].filter(({ thread }) => !thread.dead)
    const { mesh, thread } = pick(callers)
    if (mesh === null || thread.stuck) return
    const path = pick([...Object.keys(handlers), 'upgrade'])
    const idempotent = random() < 0.5 && path !== 'upgrade'
    const uploads = path === 'upgrade' || (path !== 'inform' && random() < 0.4)
    const plan = {
      id: this.#calls.length,
      hostname: random() < 0.25 ? 'solid' : 'moody',
      path,
      method: idempotent ? 'PUT' : 'POST',
      idempotent,
      timeoutMs: random() < 0.4 ? 200 + below(1500) : 0,
      upload: uploads ? Array.from({ length: below(5) }, () => pick([1, 3000, 40_000, 300_000])) : []
    }
    await this.#stage.run(thread, () => this.#calls.push(new WatchedCall(this.#stage, thread, mesh, plan)))
  }

  /** One thing that was to happen anyway. */
  async #turn(): Promise<void> {
    const { pick, random } = bind(this.#stage)
    const choices = this.#stage.open()
    const active = this.#calls.filter(({ thread, busy }) => busy && !thread.stuck)
    if (active.length > 0 && random() < 0.3) {
      const call = pick(active)
      await this.#stage.run(call.thread, () => call.step())
    } else if (choices.length > 0) await pick(choices)()
  }

  /** One thing that nobody wants. */
  async #disturb(): Promise<void> {
    const { below, pick, random } = bind(this.#stage)
    const seat = pick(this.#upstreams.filter(({ thread }) => thread.name.startsWith('moody')))
    const { thread, member } = seat
    const registry = (task: () => void): Promise<void> => this.#stage.run(this.#main, task)
    const disturbances: readonly (() => unknown)[] = [
      () => this.#stage.pass(below(STEP_MS)),
      () => this.#stage.pass(STEP_MS),
      () => thread.die(),
      () => (thread.stuck = true),
      () => (thread.stuck = false),
      () => (this.#main.stuck = random() < 0.5),
      () => registry(() => member.eject(random() < 0.5)),
      () => registry(() => this.#keep(member.withdraw())),
      () => registry(() => this.#keep(member.publish())),
      () => this.#abortOne(),
      () => this.#join('moody'),
      () => {
        this.#out.add(thread)
        return registry(() => member.remove())
      },
      () => this.#leave(seat),
      () => this.#talkNonsense(thread),
      () => random() < 0.2 && this.#callers[1]?.thread.die()
    ]
    await pick(disturbances)()
  }

  /** Something on a link to this thread that is no frame, or is but makes no sense, from either end. */
  #talkNonsense(thread: PaperThread): void {
    const { pick, random } = bind(this.#stage)
    const ends = [...thread.ports].filter(({ handedOn, closed }) => handedOn && !closed)
    if (ends.length === 0) return
    const end = pick(ends)
    const nonsense = pick([
      null,
      [],
      ['?'],
      [99, 1],
      [REQUEST, 1],
      [HEAD, 0, 0, 200, '', '', null],
      [END, 0, '']
    ])
    end.postMessage(nonsense)
    if (random() < 0.5) end.other?.postMessage(nonsense)
  }

  async #leave(seat: Seat): Promise<void> {
    const { thread, mesh } = seat
    if (thread.dead || thread.stuck || mesh === null) return
    this.#out.add(thread)
    await this.#stage.run(thread, () => mesh.leave())
  }

  async #abortOne(): Promise<void> {
    const waiting = this.#calls.filter(({ outcome, thread }) => outcome === null && !thread.stuck)
    if (waiting.length === 0) return
    const call = this.#stage.pick(waiting)
    await this.#stage.run(call.thread, () => call.abort())
  }

  /** Until nobody has anything to do without time passing. Readers and writers do all they can. */
  async #settle(): Promise<void> {
    for (let quiet = false; !quiet;) {
      quiet = true
      for (const choice of this.#stage.open()) {
        quiet = false
        await choice()
      }
      for (const call of this.#calls) {
        if (!call.busy) continue
        quiet = false
        await this.#stage.run(call.thread, () => call.step())
      }
    }
  }
}

/** The stage's dice, to be taken apart. */
function bind(stage: Stage): Pick<Stage, 'below' | 'pick' | 'random'> {
  return { below: limit => stage.below(limit), pick: list => stage.pick(list), random: stage.random }
}
