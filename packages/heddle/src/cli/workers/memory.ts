/**
 * The memory of the machine in a few words, for `ps` and `top`.
 *
 * Main thread of a command; pure.
 */
import type { StatusReport } from '../../main/admin/report.ts'
import { share, size } from '../terminal/amounts.ts'
import type { Dress } from './columns.ts'

/** From this part in use on it is told in red. */
const full = 0.9

/** Percent of the time in which something waited for memory, from which on that is said. */
const scarce = 10

/** `memory 1.2 GB of 4.0 GB (container)`; in red when it is nearly full. */
export function memoryText(machine: StatusReport['machine'], dress: Dress): string {
  const { memoryLimit, memoryLimited, memoryUsed, memoryPressure } = machine
  const owner = memoryLimited ? ' (container)' : ''
  const text = `memory ${size(memoryUsed)} of ${size(memoryLimit)}${owner}`
  const isFull = memoryLimit > 0 && memoryUsed / memoryLimit >= full
  const waits =
    memoryPressure === null || memoryPressure < scarce
      ? ''
      : `, ${dress('red', `waited for ${share(memoryPressure / 100)} of the time`)}`
  return `${isFull ? dress('red', text) : text}${waits}`
}
