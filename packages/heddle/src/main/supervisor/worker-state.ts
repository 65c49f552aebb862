/**
 * The life of one thread, as the main thread knows it. The only place where the legal moves are.
 *
 *     starting ──▶ ready ⇄ ejected ──▶ draining ──▶ stopping ──▶ exited
 *                                                       any ──▶ zombie ──▶ exited
 *
 * Pure. `ejected`: alive, but gets no requests. `zombie`: outlived its deadline, stuck in native code.
 */
import type { ThreadState } from '../../events.ts'

const next: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  starting: ['ready', 'stopping', 'exited', 'zombie'],
  ready: ['ejected', 'draining', 'stopping', 'exited', 'zombie'],
  ejected: ['ready', 'draining', 'stopping', 'exited', 'zombie'],
  draining: ['stopping', 'exited', 'zombie'],
  stopping: ['exited', 'zombie'],
  // The native call returned at last, and the termination that was asked for long ago took effect.
  zombie: ['exited'],
  exited: []
}

/** Whether a thread in state `from` may become `to`. */
export function canBecome(from: ThreadState, to: ThreadState): boolean {
  return next[from].includes(to)
}
