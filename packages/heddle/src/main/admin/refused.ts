/**
 * A request that is refused for what it is, before anything was done: thrown where that is found out, answered as a
 * problem.
 *
 * Main thread only.
 */
import { plainProblem } from '../../control/failure-status.ts'
import type { Problem } from '../../control/contract.ts'

/** Says with which status a request is refused. */
export class RequestRefused extends Error {
  static {
    this.prototype.name = 'RequestRefused'
  }

  readonly status: number
  /** Headers of the answer beside the usual ones. */
  readonly headers: Readonly<Record<string, string>>

  /** @param message A sentence for people. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }

  get problem(): Problem {
    return plainProblem(this.status, this.message)
  }
}
