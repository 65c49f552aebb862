/**
 * Seeded chance for the simulation: the same seed plays the same run on every machine. Pure but for its own state.
 */

/**
 * Dice of their own.
 * @param {number} seed a whole number
 */
export function createDice(seed) {
  let state = seed >>> 0
  // mulberry32: one multiplication, period 2^32, good enough for arrivals.
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least, most) => least + next() * (most - least)
  return {
    /** From 0 up to 1. */
    next,
    between,
    /** Evenly over the orders of magnitude. */
    scaled: (least, most) => Math.exp(between(Math.log(least), Math.log(most))),
    whole: (least, most) => Math.floor(between(least, most + 1)),
    oneOf: list => list[Math.floor(next() * list.length)],
    /** With the mean 1; most are near it, few several times as long. */
    length: () => 0.3 - 0.7 * Math.log(1 - next()),
    /** How many of events come that are `mean` on the average and know nothing of one another. */
    count: mean => {
      const limit = Math.exp(-mean)
      let product = next()
      let count = 0
      while (product > limit) {
        product *= next()
        count++
      }
      return count
    }
  }
}
