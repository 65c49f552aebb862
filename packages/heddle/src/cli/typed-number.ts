/** Reads the numbers among options. Main thread of a command; pure. */
import { HeddleError } from '../errors.ts'
import type { Typed } from './program.ts'

/** What a number may be. */
export interface NumberLimits {
  readonly min: number
  readonly max: number
  /** Whether it may have a fraction. Defaults to false. */
  readonly isFraction?: boolean
}

/** The number typed for an option; `undefined` when none was. @throws HEDDLE_COMMAND_INVALID */
export function typedNumber(
  { options }: Typed,
  name: string,
  { min, max, isFraction = false }: NumberLimits
): number | undefined {
  const text = options[name]
  if (typeof text !== 'string') return undefined
  const pattern = isFraction ? /^\d+(?:\.\d+)?$/ : /^\d+$/
  const value = pattern.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  const kind = isFraction ? 'a number' : 'a whole number'
  throw new HeddleError('HEDDLE_COMMAND_INVALID', {
    reason: `--${name} has to be ${kind} from ${min} to ${max}, not "${text}"`
  })
}
