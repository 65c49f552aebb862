/**
 * What the operating system says that a thread does. It answers also for one in native code, which nothing
 * else can ask.
 *
 * Main thread only. Linux alone has it, in `/proc`: a few reads from memory, some ten microseconds in all; they
 * wait for nobody. Elsewhere, and in sandboxes without `/proc`, nothing is known.
 */
import { readFileSync } from 'node:fs'

/** Reads a small file; throws when there is none. A fake one in tests. */
export type ReadText = (path: string) => string

const readText: ReadText = path => readFileSync(path, 'utf8')

/** System calls a thread is found waiting in, by their numbers (Linux, `asm/unistd.h` of each architecture). */
const waits: Readonly<Record<string, readonly (readonly [string, readonly number[]])[]>> = {
  x64: [
    ['reads a file, a pipe or a socket', [0, 17, 19, 45, 47]],
    ['writes to a file, a pipe or a socket', [1, 18, 20, 44, 46]],
    ['writes a file to its disk', [74, 75]],
    ['waits for a lock', [202]],
    ['waits for a child process', [61, 247]],
    ['sleeps', [35, 230]],
    ['waits for input or output', [7, 23, 232, 270, 271, 281, 441]]
  ],
  arm64: [
    ['reads a file, a pipe or a socket', [63, 65, 67, 207, 212]],
    ['writes to a file, a pipe or a socket', [64, 66, 68, 206, 211]],
    ['writes a file to its disk', [82, 83]],
    ['waits for a lock', [98]],
    ['waits for a child process', [95, 260]],
    ['sleeps', [101, 115]],
    ['waits for input or output', [22, 72, 73, 441]]
  ]
}

/**
 * What the thread does, in words that follow its name: `computes`, `waits for a lock`, `waits for the child
 * process sleep (4711)`. `null` when that cannot be known.
 *
 * @param osThread Its number in the system; see `channel/vitals.ts`.
 */
export function describeOsThread(
  osThread: number,
  read: ReadText = readText,
  architecture: string = process.arch
): string | null {
  const task = `/proc/self/task/${osThread}`
  const call = tryRead(read, `${task}/syscall`)
  if (call === null) return null
  if (call.startsWith('running')) return 'computes'
  const number = Number(call.split(' ', 1)[0])
  const words = waits[architecture]?.find(([, numbers]) => numbers.includes(number))?.[0]
  if (words === undefined) return 'waits in the operating system'
  // `execSync` and its kin run an event loop of their own, and wait in it.
  if (!/input or output|child process/.test(words)) return words
  const child = describeChild(read, task)
  return child === null ? words : `waits for the child process ${child}`
}

/** The youngest child the thread has started. Its name alone: arguments may contain what no log should. */
function describeChild(read: ReadText, task: string): string | null {
  const id = tryRead(read, `${task}/children`)?.trim().split(' ').at(-1) ?? ''
  if (id === '') return null
  const name = tryRead(read, `/proc/${id}/comm`)?.trim()
  return name === undefined ? null : `${name} (${id})`
}

function tryRead(read: ReadText, path: string): string | null {
  try {
    return read(path)
  } catch {
    return null
  }
}
