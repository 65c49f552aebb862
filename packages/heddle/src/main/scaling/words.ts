/**
 * Says in words how the number of workers of an application comes about, for people who wonder.
 *
 * Pure; main thread only.
 */
import type { ScalingNumbers, ScalingRefusal } from '../../events.ts'

const mebibyte = 1024 ** 2

/** Why an application does not get what it needs, without a full stop. */
export function refusalWords(
  reason: ScalingRefusal,
  max: number,
  numbers: ScalingNumbers | null,
  error: Error | null
): string {
  const needs = numbers === null ? 'it needs more' : `it needs ${numbers.wanted}`
  if (reason === 'max') return `${needs}, and may have ${max}`
  if (reason === 'total') return `${needs}, and all applications together may have no more`
  if (reason === 'failed') {
    return `${needs}, and the last one did not become ready${error === null ? '' : ` (${error.message})`}`
  }
  if (numbers === null) return `${needs}, and there is no more ${reason === 'cpu' ? 'CPU' : 'memory'}`
  const { cpus, cpuUsed, throttledShare, memoryFree, workerBytes } = numbers
  if (reason === 'memory') {
    const free = `${Math.round(memoryFree / mebibyte)} MiB are free`
    return `${needs}, and ${free}, of which some are kept, for one that takes ${Math.round(workerBytes / mebibyte)} MiB`
  }
  const used = `${cpuUsed.toFixed(1)} of ${Number(cpus.toFixed(2))} CPUs are in use`
  const throttled =
    throttledShare > 0 ? `, and throttled ${Math.round(throttledShare * 100)} % of the time` : ''
  return `${needs}, and more would only share the CPUs: ${used}${throttled}`
}
