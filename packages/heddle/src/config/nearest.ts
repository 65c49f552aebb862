/**
 * Finds what someone probably meant by a misspelt name.
 *
 * Pure, for any thread; called only when there is a mistake to report.
 */

/** The known name closest to `name`, or `null` when none is close enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase()
  // With fewer than three letters, one changed letter makes another name.
  const allowed = wanted.length < 3 ? 0 : Math.max(1, Math.floor(wanted.length / 3))
  let best: string | null = null
  let bestDistance = allowed + 1
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A question to append to a message, ` (did you mean "port"?)`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === null ? '' : ` (did you mean "${meant}"?)`
}

/** How many letters have to be added, removed, replaced or swapped with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current.push(
        Math.min(
          replaced,
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity
        )
      )
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}
