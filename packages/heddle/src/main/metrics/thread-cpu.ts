/**
 * CPU time of one thread, from outside: also of one in native code, which nothing else can ask.
 *
 * Main thread only. Linux has it in `/proc`, some ten microseconds to read; elsewhere the thread says it itself.
 */
import { readFileSync } from 'node:fs'

/** Reads a small file; throws when there is none. A fake one in tests. */
export type ReadText = (path: string) => string

const readText: ReadText = path => readFileSync(path, 'latin1')

/**
 * Milliseconds of CPU the thread has used; `null` where that cannot be known.
 *
 * @param osThread Its number in the system; see `channel/vitals.ts`.
 */
export function osThreadCpuMs(osThread: number | null, read: ReadText = readText): number | null {
  if (osThread === null) return null
  try {
    // The first number is the time on a CPU, in nanoseconds.
    const nanoseconds = Number.parseInt(read(`/proc/self/task/${osThread}/schedstat`), 10)
    return Number.isNaN(nanoseconds) ? null : nanoseconds / 1e6
  } catch {
    return null
  }
}
