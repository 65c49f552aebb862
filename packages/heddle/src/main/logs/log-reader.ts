/**
 * Reads the rings of all threads as one log, for one reader who looks when it likes: lines in the order they were
 * written, those that fit, each with an id behind which another reader can go on.
 *
 * Main thread only. It never waits and holds no thread up. A line is numbered before it is in its ring, so the one with
 * the next number may come a moment later: it is waited for, since an id stands for all lines before it.
 */
import { LogRingReader } from '../../channel/log-ring.ts'
import type { RingLook } from '../../channel/log-ring.ts'
import type { LogFilter, LogLook, LogMessage, LogStart } from '../../control/log-source.ts'
import type { Clock } from '../../shared/clock.ts'
import { isLevelEnabled } from '../../shared/log-line.ts'
import type { RingShelf, ShelvedRing } from './ring-shelf.ts'

/** What a reader reads. */
export interface ReaderSources {
  readonly shelf: RingShelf
  readonly clock: Clock
  /** The number of the last line of the process. */
  lastLine(): number
  /** Tells the ids of this server from those of another. */
  readonly mark: string
}

/** Milliseconds a line that has its number may take to be in its ring. */
const lateMs = 100

/** One line on its way to the reader. */
interface Found {
  readonly sequence: number
  readonly look: RingLook
  readonly index: number
  readonly ring: ShelvedRing
}

/** One reader. */
export class RingsReader {
  readonly #sources: ReaderSources
  readonly #filter: LogFilter
  readonly #readers = new Map<number, LogRingReader>()
  /** Lines that were read and may have a gap before them. */
  #found: Found[] = []
  /** Lines that are next, in order. */
  #ready: Found[] = []
  #lost = 0
  /** The number of the last line that was passed on or passed over. */
  #last: number
  /** Since when the next line has been late; `null` when none is. */
  #lateSince: number | null = null

  constructor(sources: ReaderSources, filter: LogFilter, start: LogStart) {
    this.#sources = sources
    this.#filter = filter
    this.#last = sources.lastLine()
    const after = this.#readId(start.after)
    if (after === null) this.#passOverOthers()
    let there = 0
    for (const { ring, look } of this.#looks()) {
      const end = findAfter(look, this.#last)
      for (let index = end; index < look.length; index++) this.#found.push(foundAt(ring, look, index))
      const from = after === null ? 0 : findAfter(look, after)
      there += end - from
      const most = after === null ? start.tail : Infinity
      for (let index = end - 1, count = 0; index >= from && count < most; index--) {
        if (!this.#wants(ring, look, index)) continue
        this.#ready.push(foundAt(ring, look, index))
        count++
      }
    }
    this.#ready.sort(bySequence)
    if (after === null) this.#ready = start.tail > 0 ? this.#ready.slice(-start.tail) : []
    else this.#lost = Math.max(0, this.#last - after - there)
  }

  /** What has come since the last look, `max` lines at most: what is left comes at the next. */
  read(max: number): LogLook {
    if (this.#ready.length < max) {
      this.#collect()
      this.#settle()
    }
    const messages = this.#ready.splice(0, max).map(found => this.#toMessage(found))
    const lost = this.#lost
    this.#lost = 0
    return { messages, lost }
  }

  /** Lets go of everything. */
  close(): void {
    this.#readers.clear()
    this.#ready = []
    this.#found = []
  }

  #collect(): void {
    for (const { ring, look } of this.#looks()) {
      if (look.lost > 0) {
        if (this.#mayMatch(ring)) this.#lost += look.lost
        // It is known where they are.
        this.#lateSince = -Infinity
      }
      for (let index = 0; index < look.length; index++) this.#found.push(foundAt(ring, look, index))
    }
    this.#found.sort(bySequence)
  }

  /** What is in rings of others already needs no look; what comes into them has numbers that would be missed. */
  #passOverOthers(): void {
    for (const ring of this.#sources.shelf.rings()) {
      if (!this.#mayMatch(ring)) this.#readers.set(ring.id, new LogRingReader(ring.buffer, 'now'))
    }
  }

  /** Looks into every ring that has something new. */
  #looks(): { readonly ring: ShelvedRing; readonly look: RingLook }[] {
    const rings = this.#sources.shelf.rings()
    const known = new Set(rings.map(({ id }) => id))
    for (const id of this.#readers.keys()) if (!known.has(id)) this.#readers.delete(id)
    return rings.flatMap(ring => {
      let reader = this.#readers.get(ring.id)
      if (reader === undefined) {
        reader = new LogRingReader(ring.buffer, 'oldest')
        this.#readers.set(ring.id, reader)
      }
      return reader.hasMore ? [{ ring, look: reader.look() }] : []
    })
  }

  /** Passes on what has no gap before it, or a gap that has been waited for. */
  #settle(): void {
    let passed = 0
    for (const { sequence } of this.#found) {
      if (sequence > this.#last + 1 && !this.#isOverdue()) break
      this.#last = Math.max(this.#last, sequence)
      passed++
    }
    if (passed === this.#found.length) this.#lateSince = null
    for (const found of this.#found.splice(0, passed)) {
      if (this.#wants(found.ring, found.look, found.index)) this.#ready.push(found)
    }
  }

  #isOverdue(): boolean {
    const now = this.#sources.clock.now()
    this.#lateSince ??= now
    return now - this.#lateSince >= lateMs
  }

  #mayMatch({ application, worker }: ShelvedRing): boolean {
    const filter = this.#filter
    // The main thread speaks for every worker.
    if (worker === null) return true
    if (filter.application !== undefined && filter.application !== application) return false
    return filter.worker === undefined || filter.worker === worker
  }

  #wants(ring: ShelvedRing, look: RingLook, index: number): boolean {
    const { application, worker, level } = this.#filter
    if (level !== undefined && !isLevelEnabled(level, look.level(index))) return false
    if (application === undefined && worker === undefined) return true
    const who = speakerOf(ring, look.speaker(index))
    if (application !== undefined && who.application !== application) return false
    return worker === undefined || who.worker === worker
  }

  #toMessage({ look, index, ring }: Found): LogMessage {
    const { time, level, speaker, body, sequence } = look.record(index)
    const said = readBody(body)
    return {
      id: `${this.#sources.mark}.${sequence}`,
      line: { time, level, ...speakerOf(ring, speaker), ...said }
    }
  }

  #readId(id: string | undefined): number | null {
    const [mark, sequence] = id?.split('.') ?? []
    if (mark !== this.#sources.mark || sequence === undefined || !/^\d{1,15}$/.test(sequence)) return null
    const read = Number(sequence)
    return read <= this.#last ? read : null
  }
}

/** One that is no JSON, whatever an application has done to its thread, does not cost those after it. */
function readBody(body: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(`{"message":${body}`) as Record<string, unknown>
  } catch {
    return { message: body }
  }
}

function speakerOf(ring: ShelvedRing, speaker: string): { application?: string; worker?: string } {
  const [application, worker] = speaker === '' ? [ring.application, ring.worker] : speaker.split('\n')
  return { ...(application ? { application } : {}), ...(worker ? { worker } : {}) }
}

function foundAt(ring: ShelvedRing, look: RingLook, index: number): Found {
  return { ring, look, index, sequence: look.sequence(index) }
}

function bySequence(a: Found, b: Found): number {
  return a.sequence - b.sequence
}

/** The first line behind a number; in one ring numbers only grow. */
function findAfter(look: RingLook, sequence: number): number {
  let from = 0
  let to = look.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (look.sequence(middle) > sequence) to = middle
    else from = middle + 1
  }
  return from
}
