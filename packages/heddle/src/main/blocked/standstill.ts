/**
 * When a worker counts as blocked, and when that is said.
 *
 * Main thread only. Pure: one look at a heartbeat, and what follows from it.
 */

/** A worker whose event loop stands. Milliseconds. */
export interface Standstill {
  /** When its last heartbeat was. */
  readonly since: number
  /** When it was told of last. */
  readonly toldAt: number
}

/** One look at a worker. Milliseconds. */
export interface Look {
  readonly now: number
  /** Since the last heartbeat. */
  readonly ageMs: number
  /** A loop that stands for longer is told of. */
  readonly limitMs: number
  /** When it was looked at before. */
  readonly lastLookAt: number
}

/**
 * What follows from a look. `blocked`: to be told, for the first time or again. `unblocked`: it turns again, after
 * having stood for so long.
 */
export type Verdict =
  | { readonly type: 'nothing' }
  | { readonly type: 'blocked'; readonly standstill: Standstill; readonly blockedMs: number }
  | { readonly type: 'unblocked'; readonly blockedMs: number }

/** Milliseconds after which a worker that is still blocked is told of again. */
export const againMs = 30_000

/** Milliseconds between two heartbeats (`HEARTBEAT_MS` of the mesh). */
const beatMs = 100

/** Milliseconds by which two readings of the same heartbeat may differ: it is written in whole ones, and so is its age. */
const errorMs = 5

/**
 * Judges one look.
 *
 * @param known What is known of a worker that stands; `null` when it turned at the last look.
 */
export function judge(known: Standstill | null, { now, ageMs, limitMs, lastLookAt }: Look): Verdict {
  const beatAt = now - ageMs
  if (known !== null && beatAt > known.since + errorMs) {
    // Heartbeats since the last look hide the first of them, which was the end of the block.
    const turnedAt = beatAt - beatMs * Math.floor(Math.max(0, beatAt - lastLookAt) / beatMs)
    return { type: 'unblocked', blockedMs: Math.round(Math.max(turnedAt - known.since, 0)) }
  }
  if (known === null && ageMs < limitMs) return { type: 'nothing' }
  if (known !== null && now - known.toldAt < againMs) return { type: 'nothing' }
  const standstill = { since: known?.since ?? beatAt, toldAt: now }
  return { type: 'blocked', standstill, blockedMs: Math.round(ageMs) }
}

/**
 * Whether a look says something about the workers: after a pause of the main thread itself, because the machine
 * slept or the process was stopped, their heartbeats are as old as its own. The next look will.
 */
export function isTrusted(sinceLastLookMs: number, lookMs: number, wasTrusted: boolean): boolean {
  return !wasTrusted || sinceLastLookMs < lookMs + pauseMs
}

/** Milliseconds a look may be late before that says more about this thread than about the others. */
const pauseMs = 500
