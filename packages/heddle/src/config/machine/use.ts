/**
 * Understands the files in which Linux writes how much of a machine or a container is in use.
 *
 * Pure, for any thread: from text to numbers. What is missing or makes no sense is `null`, and nothing throws.
 */

/** How long work has waited for a resource in the last ten seconds, in percent: "avg10" of PSI. */
export interface Pressure {
  /** Some of it. */
  readonly some: number
  /** All of it: nobody got any further. */
  readonly full: number
}

/** Reads cpu.pressure, memory.pressure or a file of /proc/pressure. Its line `full` may be missing: then it is 0. */
export function parsePressure(text: string): Pressure | null {
  const some = average(text, 'some')
  return some === null ? null : { some, full: average(text, 'full') ?? 0 }
}

function average(text: string, line: 'some' | 'full'): number | null {
  const match = new RegExp(String.raw`^${line} avg10=(\d+(?:\.\d+)?)\b`, 'm').exec(text)
  return match === null ? null : Number(match[1])
}

/** How often and for how long a quota has held a group up, since the group was made. */
export interface Throttling {
  /** Periods of the quota in which the group had something to do. */
  readonly periods: number
  /** Those of them in which it was held up. */
  readonly throttled: number
  /** For how long, all CPUs together. */
  readonly throttledMs: number
}

/** Reads cpu.stat of either version; `null` where there is no quota to speak of. */
export function parseThrottling(text: string): Throttling | null {
  const periods = field(text, 'nr_periods')
  const throttled = field(text, 'nr_throttled')
  if (periods === null || throttled === null) return null
  const microseconds = field(text, 'throttled_usec')
  const nanoseconds = field(text, 'throttled_time')
  return { periods, throttled, throttledMs: (microseconds ?? (nanoseconds ?? 0) / 1000) / 1000 }
}

/** Milliseconds of CPU a group has used: of version 2's cpu.stat, or version 1's cpuacct.usage (nanoseconds). */
export function parseCpuUsage(text: string): number | null {
  const microseconds = field(text, 'usage_usec')
  if (microseconds !== null) return microseconds / 1000
  return /^\d+\s*$/.test(text) ? Number(text) / 1e6 : null
}

/** Caches of files in the memory of a group, in bytes. */
export interface FileCache {
  /** Not used for a while: given back before anything else. */
  readonly inactiveBytes: number
  /** Used more than once of late: given back too, but then read again. */
  readonly activeBytes: number
  /** The limit of the group and all above it, also of those nobody sees from here; version 1 only. */
  readonly hierarchyLimitBytes: number | null
}

/** Reads memory.stat of either version; with version 1 the sums that include groups below. */
export function parseMemoryStat(text: string): FileCache {
  return {
    inactiveBytes: field(text, 'total_inactive_file') ?? field(text, 'inactive_file') ?? 0,
    activeBytes: field(text, 'total_active_file') ?? field(text, 'active_file') ?? 0,
    hierarchyLimitBytes: field(text, 'hierarchical_memory_limit')
  }
}

/** Bytes in a file that holds one number: memory.current, memory.usage_in_bytes. */
export function parseBytes(text: string): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null
}

/** The memory of the whole machine in bytes, as /proc/meminfo has it. */
export function parseMeminfo(text: string): { totalBytes: number; availableBytes: number } | null {
  const total = kibibytes(text, 'MemTotal')
  const available = kibibytes(text, 'MemAvailable')
  return total === null || available === null ? null : { totalBytes: total, availableBytes: available }
}

function kibibytes(text: string, name: string): number | null {
  const match = new RegExp(String.raw`^${name}:\s+(\d+) kB`, 'm').exec(text)
  return match === null ? null : Number(match[1]) * 1024
}

/** Milliseconds one count of /proc/stat stands for: USER_HZ is 100 wherever Node.js runs. */
const tickMs = 10

/**
 * Milliseconds of CPU everybody has used on these CPUs, as /proc/stat has it: without idling, without waiting for
 * disks, and without what other virtual machines took, which was not there to be used.
 */
export function parseCpuTimes(text: string, cpus: ReadonlySet<number>): number | null {
  let sum: number | null = null
  for (const match of text.matchAll(/^cpu(\d+) ([\d ]+)/gm)) {
    if (!cpus.has(Number(match[1]))) continue
    const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0] = (match[2] ?? '')
      .split(' ')
      .map(Number)
    sum = (sum ?? 0) + (user + nice + system + interrupts + soft) * tickMs
  }
  return sum
}

/** The number after a name at the beginning of a line. */
function field(text: string, name: string): number | null {
  const match = new RegExp(String.raw`^${name} (\d+)$`, 'm').exec(text)
  return match === null ? null : Number(match[1])
}
