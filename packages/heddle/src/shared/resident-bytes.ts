/**
 * How much memory the process has.
 *
 * Runs in any thread.
 */

let known = 0

/**
 * Bytes of memory of the process. The system tells through a file: when no descriptor is left, which clients can bring
 * about, it is what it was the last time.
 */
export function residentBytes(): number {
  try {
    known = process.memoryUsage.rss()
  } catch {
    // EMFILE, ENFILE: nobody has to end for not knowing it exactly.
  }
  return known
}
