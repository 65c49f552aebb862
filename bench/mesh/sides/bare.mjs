/**
 * Nobody: workers that load what the others load and have a server, but no way to each other. What they take is
 * what the others must not be charged for.
 */
import { createServer } from 'node:http'

import { Agent } from 'undici'

/** Main thread. */
export async function open() {
  return { seat: () => ({ data: {} }), urlOf: () => '', connect: null }
}

/** Worker. */
export async function join(_seat, application) {
  const kept = [new Agent(), createServer(application.listener)]
  return { connect: null, told: kept.length }
}
