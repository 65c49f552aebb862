/**
 * What the operating system says of the whole process.
 *
 * Main thread only. Reads small files from memory; what is not known, as file descriptors outside of Linux, is
 * left out.
 */
import { readdirSync, readFileSync } from 'node:fs'

import { residentBytes } from '../../shared/resident-bytes.ts'

/** The process as it stands. */
export interface ProcessFacts {
  /** Microseconds of all threads. */
  readonly cpu: { readonly user: number; readonly system: number }
  readonly rssBytes: number
  readonly openFds: number | null
  readonly maxFds: number | null
  /** Seconds since 1970. */
  readonly startedAt: number
}

const startedAt = Math.round(Date.now() - process.uptime() * 1000) / 1000

/** Reads them. */
export function readProcess(): ProcessFacts {
  return {
    cpu: process.cpuUsage(),
    rssBytes: residentBytes(),
    openFds: countOpen(),
    maxFds: readMax(),
    startedAt
  }
}

function countOpen(): number | null {
  try {
    // One of them is the directory that is read.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return null
  }
}

function readMax(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    const limit = Number(soft)
    return Number.isFinite(limit) ? limit : null
  } catch {
    return null
  }
}
