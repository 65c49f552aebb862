/**
 * Reads what the process may really use of the machine: CPUs and memory.
 *
 * Main thread, once at the start. `os.availableParallelism()` follows affinity but not the quota of a
 * container, so the quota is read from the control groups here.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'

import { parseCfsQuota, parseCgroupPaths, parseCpuMax, parseMemoryLimit, withAncestors } from './cgroup.ts'
import type { CgroupPaths } from './cgroup.ts'

/** What the process may use. */
export interface Machine {
  /** Whole CPUs, at least 1. */
  readonly cpus: number
  /** Bytes the container allows; `null` when only the machine is the limit. */
  readonly memoryLimitBytes: number | null
}

/** Where to look, and what the operating system says; replaced in tests. */
export interface MachineSources {
  /** Directory that stands for `/`. */
  readonly root: string
  /** CPUs by affinity. */
  readonly affinity: number
  /** Memory of the whole machine in bytes. */
  readonly totalBytes: number
}

/** Reads the machine. Whatever cannot be read counts as "no limit": there is none outside Linux. */
export function readMachine(
  { root, affinity, totalBytes }: MachineSources = {
    root: '/',
    affinity: availableParallelism(),
    totalBytes: totalmem()
  }
): Machine {
  const paths = parseCgroupPaths(read(join(root, 'proc/self/cgroup')) ?? '')
  const groups = join(root, 'sys/fs/cgroup')
  const quotas = directories(groups, paths, 'cpu').map(directory => cpuQuota(directory))
  const limits = directories(groups, paths, 'memory').map(directory => memoryLimit(directory, totalBytes))
  const quota = smallest(quotas)
  return {
    cpus: Math.max(1, Math.min(affinity, quota === null ? Infinity : Math.ceil(quota))),
    memoryLimitBytes: smallest(limits)
  }
}

/**
 * Every directory whose limit of one controller binds this process. The path in /proc/self/cgroup may be
 * that of the host, of which a container sees only its own part, mounted at the top: ancestors that do not
 * exist simply cannot be read.
 */
function directories(groups: string, paths: CgroupPaths, controller: string): string[] {
  const own = paths.byController.get(controller)
  if (own !== undefined) {
    const siblings = [...paths.byController].filter(([, path]) => path === own).map(([name]) => name)
    // Version 1 mounts are named after all their controllers: /sys/fs/cgroup/cpu,cpuacct.
    const mounts = new Set([controller, ...siblings.map(name => `${controller},${name}`)])
    return [...mounts].flatMap(mount => withAncestors(own).map(path => join(groups, mount, path)))
  }
  if (paths.unified === null) return []
  const unified = paths.unified
  return [groups, join(groups, 'unified')].flatMap(mount =>
    withAncestors(unified).map(path => join(mount, path))
  )
}

function cpuQuota(directory: string): number | null {
  const max = read(join(directory, 'cpu.max'))
  if (max !== null) return parseCpuMax(max)
  const quota = read(join(directory, 'cpu.cfs_quota_us'))
  const period = read(join(directory, 'cpu.cfs_period_us'))
  return quota === null || period === null ? null : parseCfsQuota(quota, period)
}

function memoryLimit(directory: string, totalBytes: number): number | null {
  const text = read(join(directory, 'memory.max')) ?? read(join(directory, 'memory.limit_in_bytes'))
  return text === null ? null : parseMemoryLimit(text, totalBytes)
}

function smallest(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : Math.min(...known)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Absent or forbidden: not every system has control groups, and not every one lets them be read.
    return null
  }
}
