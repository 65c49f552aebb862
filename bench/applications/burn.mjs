/**
 * Work for the CPU and nothing else: no allocation, no clock, no system call.
 *
 * Runs in the workers of cpu-1ms.mjs and, to calibrate it, in the benchmark itself.
 */

/**
 * Runs a xorshift generator for a number of rounds.
 * @returns the last value, so that the compiler cannot leave the loop out.
 */
export function burn(rounds) {
  let value = 2_463_534_242 | 0
  for (let round = 0; round < rounds; round++) {
    value ^= value << 13
    value ^= value >>> 17
    value ^= value << 5
  }
  return value >>> 0
}

/**
 * Finds how many rounds take a given CPU time on this machine: the median of a few tries after warming up.
 * @param milliseconds CPU time of one call of {@link burn}.
 */
export function calibrate(milliseconds) {
  const probe = 1_000_000
  for (let turn = 0; turn < 20; turn++) burn(probe)
  const costs = []
  for (let turn = 0; turn < 31; turn++) {
    const before = process.cpuUsage()
    burn(probe)
    const used = process.cpuUsage(before)
    costs.push((used.user + used.system) / 1000)
  }
  costs.sort((a, b) => a - b)
  return Math.max(1, Math.round((probe * milliseconds) / costs[15]))
}
