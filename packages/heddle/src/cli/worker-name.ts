/**
 * Reads the name of a worker, as `ps` prints it and as it is typed. Main thread of a command; pure.
 */
import { HeddleError } from '../errors.ts'

/** Where a worker is: its application and its number. */
export interface WorkerPlace {
  readonly id: string
  readonly slot: number
}

/** `api:1` taken apart. @throws HEDDLE_COMMAND_INVALID when it is no name of a worker. */
export function workerNamed(name: string): WorkerPlace {
  const [, id, slot] = /^(.+):(\d{1,4})$/.exec(name) ?? []
  if (id !== undefined && slot !== undefined) return { id, slot: Number(slot) }
  const reason = `a worker is named as ps does, like "${name.split(':')[0] || 'api'}:0", not "${name}"`
  throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
}
