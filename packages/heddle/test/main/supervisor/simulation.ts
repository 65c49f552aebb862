/**
 * One life of a server drawn from a seed: threads that crash, boot slowly or never, get stuck; operators and watches
 * that eject, replace, scale, restart, stop and stage; with time that moves only here. After every step it is
 * looked at what has to hold at any moment.
 */
import assert from 'node:assert/strict'

import { HeddleError } from '../../../src/errors.ts'
import { Supervisor } from '../../../src/main/supervisor/supervisor.ts'
import type { WatchedWorker } from '../../../src/main/supervisor/watched.ts'
import { Deadline } from '../../../src/shared/deadline.ts'
import { randomFrom } from '../../../../mesh/test/fixtures/random.ts'
import { settle } from '../../shared/held-clock.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { Stage } from './fakes.ts'
import type { FakeMember, FakeThread } from './fakes.ts'

const ids = ['db', 'api'] as const

/** Milliseconds within which restarts are counted, and how many one slot may have in it when nobody asks for any. */
const windowMs = 10_000
const restartsMax = 16

const failure = { name: 'Error', message: 'no database', stack: null, code: null }

/** Lives one life. Rejects with what did not hold. */
export async function live(seed: number): Promise<void> {
  const life = new Life(seed)
  try {
    await life.live()
  } catch (error) {
    throw new Error(`seed ${seed}, after ${life.steps} steps, in ${life.last}`, { cause: error })
  }
}

class Life {
  steps = 0
  last = 'the start'
  readonly #chance: () => number
  readonly #stage: Stage
  readonly #supervisor: Supervisor
  readonly #seats = new Map<FakeThread, FakeMember>()
  readonly #said = new Set<FakeThread>()
  readonly #pending = new Set<string>()
  /** When threads of a slot were started, by name. */
  readonly #starts = new Map<string, number[]>()
  readonly #askedAt: number[] = []
  /** While a cause lasts, most threads fail to boot. */
  #isBroken = false
  #isCalm = false
  #number = 0

