/**
 * Watches over responses whose body is under way, for undici's `bodyTimeout`. Any thread, client side.
 *
 * One coarse timer for all of a thread, and only while there is such a response: those that arrive in one
 * frame, most of them, never come here. A piece that arrives sets a flag; the clock is read by the timer.
 * A timeout is therefore told up to 200 ms late, and never early.
 */

/** How often silent responses are looked for, in milliseconds. */
const SWEEP_MS = 100

/** A response whose body is under way. */
export interface StreamingResponse {
  /** Milliseconds without a piece of the body after which the response is given up. Greater than 0. */
  readonly bodyTimeoutMs: number
  /** A piece has arrived since this was last looked at. */
  stirred: boolean
  /** Its handler takes nothing for now: the silence is its own. */
  readonly paused: boolean
  /** When it was last seen to stir. Kept here. */
  quietSinceMs: number
  /** Its place on the list; -1 while it is not on it. Kept here. */
  watchIndex: number
  /** The body is late. It is no longer watched. */
  onBodyTimeout(): void
}

const watched: StreamingResponse[] = []
let sweeper: NodeJS.Timeout | null = null

/** Begins to watch a response. */
export function watchBody(response: StreamingResponse): void {
  response.stirred = true
  response.watchIndex = watched.push(response) - 1
  if (sweeper !== null) return
  sweeper = setInterval(sweep, SWEEP_MS)
  sweeper.unref()
}

/** Ends the watch over a response, if there is one. */
export function unwatchBody(response: StreamingResponse): void {
  const { watchIndex } = response
  if (watchIndex === -1) return
  response.watchIndex = -1
  const last = watched.pop()
  if (last === undefined || last === response) return
  watched[watchIndex] = last
  last.watchIndex = watchIndex
}

function sweep(): void {
  const nowMs = performance.now()
  // From behind: one that leaves has its place taken by the last, which has been looked at.
  for (let index = watched.length - 1; index >= 0; index--) {
    const response = watched[index]
    if (response === undefined) continue
    if (response.stirred || response.paused) {
      response.stirred = false
      response.quietSinceMs = nowMs
    } else if (nowMs - response.quietSinceMs >= response.bodyTimeoutMs) {
      unwatchBody(response)
      response.onBodyTimeout()
    }
  }
  if (watched.length > 0 || sweeper === null) return
  clearInterval(sweeper)
  sweeper = null
}
