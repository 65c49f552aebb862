/**
 * The upgraded connections of an edge, and their way out when their worker, or the whole server, goes. Edge
 * thread.
 *
 * That a worker drains, and how long it may, is in the scoreboard: the edge looks there and is told by nobody. One
 * that may as long as it likes keeps its connections.
 * Clients of WebSockets are sent Close frames, spread over that time (`farewell.ts`); what is left at its end
 * is cut, whatever its protocol.
 */
import type { Connection, Upstream } from '@heddle/mesh/internal'

import { dueBy, spreadOf } from '../shared/farewell.ts'

/** How often the scoreboard is looked at, in milliseconds, while there are upgraded connections. */
const LOOK_MS = 100

/** What is asked of the scoreboard. */
export interface DrainBoard {
  isDraining(record: number, generation: number): boolean
  /** Milliseconds a draining member may still take; `null` when nobody has said. */
  drainLeft(record: number): number | null
}

/** Why connections go, as a Close frame says it (RFC 6455, section 7.4.1). */
interface Cause {
  readonly code: number
  readonly reason: string
}

const workerGoes: Cause = { code: 1012, reason: 'service restart' }
const serverGoes: Cause = { code: 1001, reason: 'going away' }

/** The way out of the connections to one worker. Times on this thread's clock. */
interface Exit {
  readonly cause: Cause
  readonly beganMs: number
  readonly spreadMs: number
  /** When what is left is cut. */
  readonly cutMs: number
  /** In the order in which they are sent away. */
  readonly leaving: Connection[]
  /** How many of them have been. */
  told: number
}

/** The connections to one worker. */
interface Group {
  readonly upstream: Upstream
  readonly connections: Set<Connection>
  exit: Exit | null
}

/** All upgraded connections. */
export class Tunnels {
  readonly #board: DrainBoard
  /** By the upstream's id. */
  readonly #groups = new Map<number, Group>()
  #timer: NodeJS.Timeout | null = null
  /** When all have to be gone, from the moment on at which the server stops. */
  #closesBy: number | null = null

  constructor(board: DrainBoard) {
    this.#board = board
  }

  /** Takes in a connection that was upgraded. */
  add(connection: Connection): void {
    const { upstream } = connection
    if (upstream === null) return
    const group = this.#groups.get(upstream.id) ?? { upstream, connections: new Set(), exit: null }
    this.#groups.set(upstream.id, group)
    group.connections.add(connection)
    // Its request was under way when the others began to leave.
    group.exit?.leaving.push(connection)
    this.#timer ??= setInterval(() => this.look(performance.now()), LOOK_MS).unref()
  }

  /** It is closed. */
  delete(connection: Connection): void {
    for (const [id, group] of this.#groups) {
      if (group.connections.delete(connection) && group.connections.size === 0) this.#groups.delete(id)
    }
    if (this.#groups.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  /** Sends all away within so many milliseconds, and cuts what is left then. */
  leave(withinMs: number): void {
    const now = performance.now()
    this.#closesBy = now + withinMs
    for (const group of this.#groups.values()) group.exit = null
    this.look(now)
  }

  /** Looks who drains, and sends away who is due. */
  look(nowMs: number): void {
    for (const group of this.#groups.values()) {
      group.exit = this.#exitOf(group, nowMs)
      if (group.exit !== null) sendAway(group, group.exit, nowMs)
    }
  }

  #exitOf({ upstream, connections, exit }: Group, nowMs: number): Exit | null {
    const isStopping = this.#closesBy !== null
    if (!isStopping && !this.#board.isDraining(upstream.record, upstream.generation)) return null
    if (exit !== null) return exit
    const cutMs = this.#deadline(upstream, nowMs)
    if (cutMs === null) return null
    return {
      cause: isStopping ? serverGoes : workerGoes,
      beganMs: nowMs,
      spreadMs: spreadOf(cutMs - nowMs),
      cutMs,
      leaving: [...connections],
      told: 0
    }
  }

  #deadline({ record }: Upstream, nowMs: number): number | null {
    if (this.#closesBy !== null) return this.#closesBy
    const leftMs = this.#board.drainLeft(record)
    // A little before the end: whoever waits for the last to finish sees that they have.
    return leftMs === null ? null : nowMs + leftMs - Math.min(2 * LOOK_MS, leftMs * 0.1)
  }
}

function sendAway(group: Group, exit: Exit, nowMs: number): void {
  const { cause, leaving, beganMs, spreadMs, cutMs } = exit
  const due = dueBy(nowMs - beganMs, { count: leaving.length, spreadMs })
  for (; exit.told < due; exit.told++) leaving[exit.told]?.leave(cause.code, cause.reason)
  if (nowMs >= cutMs) for (const connection of [...group.connections]) connection.destroy()
}
