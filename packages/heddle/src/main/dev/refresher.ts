/**
 * Starts applications anew when they have changed, one attempt at a time for each: what runs answers until the new one
 * is ready, and goes on when that does not come up. A change in the middle of an attempt gives it up for the next one:
 * the last state of the files wins.
 *
 * Main thread only. How a worker is started and replaced is the business of whoever fits {@link Refreshed}.
 */
import type { Announce, HeddleEvents } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'

/** The applications, as far as they are needed here. */
export interface Refreshed {
  /** Whether workers of it are meant to run; `null` when there is no such application. */
  isRunning(id: string): boolean | null
  /** How many of its workers answer. */
  ready(id: string): number
  /** Starts one that does not run. Rejects with what went wrong. */
  start(id: string): Promise<unknown>
  /** Puts fresh workers in the place of those that run. Rejects with what went wrong; the old ones stay then. */
  replace(id: string): Promise<unknown>
  /** Ends its threads that are starting, and soon those that finish what they have: nobody waits for them any more. */
  hurry(id: string): void
}

/** What it is made of. */
export interface RefresherOptions {
  readonly clock: Clock
  readonly announce: Announce
  readonly applications: Refreshed
  /** Called before an attempt, and with its outcome once it is known and no other follows at once. */
  readonly onAttempt: (id: string) => void
  readonly onOutcome: (id: string, isWell: boolean) => void
}

/** So many files are named in an event. */
const namesMax = 20

interface State {
  /** What has changed since the last attempt began; `null` for nothing. */
  pending: Set<string> | null
  /** When the first of these changes was noticed. */
  since: number
  attempt: Promise<void> | null
  /** What was told of it last. */
  broken: Error | null
}

/** The applications of one server. */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #states = new Map<string, State>()
  #isClosed = false

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /** The first attempt. Resolves when it is over, whatever comes of it. */
  async boot(id: string): Promise<void> {
    const state = this.#state(id)
    state.attempt ??= this.#run(id, state, () => this.#options.applications.start(id))
    await state.attempt
  }

  /**
   * Starts an application anew, at once or when the attempt under way has been given up. One that an operator has
   * stopped stays so.
   *
   * @param files What has changed, as it is to be told; none when somebody has asked.
   */
  request(id: string, files: readonly string[]): void {
    if (this.#isClosed) return
    const { clock, applications } = this.#options
    const state = this.#state(id)
    if (state.attempt === null && applications.isRunning(id) !== true && state.broken === null) return
    if (state.pending === null) state.since = clock.now()
    state.pending = new Set([...(state.pending ?? []), ...files])
    // Whoever is on the way, in or out, only holds this change up.
    applications.hurry(id)
    state.attempt ??= this.#run(id, state, null)
  }

  isBroken(id: string): boolean {
    return this.#states.get(id)?.broken != null
  }

  /** It is no longer known. */
  forget(id: string): void {
    this.#states.delete(id)
  }

  /** A worker that nobody has asked for did not start, or did. */
  note(id: string, error: Error | null): void {
    const state = this.#state(id)
    if (state.attempt === null && !this.#isClosed) this.#tell(id, state, error)
  }

  /** No attempt begins any more. */
  close(): void {
    this.#isClosed = true
  }

  async #run(id: string, state: State, first: (() => Promise<unknown>) | null): Promise<void> {
    const { clock, announce, applications, onAttempt, onOutcome } = this.#options
    for (let begin = first; begin !== null || state.pending !== null; begin = null) {
      const isBoot = begin !== null
      if (!isBoot) announce('application:changed', toldFiles(id, state.pending ?? new Set()))
      state.pending = null
      onAttempt(id)
      const isRunning = applications.isRunning(id)
      const act = begin ?? (() => (isRunning === true ? applications.replace(id) : applications.start(id)))
      // oxlint-disable-next-line no-await-in-loop -- One attempt after the other.
      const error = await errorOf(act)
      // What comes of an attempt that was given up says nothing.
      if (state.pending !== null && !this.#isClosed) continue
      state.pending = null
      if (this.#isClosed || applications.isRunning(id) === null) break
      onOutcome(id, error === null)
      if (error === null && !isBoot) {
        announce('application:updated', { application: id, updateMs: Math.round(clock.now() - state.since) })
      }
      this.#tell(id, state, error)
    }
    state.attempt = null
  }

  #tell(id: string, state: State, error: Error | null): void {
    const { announce, applications } = this.#options
    const before = state.broken
    state.broken = error
    if (error !== null) {
      announce('application:broken', { application: id, error, isAnswering: applications.ready(id) > 0 })
    } else if (before !== null) announce('application:mended', { application: id })
  }

  #state(id: string): State {
    const known = this.#states.get(id)
    if (known !== undefined) return known
    const fresh: State = { pending: null, since: 0, attempt: null, broken: null }
    this.#states.set(id, fresh)
    return fresh
  }
}

async function errorOf(act: () => Promise<unknown>): Promise<Error | null> {
  try {
    await act()
    return null
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown))
  }
}

function toldFiles(application: string, files: ReadonlySet<string>): HeddleEvents['application:changed'] {
  return { application, files: [...files].slice(0, namesMax), count: files.size }
}
