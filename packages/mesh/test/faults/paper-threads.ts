/**
 * Threads on paper: everything that makes threads unpredictable, decided by one seed. The mesh's own code
 * runs unchanged in this thread, but its ports, clock, intervals and immediates belong to simulated
 * threads, which take their tasks one at a time in an order the seed decides, stand still, or die between
 * any two of them.
 */
import { syncBuiltinESMExports } from 'node:module'
import workerThreads from 'node:worker_threads'

import { randomFrom } from '../fixtures/random.ts'

const realImmediate = globalThis.setImmediate

interface Mail {
  readonly kind: 'message' | 'close'
  readonly value: unknown
}

/** A thread: what it still has to do, and whether it does anything at all. */
export class PaperThread {
  readonly name: string
  readonly ports: Set<PaperPort> = new Set()
  tasks: (() => void)[] = []
  stuck = false
  dead = false

  constructor(name: string) {
    this.name = name
  }

  /** Ends without a word: what it has posted arrives, and after that its ports are found closed. */
  die(): void {
    this.dead = true
    this.tasks = []
    for (const port of this.ports) port.drop()
    this.ports.clear()
  }
}

/** One end of a channel. As node's, as far as the mesh uses it. */
export class PaperPort {
  readonly #stage: Stage
  readonly #listeners: { [event: string]: ((value: unknown) => void)[] } = {}
  other: PaperPort | null = null
  thread: PaperThread | null = null
  mail: Mail[] = []
  closed = false
  /** Whether it was handed on by way of another port: the server's end of a link. */
  handedOn = false

  constructor(stage: Stage) {
    this.#stage = stage
  }

