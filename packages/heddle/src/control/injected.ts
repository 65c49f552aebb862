/**
 * A request that is sent into an application by hand, and what it answers: for whoever asks for it, and who sends it.
 *
 * Types only, for any thread.
 */

/** A request that is sent into an application. */
export interface InjectedRequest {
  /** @default 'GET' */
  readonly method?: string
  /** Path and query, beginning with a slash. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Up to 10 MB. */
  readonly body?: Uint8Array
  /** The number of the worker that is to answer, also one that is out of balancing; any that takes requests without it. */
  readonly worker?: number
  /**
   * Milliseconds the whole answer may take.
   *
   * @default 30_000
   */
  readonly timeoutMs?: number
}

/** What an application answered to an {@link InjectedRequest}. */
export interface InjectedAnswer {
  readonly status: number
  /** Name and value of each header line, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Whether that is all of the body: false when its time was over before its end, as with a stream of events. */
  readonly complete: boolean
  /** Milliseconds from sending to the end of the answer. */
  readonly durationMs: number
  /** Name of the worker that answered, `application:slot`. */
  readonly worker: string
}
