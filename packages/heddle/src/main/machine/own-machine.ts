/**
 * The machine this process runs on.
 *
 * Main thread only.
 */
import { MachineReader } from '../../config/machine/machine-use.ts'
import type { MachineSource } from './guarded.ts'

/** Reads it for the first time. */
export function ownMachine(): MachineSource {
  return new MachineReader()
}
