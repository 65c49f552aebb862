/**
 * Times as options give them. Any thread; pure.
 */
import { inspect } from 'node:util'

import { MeshError } from '../errors.ts'

/** Milliseconds a timer of Node.js waits at most, 24.8 days; told to wait longer it does not wait at all. */
const timerMaxMs = 2 ** 31 - 1

/**
 * A time-out as an option gives it: `true` stands for 5000, and 24.8 days for anything longer.
 *
 * @throws MESH_INVALID_OPTION.
 */
export function milliseconds(option: string, given: unknown, otherwise: number): number {
  if (given === undefined || given === null || given === false) return otherwise
  if (given === true) return 5000
  if (typeof given === 'number' && given >= 0) return Math.min(given, timerMaxMs)
  throw new MeshError('MESH_INVALID_OPTION', {
    option,
    offered: inspect(given),
    expected: 'a number of milliseconds'
  })
}
