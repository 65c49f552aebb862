/**
 * Looks into workers while they run: profiles, heap snapshots, and an inspector for a debugger.
 *
 * Main thread only. Everything is done by the worker itself, which is reached in the middle of its JavaScript, so
 * that one whose event loop stands is looked into as well; here it is asked for, waited for with a bound, and passed
 * on. How the worker is reached is passed in by the coordinator.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

import type { OpenInspector, ProfileType } from '../../channel/diagnosis.ts'
import { HeddleError, isFailure } from '../../errors.ts'
import type { Announce, ThreadState } from '../../events.ts'
import { Conversation } from './conversation.ts'
import type { Means } from './conversation.ts'
import { Diagnoses } from './diagnoses.ts'
import type { Diagnosis, DiagnosisKind } from './diagnoses.ts'
import type { DiagnosedWorker, ListWorkers } from './diagnosed.ts'

/** How a worker is recorded. */
export interface ProfileOptions {
  /** `cpu`: where it spends its time. `heap`: what allocates. */
  readonly type: ProfileType
  /**
   * Milliseconds, 10 to 300 000.
   *
   * @default 5000
   */
  readonly durationMs?: number
}

/** Where the inspector of a worker is. */
export interface InspectorAddress {
  /** WebSocket address, `ws://127.0.0.1:…`. */
  readonly url: string
  readonly port: number
  /** What opens the developer tools of Chrome. */
  readonly devtoolsUrl: string
}

/** What can be done to look into a worker. Rejects with HEDDLE_WORKER_LOST when it ends meanwhile. */
export interface Profiling {
  /**
   * Records a worker for a while: resolves with a `.cpuprofile` or a `.heapprofile`, which is JSON.
   *
   * @throws HEDDLE_BUSY while it is being recorded already.
   * @throws HEDDLE_WORKER_STUCK when it is in native code, before or at the end.
   * @throws HEDDLE_WORKER_LOST, HEDDLE_DIAGNOSIS_FAILED, HEDDLE_REQUEST_INVALID
   */
  profile(id: string, slot: number, options: ProfileOptions): Promise<string>
  /**
   * All that is on the heap of a worker, a `.heapsnapshot`, which is JSON. The worker stands still until it has
   * written it, and is not judged for that; who reads slowly does not hold it up. Throws as {@link profile} does.
   */
  heapSnapshot(id: string, slot: number): Promise<Readable>
  /**
   * Opens the inspector of a worker, on 127.0.0.1 only. Until it is closed the worker may stand at a breakpoint: it
   * is neither taken out of balancing nor replaced for that. Throws as {@link profile} does.
   *
   * @param port 0 takes any free one.
   */
  inspect(id: string, slot: number, port?: number): Promise<InspectorAddress>
  /** Closes it; whoever is connected is cut off. Does nothing when it is not open. Throws as {@link profile} does. */
  closeInspector(id: string, slot: number): Promise<void>
  /** Whether a worker may stand still at the moment: it is not to be judged for it. */
  isExcused(worker: object): boolean
  /** What is being done to the worker of this name, `application:slot`. */
  diagnoses(worker: string): readonly Diagnosis[]
}

/** What it is made of. */
export interface ProfilingOptions extends Means {
  readonly workers: ListWorkers
  /** All threads there are, those about to take a slot over among them; who sits in the slots unless told. */
  readonly everyone?: ListWorkers
  readonly announce: Announce
  /** Where heap snapshots are written until they are read; the directory for temporary files unless told. */
  readonly directory?: string
  /** Other limits than usual, for tests. */
  readonly limits?: Partial<Limits>
}

/** For how many milliseconds a worker is waited for. */
export interface Limits {
  /** Until it answers: more than any turn of JavaScript that can be interrupted needs. */
  readonly answerMs: number
  /** Until it has put a profile together, native code that is under way included. */
  readonly stopMs: number
  /** Until it has written a snapshot: some gigabytes. */
  readonly snapshotMs: number
  /** Until it has let go of whoever debugs it, when it is about to end. */
  readonly letGoMs: number
}

const usualLimits: Limits = { answerMs: 5000, stopMs: 10_000, snapshotMs: 300_000, letGoMs: 1000 }

/** So often a worker is asked to let its debugger go. */
const letGoTries = 5

function asFailure(error: unknown): unknown {
  return error
}

/** States of a worker that is about to end. */
const leaving: ReadonlySet<ThreadState> = new Set(['draining', 'stopping'])

/** Milliseconds after the end for which the worker keeps what was recorded. */
const keptMs = 60_000

