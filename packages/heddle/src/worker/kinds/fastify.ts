/**
 * Fastify instances: how one is made ready without listening, found behind a server, and closed.
 *
 * Runs in worker threads. Fastify itself is never imported; the application brings its own.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'

/** The part of a Fastify instance that is used here. */
export interface FastifyInstance {
  readonly server: Server
  ready(): PromiseLike<unknown>
  close(): PromiseLike<unknown>
}

const instances = new WeakMap<Server, FastifyInstance>()

/**
 * Notes every Fastify instance of this thread from now on. Of one that listens by itself only the server is
 * seen, and closing that would leave out the instance's onClose hooks.
 *
 * @returns What ends it.
 */
export function watchFastify(): () => void {
  subscribe('fastify.initialization', note)
  return () => {
    unsubscribe('fastify.initialization', note)
  }
}

function note(message: unknown): void {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  instances.set(fastify.server, fastify)
}

/** The Fastify instance whose server this is. */
export function findFastify(server: Server): FastifyInstance | null {
  return instances.get(server) ?? null
}
