/**
 * The book of the driver: every request gets exactly one line, ok or lost, and the moments of answers tell the
 * longest time without one. Pure but for the clock it is given.
 *
 * Runs in the driver.
 */

const lossesKept = 5000
const slowMs = 1000

/**
 * @typedef {{ type: string, id: string, kind: string, status: number | null, fresh: boolean, at: number,
 *   ms: number, phase: string, detail: string }} Loss `at`: when it began, in ms since the start of the load.
 *   `fresh`: the first request on its connection.
 */

function createPhase(now) {
  return { requests: {}, losses: {}, latencies: [], answeredAt: now, longestGapMs: 0, seconds: 0 }
}

/** Keeps the book. */
export class Ledger {
  #clock
  #startedAt
  #phases = new Map()
  #phase = ''
  #phaseSince = 0
  #begun = 0
  #losses = []
  #places = new Set()
  #versions = new Set()
  #messages = 0
  #interruptions = 0

  /** @param {() => number} clock milliseconds */
  constructor(clock) {
    this.#clock = clock
    this.#startedAt = clock()
  }

  /** Requests that begin from now on belong to this phase. */
  enter(name) {
    this.#leave()
    this.#phase = name
    if (!this.#phases.has(name)) this.#phases.set(name, createPhase(this.#clock()))
  }

  /**
   * Opens a line. Exactly one of what it returns has to be called, once.
   * @param {string} type
   * @param {string} id
   */
  begin(type, id) {
    const name = this.#phase
    const phase = this.#phases.get(name)
    const at = this.#clock()
    phase.requests[type] = (phase.requests[type] ?? 0) + 1
    this.#begun++
    let isOpen = true
    const close = () => {
      if (!isOpen) throw new Error(`${id} has two verdicts.`)
      isOpen = false
      this.#begun--
    }
    return {
      ok: ({ place, version, counts }) => {
        close()
        if (place !== undefined) this.#places.add(place)
        if (version !== undefined) this.#versions.add(version)
        if (counts) phase.latencies.push(this.#clock() - at)
        this.answered()
      },
      lost: ({ kind, status = null, fresh = false, detail = '' }) => {
        close()
        const key = `${type} ${kind}`
        phase.losses[key] = (phase.losses[key] ?? 0) + 1
        if (this.#losses.length >= lossesKept) return
        const ms = Math.round(this.#clock() - at)
        const loss = { type, id, kind, status, fresh, at: Math.round(at - this.#startedAt), ms }
        this.#losses.push({ ...loss, phase: name, detail: detail.slice(0, 300) })
      }
    }
  }

  /** Something was answered, a message on a WebSocket too. */
  answered() {
    const phase = this.#phases.get(this.#phase)
    const now = this.#clock()
    phase.longestGapMs = Math.max(phase.longestGapMs, now - phase.answeredAt)
    phase.answeredAt = now
  }

  /** A message came back on a WebSocket. */
  echoed() {
    this.#messages++
    this.answered()
  }

  /** A WebSocket was closed by a close frame of the server, and is opened again. */
  interrupted() {
    this.#interruptions++
  }

  /** Everything in it. Times in milliseconds. */
  report() {
    this.#leave()
    const phases = {}
    for (const [name, phase] of this.#phases) {
      const { answeredAt: _, latencies, ...rest } = phase
      phases[name] = { ...rest, ...percentiles(latencies) }
    }
    return {
      phases,
      open: this.#begun,
      losses: this.#losses,
      places: this.#places.size,
      versions: [...this.#versions],
      messages: this.#messages,
      interruptions: this.#interruptions
    }
  }

  // A gap that is open when a phase ends counts in it.
  #leave() {
    const phase = this.#phases.get(this.#phase)
    const now = this.#clock()
    if (phase !== undefined) {
      phase.longestGapMs = Math.max(phase.longestGapMs, now - phase.answeredAt)
      phase.seconds += (now - this.#phaseSince) / 1000
    }
    this.#phaseSince = now
  }
}

/** The middle, the slowest hundredth and the slowest, null without any; and how many took longer than a second. */
export function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
  return {
    answers: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: sorted.at(-1) ?? null,
    slow: sorted.filter(value => value > slowMs).length
  }
}