  on(event: string, listener: (value: unknown) => void): this {
    ;(this.#listeners[event] ??= []).push(listener)
    this.belongTo(this.#stage.current)
    return this
  }

  /** The thread that has this end, or has been sent it. */
  belongTo(thread: PaperThread): void {
    this.thread = thread
    thread.ports.add(this)
  }

  ref(): void {}

  unref(): void {}

  postMessage(value: unknown, transfer: readonly PaperPort[] = []): void {
    const { other } = this
    const copy = transfer.length > 0 ? { ...(value as object) } : structuredClone(value)
    for (const port of transfer) {
      port.leave()
      port.handedOn = true
    }
    if (this.closed || this.thread?.dead === true || other === null || other.closed) {
      for (const port of transfer) port.drop()
    } else other.mail.push({ kind: 'message', value: copy })
  }

  close(): void {
    if (this.closed) return
    this.drop()
    this.mail = [{ kind: 'close', value: undefined }]
  }

  /** Gone without an event on this side; the other side finds out. */
  drop(): void {
    this.closed = true
    for (const { value } of this.mail) portIn(value)?.drop()
    this.mail = []
    if (this.other !== null && !this.other.closed) this.other.mail.push({ kind: 'close', value: undefined })
  }

  /** Whether there is something to hand over. As at node's ports, messages wait until somebody listens. */
  get deliverable(): boolean {
    return this.mail.length > 0 && (this.mail[0]?.kind === 'close' || 'message' in this.#listeners)
  }

  /** Hands over the oldest message or the end. */
  deliver(): void {
    const mail = this.mail.shift()
    if (mail === undefined) return
    if (mail.kind === 'close') {
      this.closed = true
      this.thread?.ports.delete(this)
    }
    for (const listener of this.#listeners[mail.kind] ?? []) listener(mail.value)
  }

  /** Is on its way to another thread. */
  leave(): void {
    this.thread?.ports.delete(this)
    this.thread = null
  }
}

function portIn(value: unknown): PaperPort | null {
  const port: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'port') : null
  return port instanceof PaperPort ? port : null
}

interface Interval {
  readonly thread: PaperThread
  readonly run: () => void
  readonly everyMs: number
  dueMs: number
}

/** The world of one schedule. {@link Stage.open} puts it in the place of node's. */
export class Stage {
  readonly random: () => number
  readonly threads: PaperThread[] = []
  /** Rules that were broken, in words. */
  readonly breaches: string[] = []
  readonly #intervals = new Set<Interval>()
  nowMs = 1_000_000
  current: PaperThread

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.current = this.thread('main')
  }

  /** A number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  /** One of a list. */
  pick<Value>(list: readonly Value[]): Value {
    return list[this.below(list.length)] as Value
  }

  /** A new thread. */
  thread(name: string): PaperThread {
    const thread = new PaperThread(name)
    this.threads.push(thread)
    return thread
  }

  /** Something the current thread does some time later. */
  later(task: () => void): void {
    if (!this.current.dead) this.current.tasks.push(task)
  }

  /** Does something in a thread, with all that follows in the same turn. */
  async run(thread: PaperThread, task: () => void): Promise<void> {
    this.current = thread
    task()
    await new Promise(resolve => {
      realImmediate(resolve)
    })
    if (this.breaches.length > 0) throw new Error(this.breaches.join('\n'))
  }

  /** Everything some thread could do next. */
  open(): (() => Promise<void>)[] {
    const choices: (() => Promise<void>)[] = []
    for (const thread of this.threads) {
      if (thread.dead || thread.stuck) continue
      for (const port of thread.ports) {
        if (port.deliverable) choices.push(() => this.run(thread, () => port.deliver()))
      }
      if (thread.tasks.length > 0) choices.push(() => this.#runTask(thread))
    }
    return choices
  }

  /** Lets time pass: intervals that are due run once, in threads that turn. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    for (const thread of this.threads) {
      const due = [...this.#intervals].filter(
        ({ thread: own, dueMs }) => own === thread && dueMs <= this.nowMs
      )
      if (thread.dead) for (const interval of due) this.#intervals.delete(interval)
      if (thread.stuck || thread.dead || due.length === 0) continue
      await this.run(thread, () => {
        for (const interval of due) {
          interval.dueMs = this.nowMs + interval.everyMs
          if (this.#intervals.has(interval)) interval.run()
        }
      })
    }
  }

  /** Puts this world in place of node's; the returned function puts node's back. */
  install(): () => void {
    const worldOfNode = { setInterval, clearInterval, setImmediate }
    const { MessageChannel, MessagePort, receiveMessageOnPort } = workerThreads
    const portsOfNode = { MessageChannel, MessagePort, receiveMessageOnPort }
    Object.assign(globalThis, {
      setInterval: (run: () => void, everyMs: number) => this.#addInterval(run, everyMs),
      clearInterval: (interval: Interval) => void this.#intervals.delete(interval),
      setImmediate: (task: (...args: unknown[]) => void, ...args: unknown[]) =>
        this.later(() => task(...args))
    })
    performance.now = () => this.nowMs
    Object.assign(workerThreads, {
      MessageChannel: channelOf(this),
      MessagePort: PaperPort,
      receiveMessageOnPort: (port: PaperPort) => {
        const [first] = port.mail
        if (first?.kind !== 'message') return undefined
        port.mail.shift()
        return { message: first.value }
      }
    })
    syncBuiltinESMExports()
    return () => {
      Object.assign(globalThis, worldOfNode)
      Reflect.deleteProperty(performance, 'now')
      Object.assign(workerThreads, portsOfNode)
      syncBuiltinESMExports()
    }
  }

  #addInterval(run: () => void, everyMs: number): object {
    const interval = {
      thread: this.current,
      run,
      everyMs,
      dueMs: this.nowMs + everyMs,
      unref: () => interval
    }
    this.#intervals.add(interval)
    return interval
  }

  #runTask(thread: PaperThread): Promise<void> {
    const [task] = thread.tasks.splice(this.below(thread.tasks.length), 1)
    return this.run(thread, () => task?.())
  }
}

function channelOf(stage: Stage): new () => { port1: PaperPort; port2: PaperPort } {
  return class {
    readonly port1 = new PaperPort(stage)
    readonly port2 = new PaperPort(stage)
    constructor() {
      this.port1.other = this.port2
      this.port2.other = this.port1
    }
  }
}
