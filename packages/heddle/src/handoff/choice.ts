/**
 * Chooses the worker a connection is handed to: the one with the fewest among those that are ready and turn. Ties
 * go in turn. Acceptor thread; pure.
 */

/** A worker as the choice sees it. */
export interface Candidate {
  /** Whether it takes requests, by the scoreboard. */
  isReady(): boolean
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  /** Connections it has, or has been offered. */
  connections(): number
}

/** Milliseconds after which an event loop that does not turn counts as blocked: five heartbeats, as senders have it. */
export const staleMs = 500

/** Whether connections may go to a worker now, and offers it has not taken may stay with it. */
export function takesConnections(candidate: Candidate): boolean {
  return candidate.isReady() && candidate.heartbeatAge() <= staleMs
}

/**
 * The worker for the next connection; `null` when none takes any.
 *
 * @param turn Where the look around begins: one more for each connection.
 */
export function chooseWorker<Worker extends Candidate>(
  workers: readonly Worker[],
  turn: number
): Worker | null {
  let best: Worker | null = null
  let fewest = Infinity
  for (let step = 0; step < workers.length; step++) {
    const worker = workers[(turn + step) % workers.length]
    if (worker === undefined || !takesConnections(worker)) continue
    const connections = worker.connections()
    if (connections >= fewest) continue
    best = worker
    fewest = connections
  }
  return best
}
