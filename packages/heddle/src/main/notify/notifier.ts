/**
 * Tells the service manager how the server is, as sd_notify(3) describes: ready, reloading, stopping, alive, and one
 * line for people.
 *
 * Main thread only; loaded only under a service manager that wants to hear. It reads what is known and asks no thread.
 * That it sends WATCHDOG=1 says that the event loop of this thread turns and that the process is worth keeping: it is
 * sent by a timer of it, and not when the liveness probe would say no.
 */
import type { HeddleEvents } from '../../events.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import type { Log } from '../../shared/log.ts'
import { monotonicUsec, statusLine } from './words.ts'
import type { ServerFacts } from './words.ts'

/** Where messages go; see `datagrams.ts`. */
export interface Receiver {
  /** False when it could not be sent now. */
  send(text: string): boolean
}

/** The server it speaks for. A coordinator fits. */
export interface Spoken {
  readonly events: {
    on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void
    onAny(listener: (name: keyof HeddleEvents, fact: unknown) => void): () => void
  }
  status(): ServerFacts
}

/** What a notifier is made of. */
export interface NotifierOptions {
  readonly receiver: Receiver
  readonly clock: Clock
  readonly log: Log
  readonly server: Spoken
  /** Microseconds within which WATCHDOG=1 is expected; `null` when nobody waits for it. */
  readonly watchdogUsec: number | null
  readonly pid: number
}

/** A socket that is full is tried again so many milliseconds later, so often. */
const retryMs = 100
const retriesMax = 50

/** Milliseconds beyond its deadlines that a process may take to end. */
const endMs = 5000

/** Events after which the line for people may be another one. */
const telling: ReadonlySet<keyof HeddleEvents> = new Set([
  'worker:moved',
  'application:added',
  'application:removed',
  'application:scaled',
  'reload:finished'
])

/** Speaks for one server, from now until {@link Notifier.close}. */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #forget: readonly (() => void)[]
  /** Messages that could not be sent yet, in their order. */
  readonly #waiting: string[] = []
  #cancelRetry: Cancel | null = null
  #cancelWatchdog: Cancel | null = null
  #retries = 0
  #line = ''
  #isDue = false
  /** Reloads that were asked for and are not over. */
  #reloads = 0

  constructor(options: NotifierOptions) {
    this.#options = options
    const { events } = options.server
    this.#forget = [
      events.on('booted', () => this.#say('READY=1', `MAINPID=${options.pid}`, this.#status())),
      events.on('reload:started', () => this.#reloads === 0 && this.#sayReloading()),
      events.on('reload:finished', () => this.#reloads === 0 && this.#say('READY=1', this.#status())),
      events.on('reload:failed', () => this.#reloads === 0 && this.#say('READY=1', this.#status())),
      events.on('stopping', fact => this.#handleStopping(fact)),
      events.on('stopped', () => this.close()),
      events.onAny(name => telling.has(name) && this.#tellSoon())
    ]
    this.#say(this.#status())
    this.#watch()
  }

  /**
   * Runs a reload that the service manager has asked for by a signal: it waits for these words, whatever becomes of
   * the reload, and would take a server that is silent for one that hangs.
   */
  async duringReload<Value>(reload: () => Promise<Value>): Promise<Value> {
    this.#reloads++
    this.#sayReloading()
    try {
      return await reload()
    } finally {
      this.#reloads--
      this.#say('READY=1', this.#status())
    }
  }

  /** Says no more. */
  close(): void {
    for (const forget of this.#forget) forget()
    this.#cancelWatchdog?.()
    this.#cancelRetry?.()
    this.#cancelWatchdog = null
    this.#cancelRetry = null
  }

  #sayReloading(): void {
    this.#say('RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`, 'STATUS=Reloading.')
    this.#line = ''
  }

  #handleStopping({ drainDelayMs, timeoutMs }: HeddleEvents['stopping']): void {
    // Whatever TimeoutStopSec says: requests in flight have the time the configuration gives them.
    const usec = (drainDelayMs + timeoutMs + endMs) * 1000
    this.#say('STOPPING=1', `EXTEND_TIMEOUT_USEC=${usec}`, 'STATUS=Stopping: finishing what is in flight.')
  }

  /** In one message what happens in one turn. */
  #tellSoon(): void {
    if (this.#isDue || this.#reloads > 0) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      const { phase } = this.#options.server.status()
      const before = this.#line
      const line = this.#status()
      if (line !== before && (phase === 'starting' || phase === 'running')) this.#say(line)
    })
  }

  #status(): string {
    this.#line = `STATUS=${statusLine(this.#options.server.status())}`
    return this.#line
  }

  #watch(): void {
    const { watchdogUsec, clock, server } = this.#options
    if (watchdogUsec === null) return
    const { zombies, maxZombies } = server.status()
    if (zombies <= maxZombies) this.#say('WATCHDOG=1')
    // Half of the time, as sd_watchdog_enabled(3) wants it.
    this.#cancelWatchdog = clock.after(watchdogUsec / 2000, () => this.#watch())
  }

  #say(...lines: readonly string[]): void {
    this.#waiting.push(lines.join('\n'))
    if (this.#cancelRetry === null) this.#send()
  }

  #send(): void {
    const { receiver, clock, log } = this.#options
    for (let [text] = this.#waiting; text !== undefined; [text] = this.#waiting) {
      if (!receiver.send(text)) {
        if (++this.#retries <= retriesMax) {
          this.#cancelRetry = clock.after(retryMs, () => {
            this.#cancelRetry = null
            this.#send()
          })
          return
        }
        log.warn('The service manager could not be told of the server.', { message: text })
      }
      this.#retries = 0
      this.#waiting.shift()
    }
  }
}
