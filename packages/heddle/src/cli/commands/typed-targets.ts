/** Reads the targets among options. Main thread of a command; pure. */
import { HeddleError } from '../../errors.ts'
import type { Target } from '../load-test/targets.ts'
import type { Typed } from '../program.ts'
import { typedNumber } from '../typed-number.ts'

/** The targets that were typed. @throws HEDDLE_COMMAND_INVALID */
export function typedTargets(typed: Typed): readonly Target[] {
  const numbers = (['p50', 'p90', 'p99', 'p999', 'rps'] as const).flatMap(name => {
    const limit = typedNumber(typed, name, { min: 0, max: 1e9, isFraction: true })
    return limit === undefined ? [] : [{ name, limit }]
  })
  return [...numbers, ...typedErrors(typed)]
}

/** `3`, or a part of all requests: `0.1%`. */
function typedErrors(typed: Typed): readonly Target[] {
  const text = typed.options['errors']
  if (typeof text !== 'string') return []
  const [, part] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (part !== undefined && Number(part) <= 100)
    return [{ name: 'errors', limit: Number(part) / 100, isShare: true }]
  if (/^\d+$/.test(text)) return [{ name: 'errors', limit: Number(text) }]
  const reason = `--errors has to be a whole number, or a part such as 0.1%, not "${text}"`
  throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
}
