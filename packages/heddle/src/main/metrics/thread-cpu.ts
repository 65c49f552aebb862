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
  return scheduled(osThread, 0, read)
}

/** Milliseconds the thread could have run and had no CPU, as others had them; `null` where that cannot be known. */
export function osThreadCpuWaitMs(osThread: number | null, read: ReadText = readText): number | null {
  return scheduled(osThread, 1, read)
}

/** The numbers there: nanoseconds on a CPU, nanoseconds waiting for one, and how often. */
function scheduled(osThread: number | null, index: number, read: ReadText): number | null {
  if (osThread === null) return null
  try {
    const nanoseconds = Number.parseInt(
      read(`/proc/self/task/${osThread}/schedstat`).split(' ')[index] ?? '',
      10
    )
    return Number.isNaN(nanoseconds) ? null : nanoseconds / 1e6
  } catch {
    return null
  }
}
