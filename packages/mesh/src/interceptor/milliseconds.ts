/**
 * Times as options give them. Any thread; pure.
 */
import { inspect } from 'node:util'

import { MeshError } from '../errors.ts'

/**
 * A time-out as an option gives it: `true` stands for 5000.
 *
 * @throws MESH_INVALID_OPTION.
 */
export function milliseconds(option: string, given: unknown, otherwise: number): number {
  if (given === undefined || given === null || given === false) return otherwise
  if (given === true) return 5000
  if (typeof given === 'number' && given >= 0) return given
  throw new MeshError('MESH_INVALID_OPTION', {
    option,
    offered: inspect(given),
    expected: 'a number of milliseconds'
  })
}
