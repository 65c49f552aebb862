/**
 * Reads what the process may really use of the machine: CPUs and memory.
 *
 * Any thread; at the start, and again as often as somebody wants to know: containers are resized while they run.
 * `os.availableParallelism()` rounds a quota down and takes the weight of a group for a limit, so that affinity and
 * quota are read here.
 */
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'

import { parseAllowedCpus, parseCfsQuota, parseCpuList, parseCpuMax, parseMemoryLimit } from './cgroup.ts'
import { MachineFiles } from './groups.ts'
import { parseMemoryStat } from './use.ts'

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
  /** CPUs where no file says which ones there are. */
  readonly affinity: number
  /** Memory of the whole machine in bytes. */
  readonly totalBytes: number
}

/** This machine. */
export function ownSources(): MachineSources {
  return { root: '/', affinity: availableParallelism(), totalBytes: totalmem() }
}

/** Reads the machine. Whatever cannot be read counts as "no limit": there is none outside Linux. */
export function readMachine(sources: MachineSources = ownSources()): Machine {
  const { cpus, memoryLimitBytes } = readLimits(sources)
  return { cpus: Math.max(1, Math.ceil(cpus)), memoryLimitBytes }
}

/** The limits as they are, and where they come from. */
export interface MachineLimits {
  /** CPUs the process may use at a time: those there are, or the quota where that is less. May be broken. */
  readonly cpus: number
  /** The CPUs it may run on, by their numbers; `null` where that is not known. */
  readonly allowed: ReadonlySet<number> | null
  /** The directory of the group with the tightest quota; `null` without one. */
  readonly quotaGroup: string | null
  /** The tightest limit; `null` when only the machine is the limit. */
  readonly memoryLimitBytes: number | null
  /** The groups with a limit, each with its own. */
  readonly memoryGroups: readonly MemoryGroup[]
}

/** A control group whose memory is limited. */
export interface MemoryGroup {
  readonly directory: string
  readonly limitBytes: number
}

/** Reads the limits that bind the process now. */
export function readLimits({ root, affinity, totalBytes }: MachineSources): MachineLimits {
  const files = new MachineFiles(root)
  const place = files.place()
  const quotas = place.groupsOf('cpu').flatMap(directory => {
    const quota = cpuQuota(files, directory)
    return quota === null ? [] : [{ directory, quota }]
  })
  const tightest = quotas.toSorted((one, other) => one.quota - other.quota)[0] ?? null
  const memoryGroups = place.groupsOf('memory').flatMap(directory => {
    const limitBytes = memoryLimit(files, directory, totalBytes)
    return limitBytes === null ? [] : [{ directory, limitBytes }]
  })
  const allowed = files.first(['proc/self/status'], parseAllowedCpus)
  const cpusets = place.groupsOf('cpuset').flatMap(directory => cpuset(files, directory)?.size ?? [])
  return {
    cpus: Math.min(allowed?.size ?? affinity, tightest?.quota ?? Infinity, ...cpusets),
    allowed,
    quotaGroup: tightest?.directory ?? null,
    memoryLimitBytes: smallest(memoryGroups.map(({ limitBytes }) => limitBytes)),
    memoryGroups
  }
}

function cpuQuota(files: MachineFiles, directory: string): number | null {
  const max = files.read(join(directory, 'cpu.max'))
  if (max !== null) return parseCpuMax(max)
  const quota = files.read(join(directory, 'cpu.cfs_quota_us'))
  const period = files.read(join(directory, 'cpu.cfs_period_us'))
  return quota === null || period === null ? null : parseCfsQuota(quota, period)
}

function cpuset(files: MachineFiles, directory: string): ReadonlySet<number> | null {
  const names = ['cpuset.cpus.effective', 'cpuset.effective_cpus', 'cpuset.cpus']
  return files.first(
    names.map(name => join(directory, name)),
    parseCpuList
  )
}

/** Beyond memory.high a group is not killed but held up until nothing moves: that is its limit as well. */
function memoryLimit(files: MachineFiles, directory: string, totalBytes: number): number | null {
  const limitIn = (name: string): number | null =>
    files.first([join(directory, name)], text => parseMemoryLimit(text, totalBytes))
  const hierarchy = files.read(join(directory, 'memory.stat'))
  const above = hierarchy === null ? null : parseMemoryStat(hierarchy).hierarchyLimitBytes
  return smallest([
    limitIn('memory.max'),
    limitIn('memory.high'),
    limitIn('memory.limit_in_bytes'),
    above === null ? null : parseMemoryLimit(String(above), totalBytes)
  ])
}

function smallest(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : Math.min(...known)
}
