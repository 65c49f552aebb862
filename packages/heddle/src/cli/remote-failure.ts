/**
 * What a server says went wrong with what a command asked it for. Main thread of a command.
 */
import type { Problem } from '../control/contract.ts'

/** A problem that a server has answered with. Its cause is what was behind it, with the stack it had there. */
export class RemoteFailure extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}