  constructor(seed: number) {
    this.#chance = randomFrom(seed)
    const rollout = { concurrency: 1 + this.#upTo(2), drainTimeout: 3000 }
    const applications = ids.map((id, index) =>
      exampleApplication({ id, workers: 1 + this.#upTo(4), rollout, dependencies: index === 0 ? [] : ['db'] })
    )
    this.#stage = new Stage(exampleConfig({ applications, startTimeout: 4000 }))
    this.#stage.onThread = (thread, member) => this.#play(thread, member)
    Object.assign(this.#stage.surroundings, { chance: this.#chance })
    this.#supervisor = new Supervisor(this.#stage.surroundings)
  }

  async live(): Promise<void> {
    this.#isCalm = true
    for (const id of ids) this.#do('boot', () => this.#supervisor.boot(id))
    await this.#pass(3000)
    assert.deepEqual(this.#readyNames(), this.#wantedNames(), 'everybody is ready after the boot')
    this.#isCalm = false
    const rounds = 15 + this.#upTo(25)
    for (this.steps = 1; this.steps <= rounds; this.steps++) {
      if (this.#chance() < 0.1) this.#isBroken = !this.#isBroken
      this.#act()
      // oxlint-disable-next-line no-await-in-loop -- One step after another.
      await this.#pass(1 + this.#upTo(1500))
    }
    await this.#recover()
    await this.#stop()
  }

  /** The cause goes away: everybody comes back by himself, however long it lasted. */
  async #recover(): Promise<void> {
    this.last = 'the recovery'
    this.#stage.startErrors = []
    this.#isBroken = false
    this.#isCalm = true
    await this.#pass(90_000)
    assert.deepEqual([...this.#pending], [], 'every operation has ended')
    for (const id of ids) this.#do('start', () => this.#supervisor.startApplication(id))
    for (const worker of this.#supervisor.workers()) worker.restore('calm')
    for (const { id, workers } of this.#supervisor.applications()) {
      for (let slot = 0; slot < workers; slot++)
        this.#do('return', () => this.#supervisor.readyWorker(id, slot))
    }
    await this.#pass(90_000)
    assert.deepEqual(this.#readyNames(), this.#wantedNames(), 'everybody is ready when the cause is gone')
    const living = this.#stage.threads.filter(({ hasEnded }) => !hasEnded).length
    const zombies = this.#supervisor.zombies().length
    assert.equal(living - zombies, this.#wantedNames().length, 'nobody is left over')
  }

  async #stop(): Promise<void> {
    this.last = 'the stop'
    this.#supervisor.retire()
    const deadline = new Deadline(this.#stage.clock, 3000)
    for (const id of ids) this.#do('shut down', () => this.#supervisor.shutDown(id, deadline, 500))
    await this.#pass(4000)
    deadline.cancel()
    const left = this.#supervisor.remaining().length - new Set(this.#supervisor.zombies()).size
    assert.deepEqual([...this.#pending, left], [0], 'the stop ends in time, and all threads but zombies')
  }

  /** Something happens. */
  #act(): void {
    const workers = this.#supervisor.workers()
    const worker = workers[this.#upTo(workers.length)]
    const id = ids[this.#upTo(ids.length)] ?? 'api'
    const slot = this.#upTo(5)
    const supervisor = this.#supervisor
    const acts: readonly (() => void)[] = [
      () => this.#crash(worker),
      () => this.#crash(worker),
      () => this.#crash(worker),
      () => void worker?.eject('test'),
      () => void worker?.eject('test'),
      () => worker?.restore('test'),
      () => this.#ask('replace', () => worker?.replace('unhealthy', 'test')),
      () => this.#ask('replace', () => worker?.replace('restart', 'test')),
      () => this.#ask('replace', () => worker?.replace('memory', 'test', this.#upTo(4000))),
      () => this.#ask('restart', () => supervisor.restart([id])),
      () => this.#ask('restart of one', () => supervisor.restartWorker(id, slot)),
      () => this.#ask('scale', () => supervisor.scale(id, 1 + this.#upTo(4))),
      () => this.#ask('stop', () => supervisor.stopApplication(...(id === 'db' ? ids : [id]))),
      () => this.#ask('start', () => supervisor.startApplication(id)),
      () => this.#ask('stage', () => this.#reload(id)),
      () => this.#do('drain', () => supervisor.drainWorker(id, slot)),
      () => this.#do('return', () => supervisor.readyWorker(id, slot)),
      () => void this.#stage.startErrors.push(new Error('no more threads'))
    ]
    const index = this.#upTo(acts.length)
    this.last = `act ${index}`
    acts[index]?.()
  }

  async #reload(id: string): Promise<void> {
    const workers = 1 + this.#upTo(4)
    const staged = await this.#supervisor.stageApplication({ ...this.#supervisor.application(id), workers })
    const isWanted = this.#chance() < 0.6
    if (isWanted && staged.failure() === null) await staged.commit()
    else await staged.undo()
  }

  #crash(worker: WatchedWorker | undefined): void {
    const name = worker?.fact.worker
    const thread = this.#stage.threads.findLast(({ plan, hasEnded }) => plan.name === name && !hasEnded)
    if (thread === undefined) return
    const way = this.#upTo(3)
    if (way === 0) thread.end(1, new Error('boom'))
    else {
      thread.say({
        type: 'crashed',
        origin: way === 1 ? 'uncaughtException' : 'processExit',
        isolated: false,
        error: failure
      })
      if (way === 2) this.#later(20, () => thread.end(3))
    }
  }

  /** How a thread behaves is drawn when it is started. */
  #play(thread: FakeThread, member: FakeMember): void {
    this.#seats.set(thread, member)
    const { name } = thread.plan
    const starts = this.#starts.get(name) ?? []
    starts.push(this.#stage.clock.now())
    this.#starts.set(name, starts)
    const bootMs = 10 + this.#upTo(900)
    const fate = this.#chance()
    const fails = this.#isBroken ? 0.8 : this.#isCalm ? 0 : 0.1
    // One that is stuck in native code does not end when told to; some of them never do.
    thread.obeys = this.#isCalm || this.#chance() > 0.05
    if (fate < fails * 0.2) return
    if (fate < fails) this.#later(bootMs, () => this.#fail(thread))
    else {
      this.#later(bootMs, () => {
        if (thread.hasEnded) return
        this.#said.add(thread)
        thread.becomeReady()
      })
    }
    thread.onPosted = ({ type }) => {
      if (type === 'stop' && this.#chance() < 0.9) {
        this.#later(this.#upTo(200), () => thread.hasEnded || thread.say({ type: 'stopped' }))
      }
    }
    member.drained = timeoutMs => this.#drained(timeoutMs)
  }

  #fail(thread: FakeThread): void {
    if (thread.hasEnded) return
    thread.say({ type: 'failed', error: failure })
    this.#later(5, () => thread.end(1))
  }

  #drained(timeoutMs: number): Promise<boolean> {
    const needsMs = this.#chance() < 0.8 ? this.#upTo(300) : 60_000
    return new Promise(resolve => {
      this.#later(Math.min(needsMs, timeoutMs), () => resolve(needsMs <= timeoutMs))
    })
  }

  #ask(what: string, act: () => Promise<unknown> | undefined): void {
    this.#askedAt.push(this.#stage.clock.now())
    this.#do(what, act)
  }

  #do(what: string, act: () => Promise<unknown> | undefined): void {
    const name = `${what} ${this.#number++}`
    this.#pending.add(name)
    const end = (): void => {
      this.#pending.delete(name)
      if (what !== 'drain') this.#askedAt.push(this.#stage.clock.now())
    }
    const outcome = act() ?? Promise.resolve()
    outcome.then(end, (error: unknown) => {
      end()
      if (!(error instanceof HeddleError)) throw error
    })
  }

  #later(ms: number, run: () => void): void {
    this.#stage.clock.after(ms, run)
  }

  async #pass(ms: number): Promise<void> {
    const target = this.#stage.clock.now() + ms
    await settle()
    this.#assertSound()
    while (this.#stage.clock.now() < target) {
      // oxlint-disable-next-line no-await-in-loop -- Time goes from one thing that happens to the next.
      await this.#stage.clock.step(target)
      this.#assertSound()
    }
  }

  #assertSound(): void {
    this.#assertThreads()
    this.#assertTable()
    for (const { id, workers } of this.#supervisor.status()) {
      const ready = workers.filter(({ state }) => state === 'ready').length
      const out = workers.filter(({ state, keptOut }) => state === 'ejected' && !keptOut).length
      const kept = workers.filter(({ keptOut }) => keptOut).length
      assert.ok(out === 0 || ready > 0, `${id}: nobody is out when nobody else takes requests`)
      assert.ok(out <= Math.floor((ready + out + kept) / 2), `${id}: at most half are out`)
    }
  }

  #assertThreads(): void {
    const living = new Map<string, number>()
    for (const { plan, hasEnded } of this.#stage.threads) {
      if (!hasEnded) living.set(plan.name, (living.get(plan.name) ?? 0) + 1)
    }
    for (const name of this.#supervisor.zombies()) living.set(name, (living.get(name) ?? 0) - 1)
    for (const [name, count] of living) assert.ok(count <= 2, `${name} has ${count} living threads`)
    const since = this.#stage.clock.now() - windowMs
    const asked = this.#askedAt.filter(at => at > since - windowMs).length + this.#pending.size
    for (const [name, starts] of this.#starts) {
      const count = starts.filter(at => at > since).length
      assert.ok(count <= restartsMax + 2 * asked, `${name} was started ${count} times in ${windowMs} ms`)
    }
  }

  #assertTable(): void {
    const current = new Map(this.#supervisor.workers().map(worker => [worker.fact.worker, worker.state]))
    const listed = new Map<string, number>()
    for (const [thread, member] of this.#seats) {
      if (!member.takesRequests()) continue
      const { name } = thread.plan
      listed.set(name, (listed.get(name) ?? 0) + 1)
      assert.ok(!thread.hasEnded, `${name} is routed to and has ended`)
      assert.ok(this.#said.has(thread), `${name} is routed to and was never ready`)
      assert.equal(current.get(name), 'ready', `${name} is routed to`)
    }
    for (const [name, count] of listed) assert.equal(count, 1, `${name} is routed to ${count} times`)
    for (const [name, state] of current) {
      if (state === 'ready') assert.equal(listed.get(name), 1, `${name} is ready and routed to`)
    }
  }

  #readyNames(): readonly string[] {
    const ready = this.#supervisor.workers().filter(({ state }) => state === 'ready')
    return ready.map(({ fact }) => fact.worker).toSorted()
  }

  #wantedNames(): readonly string[] {
    return this.#supervisor
      .applications()
      .flatMap(({ id, workers }) => Array.from({ length: workers }, (_, slot) => `${id}:${slot}`))
      .toSorted()
  }

  /** A whole number from 0 up to, but not, `count`. */
  #upTo(count: number): number {
    return Math.floor(this.#chance() * count)
  }
}
