/**
 * What the two ends of a routed thread tell each other: `routed-thread.ts` on the side that calls `route()`,
 * `wire.ts` on the other. Any thread; values only.
 *
 *     over the port the application gave us              over the door, a port of our own
 *     ask     router ──▶ wired   are you there?          serve      wired ──▶ router
 *     hello   wired ──▶ router   I am                    served     router ──▶ wired
 *     ticket  router ──▶ wired   take your seat          leave      wired ──▶ router
 *                                                        withdrawn  router ──▶ wired
 *                                                        drain      router ──▶ wired
 *                                                        drained    wired ──▶ router
 *                                                        close      router ──▶ wired
 *
 * Either side may be first, and what is sent to a port nobody listens on yet is lost: so both announce
 * themselves, the router again and again, and the ticket, whose ports would be lost with it, is sent only as the answer to a `hello`.
 */
import type { MessagePort } from 'node:worker_threads'

import type { MeshTicket } from '../wire/control.ts'

/** The router asks whether anybody is wired. */
export const ASK = 'heddle.mesh.ask'
/** Somebody is. */
export const HELLO = 'heddle.mesh.hello'
/** Here is its seat. */
export const TICKET = 'heddle.mesh.ticket'

/** Over the application's port. */
export type PortMessage =
  | { readonly type: typeof ASK }
  | { readonly type: typeof HELLO }
  | { readonly type: typeof TICKET; readonly ticket: MeshTicket; readonly door: MessagePort }

/** From the wired thread, over the door. */
export type FromWired =
  /** It can answer, at `address` if that is not null, or (`ready` false) it can no longer. */
  | { readonly type: 'serve'; readonly id: number; readonly ready: boolean; readonly address: string | null }
  /** It wants to go. */
  | { readonly type: 'leave' }
  /** Everything that was in flight when it was asked has been answered. */
  | { readonly type: 'drained'; readonly id: number }

/** To the wired thread, over the door. */
export type ToWired =
  /** Every sender knows of what `serve` said. */
  | { readonly type: 'served'; readonly id: number }
  /** No sender chooses it any more. */
  | { readonly type: 'withdrawn' }
  /**
   * Say when what is in flight for this hostname, or for all, has been answered; cut upgraded connections that
   * are still open after so many milliseconds.
   */
  | {
      readonly type: 'drain'
      readonly id: number
      readonly hostname: string | null
      readonly upgradeMs: number
    }
  /** Finish what is in flight, then leave. */
  | { readonly type: 'close' }

/** What is ours of what arrives at the application's port; `null` for the application's own messages. */
export function ownMessage(message: unknown): PortMessage | null {
  if (typeof message !== 'object' || message === null || !('type' in message)) return null
  const { type } = message
  return type === ASK || type === HELLO || type === TICKET ? (message as PortMessage) : null
}
