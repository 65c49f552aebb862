/**
 * Sends the requests of a load test. THE WALK of one of its threads: connect, send, stop, wait for what is under way.
 *
 * A thread of its own, so that drawing and signals of the command do not delay what is measured. Every wait in it has
 * an end: that of the test, and that of the requests.
 */
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'

import { systemClock } from '../../shared/clock.ts'
import { isKnown, loadAutocannon } from './autocannon.ts'
import type { Client, Tracker } from './autocannon.ts'
import { Connection } from './connection.ts'
import type { FromGenerator, GeneratorData, LoadPlan, ToGenerator } from './messages.ts'
import { Meter } from './meter.ts'
import { Schedule } from './schedule.ts'

/** Seconds autocannon would go on by itself: it is stopped from here. */
const endlessSeconds = 1_000_000

/** Milliseconds between two tellings of what has been counted. */
const tellMs = 500

/** Milliseconds between two looks at whether requests have been answered in time, or less for short times. */
const lookMs = 100

/** Milliseconds between two looks of autocannon at whether it has been stopped. */
const sampleMs = 50

const port = parentPort
const { plan, autocannon } = workerData as GeneratorData
const run = loadAutocannon(autocannon)

port?.on('message', (message: ToGenerator) => {
  if (message.type === 'start') generator.start()
  else generator.stop(message.graceMs)
})

/** One thread's part of the test. */
class Generator {
  readonly #plan: LoadPlan
  readonly #connections: Connection[] = []
  #meter = new Meter(0)
  #schedule: Schedule | null = null
  #tracker: Tracker | null = null
  #timers: NodeJS.Timeout[] = []
  #load = performance.eventLoopUtilization()
  #isStopping = false
  #isOver = false

  constructor(plan: LoadPlan) {
    this.#plan = plan
  }

  start(): void {
    const { warmUpMs, durationMs, amount, rate, timeoutMs } = this.#plan
    const clock = systemClock
    const meter = new Meter(clock.now() + warmUpMs)
    const mayGoOn = (): boolean => !this.#isStopping && (amount === null || meter.sent < amount)
    const schedule = new Schedule({ clock, rate, mayGoOn })
    this.#meter = meter
    this.#schedule = schedule
    this.#load = performance.eventLoopUtilization()
    this.#tracker = this.#connect(meter, schedule)
    this.#timers.push(setInterval(() => this.#tell(false), tellMs))
    this.#timers.push(setInterval(() => this.#endOverdue(), Math.min(lookMs, timeoutMs / 4)))
    if (amount === null) {
      this.#timers.push(setTimeout(() => this.stop(timeoutMs + 2 * lookMs), warmUpMs + durationMs))
    }
  }

  /** Sends nothing any more, and waits for what is under way. */
  stop(graceMs: number): void {
    if (this.#isOver) return
    if (!this.#isStopping) {
      this.#isStopping = true
      this.#meter.end(systemClock.now(), this.#schedule?.end() ?? 0)
    }
    if (!this.#finishWhenDone()) this.#timers.push(setTimeout(() => this.#finish(), graceMs))
  }

  #connect(meter: Meter, schedule: Schedule): Tracker {
    const { request, connections, pipelining, timeoutMs } = this.#plan
    const { url, method, headers, body } = request
    const context = {
      clock: systemClock,
      meter,
      schedule,
      method,
      timeoutMs,
      onSettled: () => void this.#finishWhenDone()
    }
    return run({
      url,
      method,
      headers: { ...headers },
      ...(body === null ? {} : { body: Buffer.from(body) }),
      connections,
      pipelining,
      duration: endlessSeconds,
      timeout: endlessSeconds,
      sampleInt: sampleMs,
      setupClient: (client: Client) => {
        if (!isKnown(client))
          throw new Error('this version of autocannon is not supported: install version 9')
        this.#connections.push(new Connection(client, context))
      }
    })
  }

  #endOverdue(): void {
    for (const connection of this.#connections) connection.endWhenOverdue()
  }

  /** Whether nothing is to be sent and nothing is under way; then it is over. */
  #finishWhenDone(): boolean {
    const { amount } = this.#plan
    const isSent = this.#isStopping || (amount !== null && this.#meter.sent >= amount)
    if (!isSent || this.#connections.some(({ pending }) => pending.some(({ counts }) => counts))) return false
    this.#meter.end(systemClock.now(), 0)
    this.#finish()
    return true
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isStopping = true
    for (const connection of this.#connections) connection.giveUp('unanswered')
    for (const timer of this.#timers) clearTimeout(timer)
    this.#tracker?.stop()
    this.#tell(true)
    port?.close()
  }

  #tell(isLast: boolean): void {
    const { utilization } = performance.eventLoopUtilization(this.#load)
    const counts = this.#meter.read(systemClock.now(), utilization)
    const message: FromGenerator = { type: 'counted', counts, isLast }
    port?.postMessage(message)
  }
}

const generator = new Generator(plan)
const ready: FromGenerator = { type: 'ready' }
port?.postMessage(ready)
