/**
 * Repeats an operation with so many in flight for so many seconds, and takes the time of each.
 *
 * Runs in the thread that makes the load. A closed loop: the next operation of a lane begins when its last is
 * over, so the rate is what client and server reach together.
 */

const firstRoom = 1 << 17

/** Latencies as they come, in microseconds; grows by doubling, so that no array of objects is in the way. */
export class Latencies {
  #values = new Float64Array(firstRoom)
  #count = 0

  get count() {
    return this.#count
  }

  /** @param {number} microseconds */
  add(microseconds) {
    if (this.#count === this.#values.length) {
      const values = new Float64Array(this.#values.length * 2)
      values.set(this.#values)
      this.#values = values
    }
    this.#values[this.#count++] = microseconds
  }

  /** The values at these shares of the sorted series (nearest rank); NaN when there is none. */
  percentiles(...shares) {
    const sorted = this.#values.subarray(0, this.#count).toSorted()
    return shares.map(share => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN)
  }
}

/**
 * Makes the load.
 * @param {() => Promise<void>} operate
 * @param {{ inFlight: number, seconds: number }} extent
 * @returns requests that ended, seconds until the last of them did, and their latencies in microseconds.
 * @throws {Error} of the first operation that fails.
 */
export async function generate(operate, { inFlight, seconds }) {
  const latencies = new Latencies()
  const begun = performance.now()
  const until = begun + seconds * 1000
  const lane = async () => {
    for (let now = performance.now(); now < until;) {
      // oxlint-disable-next-line no-await-in-loop -- a lane does one thing after the other.
      await operate()
      const after = performance.now()
      latencies.add((after - now) * 1000)
      now = after
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  const [p50Us, p99Us] = latencies.percentiles(0.5, 0.99)
  return { requests: latencies.count, seconds: (performance.now() - begun) / 1000, p50Us, p99Us }
}
