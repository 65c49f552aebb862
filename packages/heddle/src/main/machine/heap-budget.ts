/**
 * Works out the memory limits of a worker that is started now, from the container and the number of workers there are
 * now: both may have changed since the configuration was read.
 *
 * Pure. Main thread only.
 */
import { heapShare } from '../../config/machine/budget.ts'
import type { ResolvedApplication, ResolvedLimits } from '../../config/resolved.ts'

/** What a share depends on. */
export interface HeapSources {
  /** `null` when only the machine is the limit. */
  readonly memoryLimitBytes: number | null
  /** Workers of all applications, the one that is started among them. */
  readonly workers: number
}

/** The limits a worker of this application is started with. What somebody has written stays. */
export function limitsNow(
  { limits }: Pick<ResolvedApplication, 'limits'>,
  { memoryLimitBytes, workers }: HeapSources
): ResolvedLimits {
  const { shared = [], ...rest } = limits
  const written = { ...rest }
  for (const name of shared) written[name] = null
  if (written.oldGenerationMb !== null || memoryLimitBytes === null) return written
  const { oldGenerationMb, youngGenerationMb } = heapShare(memoryLimitBytes, workers)
  return { ...written, oldGenerationMb, youngGenerationMb: written.youngGenerationMb ?? youngGenerationMb }
}
