/**
 * Reads how much is in use of what the process may use: CPU time, memory, and what waits for either.
 *
 * Any thread. Reads small files that the kernel makes up as they are read; nothing throws, and what is not known is
 * `null` or comes from Node.js.
 */
import { freemem } from 'node:os'
import { join } from 'node:path'

import { MachineFiles } from './groups.ts'
import { ownSources, readLimits } from './machine.ts'
import type { MachineLimits, MachineSources, MemoryGroup } from './machine.ts'
import {
  parseBytes,
  parseCpuTimes,
  parseCpuUsage,
  parseMeminfo,
  parseMemoryStat,
  parsePressure,
  parseThrottling
} from './use.ts'
import type { Pressure, Throttling } from './use.ts'

/** What is in use at one moment. */
export interface MachineUse {
  /**
   * Milliseconds of CPU that have been used of what the limits allow, from an arbitrary zero: by the group whose quota
   * it is, else by everybody on these CPUs, else by this process.
   */
  readonly cpuMs: number
  /** `null` without a quota. */
  readonly throttling: Throttling | null
  readonly cpuPressure: Pressure | null
  readonly memoryPressure: Pressure | null
  readonly memory: MemoryUse
}

/** The memory in use, of the group that has the least left, or of the machine where no group has a limit. */
export interface MemoryUse {
  readonly limitBytes: number
  /** Without caches nobody has used for a while, as the tools of containers show it ("working set"). */
  readonly usedBytes: number
  /** What could be taken at once: all caches of files would give way. */
  readonly freeBytes: number
  /** Whether it is a container's: beyond its limit a process of it is killed. */
  readonly isContainer: boolean
}

/** Where use is read: the first file of each kind that could be read; `null` where there was none. */
interface UseFiles {
  readonly cpuPressure: string | null
  readonly memoryPressure: string | null
  readonly cpuAccount: string | null
}

/** Reads one machine again and again. */
export class MachineReader {
  readonly #sources: MachineSources
  readonly #files: MachineFiles
  #limits: MachineLimits
  #useFiles: UseFiles

  /** @param sources This machine, unless told. */
  constructor(sources: MachineSources = ownSources()) {
    this.#sources = sources
    this.#files = new MachineFiles(sources.root)
    this.#limits = readLimits(sources)
    this.#useFiles = this.#findFiles()
  }

  /** The limits as they were read last. */
  get limits(): MachineLimits {
    return this.#limits
  }

  /** Reads the limits again. */
  refresh(): MachineLimits {
    this.#limits = readLimits(this.#sources)
    this.#useFiles = this.#findFiles()
    return this.#limits
  }

  /** Reads what is in use, of the groups whose limits are known. */
  use(): MachineUse {
    const { quotaGroup } = this.#limits
    const { cpuPressure, memoryPressure } = this.#useFiles
    return {
      cpuMs: this.#cpuMs(),
      throttling:
        quotaGroup === null ? null : this.#files.parsed(join(quotaGroup, 'cpu.stat'), parseThrottling),
      cpuPressure: this.#files.parsed(cpuPressure, parsePressure),
      memoryPressure: this.#files.parsed(memoryPressure, parsePressure),
      memory: this.memory()
    }
  }

  /** Reads the memory in use alone. */
  memory(): MemoryUse {
    const uses = this.#limits.memoryGroups.flatMap(group => this.#groupMemory(group) ?? [])
    const [tightest] = uses.toSorted((one, other) => one.freeBytes - other.freeBytes)
    return tightest ?? this.#machineMemory()
  }

  #groupMemory({ directory, limitBytes }: MemoryGroup): MemoryUse | null {
    const names = ['memory.current', 'memory.usage_in_bytes']
    const files = names.map(name => join(directory, name))
    const current = this.#files.first(files, parseBytes)
    if (current === null) return null
    const { inactiveBytes, activeBytes } = parseMemoryStat(
      this.#files.read(join(directory, 'memory.stat')) ?? ''
    )
    const held = Math.max(0, current - inactiveBytes - activeBytes)
    return {
      limitBytes,
      usedBytes: Math.max(0, current - inactiveBytes),
      freeBytes: Math.max(0, limitBytes - held),
      isContainer: true
    }
  }

  #machineMemory(): MemoryUse {
    const known = this.#files.parsed('proc/meminfo', parseMeminfo)
    const limitBytes = known?.totalBytes ?? this.#sources.totalBytes
    const freeBytes = Math.min(limitBytes, known?.availableBytes ?? freemem())
    return { limitBytes, usedBytes: limitBytes - freeBytes, freeBytes, isContainer: false }
  }

  #cpuMs(): number {
    const { quotaGroup, allowed } = this.#limits
    const group = quotaGroup === null ? null : this.#files.parsed(this.#useFiles.cpuAccount, parseCpuUsage)
    if (group !== null) return group
    const all =
      allowed === null ? null : this.#files.parsed('proc/stat', text => parseCpuTimes(text, allowed))
    if (all !== null) return all
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }

  #findFiles(): UseFiles {
    const { quotaGroup } = this.#limits
    const place = this.#files.place()
    const pressure = (resource: 'cpu' | 'memory'): string | null => {
      // Of the group itself, or of the machine where groups are not asked.
      const directories = [...place.groupsOf(resource), ...place.unified]
      const own = directories.map(directory => join(directory, `${resource}.pressure`))
      return this.#files.find([...own, `proc/pressure/${resource}`], parsePressure)
    }
    // Version 1 counts CPU time in a hierarchy of its own, which may be mounted apart.
    const accounts = place.groupsOf('cpuacct').map(directory => join(directory, 'cpuacct.usage'))
    const stat = quotaGroup === null ? [] : [join(quotaGroup, 'cpu.stat')]
    return {
      cpuPressure: pressure('cpu'),
      memoryPressure: pressure('memory'),
      cpuAccount: this.#files.find([...stat, ...accounts], parseCpuUsage)
    }
  }
}