const portMax = 65_535

const defaultDurationMs = 5000
const durationMinMs = 10
const durationMaxMs = 300_000

/** Samples of one profile: it stays small enough to be passed on and opened. */
const samplesMax = 60_000

/** Microseconds between two samples; what node takes unless told. */
const intervalUs = 1000

/** Looks into the workers of one server. */
export class WorkerProfiling implements Profiling {
  readonly #options: ProfilingOptions
  readonly #diagnoses: Diagnoses
  readonly #limits: Limits

  constructor(options: ProfilingOptions) {
    this.#options = options
    this.#limits = { ...usualLimits, ...options.limits }
    this.#diagnoses = new Diagnoses(options.clock)
  }

  async profile(
    id: string,
    slot: number,
    { type, durationMs = defaultDurationMs }: ProfileOptions
  ): Promise<string> {
    if (!(durationMs >= durationMinMs && durationMs <= durationMaxMs)) {
      const reason = `a profile takes from ${durationMinMs} to ${durationMaxMs} ms, not ${durationMs}`
      throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
    }
    const kind: DiagnosisKind = type === 'cpu' ? 'cpu profile' : 'heap profile'
    return this.#run(id, slot, kind, async talk => {
      await talk.call({ asked: kind, limitMs: this.#limits.answerMs }, wantedUntilMs => {
        const keptUntilMs = wantedUntilMs + durationMs + keptMs
        const interval = Math.max(intervalUs, Math.ceil((durationMs * 1000) / samplesMax))
        return ['startProfile', { type, intervalUs: interval, wantedUntilMs, keptUntilMs }]
      })
      await this.#wait(talk, kind, durationMs)
      const question = { asked: kind, limitMs: this.#limits.stopMs }
      const pieces = await talk.call<number>(question, () => ['stopProfile'])
      return talk.fetch(question, pieces)
    })
  }

  async heapSnapshot(id: string, slot: number): Promise<Readable> {
    const kind = 'heap snapshot'
    return this.#run(id, slot, kind, async talk => {
      const directory = await this.#makeDirectory(talk)
      try {
        const path = join(directory, `${id}-${slot}.heapsnapshot`)
        // What cannot answer now is found out soon, and what has begun has its time.
        const { answerMs, snapshotMs } = this.#limits
        await talk.call({ asked: kind, limitMs: answerMs }, () => ['ping'])
        const question = { asked: kind, limitMs: snapshotMs, beginMs: answerMs }
        await talk.call(question, wantedUntilMs => ['writeSnapshot', path, wantedUntilMs])
        const file = await open(path)
        // Nobody else finds it any more; it is gone with the last who reads it.
        return file.createReadStream({ highWaterMark: readBytes })
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })
  }

  /** Where a snapshot can be written. Only its user may look into it: a heap is full of secrets. */
  async #makeDirectory(talk: Conversation): Promise<string> {
    const { directory = tmpdir() } = this.#options
    try {
      return await mkdtemp(join(directory, 'heddle-heap-'))
    } catch (error) {
      const reason = `it needs a place for temporary files (TMPDIR): ${error instanceof Error ? error.message : String(error)}`
      throw talk.failed({ asked: 'heap snapshot' }, reason)
    }
  }

  async inspect(id: string, slot: number, port = 0): Promise<InspectorAddress> {
    if (!Number.isSafeInteger(port) || port < 0 || port > portMax) {
      throw new HeddleError('HEDDLE_REQUEST_INVALID', {
        reason: `a port is from 0 to ${portMax}, not ${port}`
      })
    }
    const talk = this.#conversation(id, slot, 'inspector')
    const { worker } = talk
    const { url } = await talk.call<OpenInspector>(
      { asked: 'inspector', limitMs: this.#limits.answerMs },
      wantedUntilMs => ['openInspector', port, wantedUntilMs]
    )
    if (!this.#diagnoses.inspected(worker.fact.worker).includes(worker)) {
      this.#diagnoses.begin(worker, 'inspector', url)
      const fact = { kind: 'inspector', state: 'started', tookMs: 0 } as const
      this.#options.announce('worker:diagnosis', { ...worker.fact, ...fact })
    }
    const { host } = new URL(url)
    const devtoolsUrl = `devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=${url.slice('ws://'.length)}`
    return { url, port: Number(host.slice(host.lastIndexOf(':') + 1)), devtoolsUrl }
  }

  async closeInspector(id: string, slot: number): Promise<void> {
    const talk = this.#conversation(id, slot, 'inspector')
    await talk.call({ asked: 'inspector', limitMs: this.#limits.answerMs }, () => ['closeInspector'])
    this.#closed(talk.worker)
  }

  isExcused(worker: object): boolean {
    return this.#diagnoses.isExcused(worker)
  }

  diagnoses(worker: string): readonly Diagnosis[] {
    return this.#diagnoses.of(worker)
  }

  /**
   * To be told of a worker that has opened its inspector itself, at its start: it counts as if it had been asked to.
   */
  opened({ worker: name }: { readonly worker: string }, url: string): void {
    const { workers, everyone = workers } = this.#options
    const named = everyone().filter(each => each.fact.worker === name)
    // One that has had to wait for its port may be ready by now.
    const worker = named.find(({ state }) => state === 'starting') ?? named[0]
    if (worker === undefined || this.#diagnoses.inspected(name).includes(worker)) return
    this.#diagnoses.begin(worker, 'inspector', url)
  }

  /**
   * Closes the inspector of the worker of this name, which is about to be replaced by one that wants its port. Never
   * rejects, and waits for no worker for long.
   */
  async release({ worker: name }: { readonly worker: string }): Promise<void> {
    const [held] = this.#diagnoses.inspected(name)
    if (held !== undefined) await this.#cutOff(held)
  }

  /**
   * To be told of every worker that is about to end: a thread does not, as long as somebody debugs it. So they are
   * cut off, at a breakpoint too.
   */
  async letGo({ worker: name }: { readonly worker: string }): Promise<void> {
    // Its successor may have the same name already.
    const held = this.#diagnoses.inspected(name).find(({ state }) => leaving.has(state))
    if (held !== undefined) await this.#cutOff(held)
  }

  async #cutOff(held: DiagnosedWorker): Promise<void> {
    this.#closed(held)
    // It is this one above all that is about to end: nobody is waited for.
    const talk = new Conversation(held, { ...this.#options, quiet: () => Promise.resolve(true) })
    const question = { asked: 'inspector', limitMs: this.#limits.letGoMs }
    for (let tries = 0; tries < letGoTries; tries++) {
      // oxlint-disable-next-line no-await-in-loop -- On a busy machine it may take longer: once more.
      const outcome = await talk.call(question, () => ['closeInspector']).catch(asFailure)
      if (!(outcome instanceof HeddleError) || isFailure(outcome, 'HEDDLE_WORKER_LOST')) return
    }
  }

  #closed(worker: DiagnosedWorker): void {
    const tookMs = this.#diagnoses.endInspection(worker)
    if (tookMs === null) return
    const fact = { kind: 'inspector', state: 'finished', tookMs } as const
    this.#options.announce('worker:diagnosis', { ...worker.fact, ...fact })
  }

  /** Does one thing of its kind, and tells of it. */
  async #run<Value>(
    id: string,
    slot: number,
    kind: DiagnosisKind,
    act: (talk: Conversation) => Promise<Value>
  ): Promise<Value> {
    const { clock, announce } = this.#options
    const talk = this.#conversation(id, slot, kind)
    const { fact } = talk.worker
    const end = this.#diagnoses.begin(talk.worker, kind)
    const startedAt = clock.now()
    const tell = (state: 'started' | 'finished' | 'failed'): void => {
      announce('worker:diagnosis', { ...fact, kind, state, tookMs: Math.round(clock.now() - startedAt) })
    }
    tell('started')
    try {
      const value = await act(talk)
      end()
      tell('finished')
      return value
    } catch (error) {
      end()
      tell('failed')
      throw error
    }
  }

  #conversation(id: string, slot: number, asked: string): Conversation {
    const found = this.#options.workers().find(({ fact }) => fact.application === id && fact.slot === slot)
    if (found !== undefined) return new Conversation(found, this.#options)
    throw new HeddleError('HEDDLE_WORKER_LOST', { worker: `${id}:${slot}`, asked })
  }

  /** @throws HEDDLE_WORKER_LOST as soon as the thread has ended. */
  async #wait(talk: Conversation, asked: string, ms: number): Promise<void> {
    const thread = talk.thread({ asked })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onExit = (): void => reject(talk.lost({ asked }))
    const cancel = this.#options.clock.after(ms, resolve)
    thread.once('exit', onExit)
    try {
      await promise
    } finally {
      cancel()
      thread.off('exit', onExit)
    }
  }
}

/** Bytes read at a time: the main thread goes on in between. */
const readBytes = 256 * 1024
