/**
 * Counts that wrap at 2^32, and the sums of their differences, which do not.
 *
 * Main thread only. Pure. A count is a number or a list of numbers, under a name.
 */

/** Counts by their names. */
export type Counts<Each> = { readonly [Name in keyof Each]: number | readonly number[] }

type Count = number | readonly number[]

/** What was counted between two readings of the same counts. @param before `null`: since they were zero. */
export function since<Each extends Counts<Each>>(now: Each, before: Each | null): Each {
  return combine(now, before, (later, earlier) => (later - earlier) >>> 0)
}

/** Both together. */
export function plus<Each extends Counts<Each>>(first: Each, second: Each | null): Each {
  return combine(first, second, (one, other) => one + other)
}

/** What lies between two sums. */
export function minus<Each extends Counts<Each>>(later: Each, earlier: Each | null): Each {
  return combine(later, earlier, (one, other) => one - other)
}

/** How many there are in a list of counts. */
export function sumOf(counts: readonly number[]): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

function combine<Each extends Counts<Each>>(
  first: Each,
  second: Each | null,
  make: (one: number, other: number) => number
): Each {
  const made: Record<string, Count> = {}
  const others = new Map(second === null ? [] : entries(second))
  for (const [name, one] of entries(first)) {
    const other = others.get(name)
    if (typeof one === 'number') made[name] = make(one, typeof other === 'number' ? other : 0)
    else {
      const list = typeof other === 'object' ? other : []
      made[name] = one.map((count, index) => make(count, list[index] ?? 0))
    }
  }
  // Names and lengths are those of the first.
  return made as Each
}

function entries(counts: object): [string, Count][] {
  return Object.entries<Count>(counts as Record<string, Count>)
}
