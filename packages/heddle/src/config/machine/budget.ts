/**
 * Divides the machine among the threads: how many workers, how many edge threads, how much heap for each.
 *
 * Pure, for any thread. What a user writes always wins over what is worked out here.
 */

const mebibyte = 1024 ** 2

/** MiB kept for the main thread, the edge threads and what every process needs. */
export const planesMb = 96

/** A worker below this many MiB of heap can hardly load an application. */
export const heapMinMb = 32

/** Workers of an application that does not say how many: a CPU is left for the planes. At least 1. */
export function defaultWorkers(cpus: number): number {
  return Math.max(1, cpus - 1)
}

/** Edge threads: one up to four CPUs, then one for every four. */
export function defaultEdgeThreads(cpus: number): number {
  return Math.max(1, Math.ceil(cpus / 4))
}

/** What one worker may use in a container, in MiB. */
export interface HeapShare {
  readonly oldGenerationMb: number
  readonly youngGenerationMb: number
  /** Whether the container is too small for so many workers: the shares are the minimum, not what is there. */
  readonly isShort: boolean
}

/**
 * The heap of each worker when a container limits memory: four fifths of the limit, less what the planes
 * need, in equal parts. The rest is for what no heap limit counts: buffers, code, stacks. V8 adds the young
 * generation to the old one, so it is taken out of the share.
 */
export function heapShare(memoryLimitBytes: number, workers: number): HeapShare {
  const each = Math.floor(((memoryLimitBytes / mebibyte) * 0.8 - planesMb) / Math.max(1, workers))
  const share = Math.max(heapMinMb, each)
  const youngGenerationMb = Math.min(48, Math.max(4, Math.floor(share / 8)))
  return { oldGenerationMb: share - youngGenerationMb, youngGenerationMb, isShort: each < heapMinMb }
}
