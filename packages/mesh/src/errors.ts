/**
 * Every way the mesh can fail, and the one class that says so. Any thread.
 *
 * Callers switch on `error.code`, never on the class or the message: a class does not survive the trip
 * between two threads, a code does.
 */

/** The failures by code, each with its facts. Codes are public: they are added, never renamed. */
export interface MeshFailures {
  /** No application of that name is in the mesh. */
  MESH_UNKNOWN_HOST: { readonly host: string }
  /** The application is known, but none of its workers is ready: all starting, ejected or draining. */
  MESH_NO_UPSTREAM: { readonly host: string }
  /** No worker became ready in the time a request may wait for one. */
  MESH_QUEUE_TIMEOUT: { readonly host: string; readonly afterMs: number }
  /** As many requests as may wait for a worker are waiting already. */
  MESH_QUEUE_FULL: { readonly host: string; readonly max: number }
  /** Too many calls have failed: for so many milliseconds further ones fail at once. */
  MESH_CIRCUIT_OPEN: { readonly from: string; readonly host: string; readonly retryAfterMs: number }
  /** The configuration forbids this caller to reach that application. */
  MESH_DENIED: { readonly from: string; readonly host: string }
  /** The upstream did not begin its response in time. */
  MESH_TIMEOUT: { readonly host: string; readonly worker: string; readonly afterMs: number }
  /** The upstream's thread ended while it had the request; `begun` says whether its code had seen it. */
  MESH_UPSTREAM_LOST: { readonly host: string; readonly worker: string; readonly begun: boolean }
  /** The upstream gave up its response before it was complete. */
  MESH_RESPONSE_ABORTED: { readonly host: string; readonly worker: string; readonly reason: string }
  /** The caller gave up. */
  MESH_REQUEST_ABORTED: { readonly host: string; readonly reason: string }
  /** Something in the request cannot be sent over HTTP: `what` names the part. */
  MESH_INVALID_REQUEST: { readonly what: string; readonly offered: string }
  /** The other thread sent something that is no message of this protocol; its link was cut. */
  MESH_PROTOCOL: { readonly peer: string; readonly what: string }
  /** This thread has left the mesh. */
  MESH_CLOSED: { readonly name: string }
  /** Something is offered to the API that it cannot take. */
  MESH_INVALID_OPTION: { readonly option: string; readonly offered: string; readonly expected: string }
  /** A thread ended before it was ready to answer. */
  MESH_WORKER_EXITED: { readonly host: string; readonly exitCode: number | null }
  /** A thread did not call `wire()`, or had nothing to serve, in time. */
  MESH_WORKER_SILENT: { readonly host: string; readonly afterMs: number; readonly wired: boolean }
}

const messages: { readonly [Code in keyof MeshFailures]: (detail: MeshFailures[Code]) => string } = {
  MESH_UNKNOWN_HOST: ({ host }) => `No application in the mesh answers to ${host}.`,
  MESH_NO_UPSTREAM: ({ host }) => `No worker of ${host} is ready to take a request.`,
  MESH_QUEUE_TIMEOUT: ({ host, afterMs }) =>
    `No worker of ${host} became ready within the ${afterMs} ms a request may wait.`,
  MESH_QUEUE_FULL: ({ host, max }) =>
    `No worker of ${host} is ready, and ${max} requests wait for one already.`,
  MESH_CIRCUIT_OPEN: ({ from, host, retryAfterMs }) =>
    `Too many calls from ${from} to ${host} have failed: further ones fail at once for ${retryAfterMs} ms.`,
  MESH_DENIED: ({ from, host }) => `${from} may not call ${host}.`,
  MESH_TIMEOUT: ({ host, worker, afterMs }) =>
    `${worker} did not begin its response for ${host} within ${afterMs} ms.`,
  MESH_UPSTREAM_LOST: ({ host, worker, begun }) =>
    `${worker} was lost ${begun ? 'while it answered' : 'before it began'} a request for ${host}.`,
  MESH_RESPONSE_ABORTED: ({ host, worker, reason }) =>
    `${worker} broke off its response for ${host}: ${reason}.`,
  MESH_REQUEST_ABORTED: ({ host, reason }) => `The request to ${host} was aborted: ${reason}.`,
  MESH_INVALID_REQUEST: ({ what, offered }) => `The ${what} of the request is not valid: ${offered}.`,
  MESH_PROTOCOL: ({ peer, what }) => `${peer} sent ${what}.`,
  MESH_CLOSED: ({ name }) => `${name} has left the mesh.`,
  MESH_INVALID_OPTION: ({ option, offered, expected }) => `${option} has to be ${expected}; got ${offered}.`,
  MESH_WORKER_EXITED: ({ host, exitCode }) =>
    `A worker of ${host} ended ${exitCode === null ? '' : `with exit code ${exitCode} `}before it was ready.`,
  MESH_WORKER_SILENT: ({ host, afterMs, wired }) =>
    wired
      ? `A worker of ${host} has called wire(), but had no server within ${afterMs} ms.`
      : `A worker of ${host} has not called wire() within ${afterMs} ms.`
}

/**
 * Every worker that could have taken a request declined it (`canAccept`): try again later, or elsewhere.
 * The code is the one callers of undici's thread interceptor know.
 */
export class LoadSheddingError extends Error {
  static {
    this.prototype.name = 'LoadSheddingError'
  }

  readonly code = 'UND_ERR_LOAD_SHEDDING'
  readonly statusCode = 503

  constructor(host: string) {
    super(`Every worker of ${host} declined the request.`)
  }
}

/** A failure of the mesh itself. What an application throws or answers passes through untouched. */
export class MeshError<Code extends keyof MeshFailures = keyof MeshFailures> extends Error {
  static {
    // On the prototype, where Error keeps its own: an own property would show in every logged error.
    this.prototype.name = 'MeshError'
  }

  readonly code: Code
  readonly detail: MeshFailures[Code]

  constructor(code: Code, detail: MeshFailures[Code], options?: ErrorOptions) {
    super(messages[code](detail), options)
    this.code = code
    this.detail = detail
  }
}

/** What was thrown, as an error: code of others throws anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** Throws an error of somebody else's code where nothing of ours is interrupted by it: uncaught, in a later tick. */
export function throwLater(error: unknown): void {
  process.nextTick(throwNow, error)
}

function throwNow(error: unknown): void {
  throw error
}
