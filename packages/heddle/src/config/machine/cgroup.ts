/**
 * Understands the files in which Linux writes the limits of a container.
 *
 * Pure, for any thread: from text to numbers. `groups.ts` next door reads the files. Both generations of
 * control groups are spoken, because Node.js misses the CPU quota on either of them in some setups.
 */

/** Where one process stands in the hierarchies of control groups. */
export interface CgroupPaths {
  /** Path in the unified hierarchy (version 2), or `null`. */
  readonly unified: string | null
  /** Path by controller in the hierarchies of version 1. */
  readonly byController: ReadonlyMap<string, string>
}

/** Reads /proc/self/cgroup: lines of `hierarchy:controllers:path`. */
export function parseCgroupPaths(text: string): CgroupPaths {
  let unified: string | null = null
  const byController = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line)
    if (match === null) continue
    const [, hierarchy, controllers = '', path = '/'] = match
    if (hierarchy === '0' && controllers === '') unified = path
    else for (const controller of controllers.split(',')) byController.set(controller, path)
  }
  return { unified, byController }
}

/** CPUs in version 2's cpu.max, `quota period` or `max period`; `null` without a quota. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/)
  return cpus(quota, period ?? '100000')
}

/** CPUs in version 1's cpu.cfs_quota_us and cpu.cfs_period_us; `null` without a quota (−1). */
export function parseCfsQuota(quota: string, period: string): number | null {
  return cpus(quota.trim(), period.trim())
}

function cpus(quota: string | undefined, period: string): number | null {
  const share = Number(quota) / Number(period)
  return Number.isFinite(share) && share > 0 ? share : null
}

/** CPUs in a list such as `0-3,8`: that of a cpuset, or Cpus_allowed_list; `null` when there is none in it. */
export function parseCpuList(text: string): ReadonlySet<number> | null {
  const found = new Set<number>()
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
    if (match === null) continue
    const first = Number(match[1])
    const last = Math.min(Number(match[2] ?? first), first + cpusMax)
    for (let cpu = first; cpu <= last; cpu++) found.add(cpu)
  }
  return found.size === 0 ? null : found
}

/** What Linux is built for at most: a list that says more is none. */
const cpusMax = 8192

/** The CPUs the thread may run on, as /proc/self/status has them: affinity and cpuset in one. */
export function parseAllowedCpus(status: string): ReadonlySet<number> | null {
  const match = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)
  return match === null ? null : parseCpuList(match[1] ?? '')
}

/**
 * Bytes in memory.max or memory.high (version 2) or memory.limit_in_bytes (version 1). `null` without a limit: "max",
 * or a number no machine could fill, which is how version 1 writes it.
 */
export function parseMemoryLimit(text: string, totalBytes: number): number | null {
  const trimmed = text.trim()
  if (!/^\d+$/.test(trimmed)) return null
  const limit = Number(trimmed)
  return limit > 0 && limit < totalBytes ? limit : null
}

/** A path in a hierarchy and everything above it: `/a/b`, `/a`, `/`. A limit of any of them binds. */
export function withAncestors(path: string): string[] {
  const segments = path.split('/').filter(segment => segment !== '' && segment !== '..')
  return Array.from(
    { length: segments.length + 1 },
    (_, up) => `/${segments.slice(0, segments.length - up).join('/')}`
  )
}
