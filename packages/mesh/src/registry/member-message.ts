/**
 * Reads what a member tells the registry. Main thread; pure but for ports it closes.
 *
 * The member's thread runs code of others: whatever it posts, nothing may throw here.
 */
import { types } from 'node:util'
import { MessagePort } from 'node:worker_threads'

import type { CircuitState, FromMember } from '../wire/control.ts'
import { CELLS_BYTES } from '../wire/frames.ts'

/**
 * The message, `null` for one that is none of the protocol; a port that came with it is closed then.
 *
 * @param version The newest table there is: nobody can have applied a later one.
 */
export function readMemberMessage(message: unknown, version: number): FromMember | null {
  if (typeof message !== 'object' || message === null) return null
  const fields = message as { readonly [name: string]: unknown }
  const { type, version: applied, to, port, cells, hostname, state } = fields
  if (type === 'applied') return isWhole(applied, version) ? { type, version: applied } : null
  if (type === 'circuit' && typeof hostname === 'string' && isCircuitState(state)) {
    return { type, hostname, state }
  }
  const linked = port instanceof MessagePort
  // Of any realm: runners of tests give code a context with classes of its own.
  const celled = types.isSharedArrayBuffer(cells) && cells.byteLength === CELLS_BYTES
  if (type === 'link' && linked && celled && isWhole(to, Number.MAX_SAFE_INTEGER)) {
    return { type, to, port, cells }
  }
  if (linked) port.close()
  return null
}

function isCircuitState(value: unknown): value is CircuitState {
  return value === 'closed' || value === 'open' || value === 'half-open'
}

function isWhole(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
}
