/**
 * Finds out where blocked workers are: asks each for a series of stacks and the operating system for what the
 * thread does.
 *
 * Main thread only. Every wait has a bound. A thread in native code answers when it is back: until then what is
 * known of it is that it is there, and the answer is waited for without holding anything up.
 */
import { whereKey } from '../../channel/blocked-place.ts'
import type { Call, Sample } from '../../channel/blocked-place.ts'
import { readOsThread } from '../../channel/vitals.ts'
import type { BlockedPlace } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import { hottestCalls, toPlace } from './hottest.ts'
import type { Answer, Line, OpenLines } from './inquiry.ts'
import { describeOsThread } from './os-thread.ts'

/** A blocked worker, as far as is needed to ask it. */
export interface Suspect {
  /** The real thread; `null` once it is gone. */
  thread(): { readonly threadId: number } | null
  readonly vitals: SharedArrayBuffer
  /** Absolute directory of its application. */
  readonly path: string
  /** When its event loop has turned again, by the clock of {@link Sample}; `null` while it stands. */
  turnedAtMs(): number | null
}

/** What was found out of one worker. */
export interface Explanation {
  /** `null` when it was no longer blocked. */
  readonly place: BlockedPlace | null
  /** Where it came back from native code, as soon as it has; resolves `null` when there is nothing more to say. */
  readonly late: Promise<BlockedPlace | null>
  /** Nobody waits for `late` any more: lets go of the thread. */
  close(): void
}

/**
 * Finds out where each of the workers is, all at the same time. Never rejects.
 *
 * @param mayAsk False leaves the threads alone: only the operating system is asked.
 */
export type Explain = (suspects: readonly Suspect[], mayAsk: boolean) => readonly Promise<Explanation>[]

/** What an explanation is made with. */
export interface ExplainOptions {
  readonly clock: Clock
  readonly openLines: OpenLines
  /** What the operating system says of a thread, by its number there. */
  readonly describe?: (osThread: number) => string | null
}

/** Milliseconds in which a thread that runs JavaScript has answered, on a machine that is busy as well. */
const answerMs = 300

/** Milliseconds in which a thread answers that is in JavaScript, unless the machine is busy; it takes less than one. */
const promptMs = 50

/** Stacks of one series, and the milliseconds between two: what a function that calls others does most shows in them. */
const samplesMax = 10
const sampleMs = 20

/** Milliseconds for a whole series. */
const seriesMs = 500

/** Milliseconds a thread may take to read the source maps of one stack. */
const originalMs = 1000

/** Milliseconds by which the time of a heartbeat is off: it is written in whole ones, and so is its age. */
const heartbeatErrorMs = 2

const offer = `globalThis[Symbol.for(${JSON.stringify(whereKey)})]`
const askCalls = `${offer}.calls()`

/** Makes what explains. */
export function createExplain({ clock, openLines, describe = describeOsThread }: ExplainOptions): Explain {
  return (suspects, mayAsk) => {
    const doings = suspects.map(({ vitals }) => {
      const osThread = readOsThread(vitals)
      return osThread === null ? null : describe(osThread)
    })
    const threadIds = suspects.map(suspect => suspect.thread()?.threadId ?? -1)
    const opened = mayAsk ? openLines(threadIds) : Promise.resolve(new Map<number, Line>())
    return suspects.map(async (suspect, index) => {
      const line = (await opened).get(threadIds[index] ?? -1)
      const doing = doings[index] ?? null
      return line === undefined ? unasked(doing) : new Interview(suspect, line, clock, doing).run()
    })
  }
}

function unasked(doing: string | null): Explanation {
  const place = toPlace([], { kind: 'unknown', doing, method: 'none' }, '')
  return { place, late: Promise.resolve(null), close: () => {} }
}

/** The questions to one thread. */
class Interview {
  readonly #suspect: Suspect
  readonly #line: Line
  readonly #clock: Clock
  readonly #doing: string | null

  constructor(suspect: Suspect, line: Line, clock: Clock, doing: string | null) {
    this.#suspect = suspect
    this.#line = line
    this.#clock = clock
    this.#doing = doing
  }

  async run(): Promise<Explanation> {
    const askedAt = this.#clock.now()
    const first = this.#line.ask(askCalls).then(toSample)
    const outcome = await within(this.#clock, answerMs, first)
    const close = (): void => this.#line.close()
    if (!outcome.inTime) {
      const place = await this.#place('native', [])
      return { place, late: this.#comeBack(first).finally(close), close }
    }
    const tookMs = this.#clock.now() - askedAt
    const samples = await this.#series(outcome.value)
    const calls = hottestCalls(samples, this.#suspect.path)
    // It answered late, and its loop turned at once: a native call ended while it was being asked.
    const kind = samples.length === 1 && tookMs > promptMs ? 'native' : 'javascript'
    const place = calls.length === 0 ? null : await this.#place(kind, calls)
    close()
    return { place, late: Promise.resolve(null), close }
  }

  /** Further stacks, as long as it stands. */
  async #series(first: Sample | null): Promise<readonly Sample[]> {
    const samples: Sample[] = []
    const { promise: over, resolve } = Promise.withResolvers<null>()
    const cancel = this.#clock.after(seriesMs, () => resolve(null))
    let next = first
    while (next !== null && this.#isAbout(next)) {
      samples.push(next)
      if (samples.length === samplesMax) break
      // oxlint-disable-next-line no-await-in-loop -- A series: one stack after another.
      next = await Promise.race([this.#nextSample(), over])
    }
    cancel()
    return samples
  }

  /** A stack taken after the event loop has turned is about something else. */
  #isAbout(sample: Sample): boolean {
    const turnedAtMs = this.#suspect.turnedAtMs()
    return turnedAtMs === null || sample.atMs <= turnedAtMs + heartbeatErrorMs
  }

  async #nextSample(): Promise<Sample | null> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#clock.after(sampleMs, resolve)
    await promise
    return toSample(await this.#line.ask(askCalls))
  }

  /** The stack right behind the native call. */
  async #comeBack(answer: Promise<Sample | null>): Promise<BlockedPlace | null> {
    const sample = await answer
    const isUseful = sample !== null && sample.calls.length > 0 && this.#isAbout(sample)
    return isUseful ? this.#place('native', sample.calls) : null
  }

  async #place(kind: BlockedPlace['kind'], calls: readonly Call[]): Promise<BlockedPlace> {
    const facts = { kind, doing: this.#doing, method: 'stacks' } as const
    return toPlace(await this.#original(calls), facts, this.#suspect.path)
  }

  /** The calls as they are in the source, when source maps say so in time. */
  async #original(calls: readonly Call[]): Promise<readonly Call[]> {
    if (calls.length === 0) return calls
    const answer = this.#line.ask(`${offer}.original(${JSON.stringify(calls)})`)
    const outcome = await within(this.#clock, originalMs, answer)
    return (outcome.inTime ? toCalls(outcome.value) : null) ?? calls
  }
}

/** What a thread answers is what `worker/blocked.ts` has made; one that has gone answers nothing. */
function toSample(answer: Answer): Sample | null {
  return answer === null ? null : (JSON.parse(answer) as Sample)
}

function toCalls(answer: Answer): readonly Call[] | null {
  return answer === null ? null : (JSON.parse(answer) as readonly Call[])
}
