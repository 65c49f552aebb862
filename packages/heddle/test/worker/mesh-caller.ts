/**
 * Calls workers through the mesh with plain `fetch`, from the thread of the tests.
 *
 * One mesh for all tests of a file, since its way into global `fetch` is installed once per thread. Each worker
 * has a host name of its own.
 */
import { after } from 'node:test'
import type { TestContext } from 'node:test'

import { Registry, joinMesh } from '@heddle/mesh'

import { startWorker } from './worker-harness.ts'
import type { Running, StartOptions } from './worker-harness.ts'

/** What a worker answered. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** A worker that opens no port, and a way to reach it. */
export interface MeshRunning extends Running {
  readonly registry: Registry
  /** Sends a GET, or a POST when there is a body, and reads the whole answer. */
  call(path: string, body?: string | ReadableStream<Uint8Array>): Promise<Answer>
}

const registry = new Registry({ domain: '.heddle.local', timeout: 60_000 })
const mesh = joinMesh(registry.admit({ name: 'test', hostname: null }).ticket)
mesh.installGlobals()
after(() => {
  mesh.leave()
  registry.close()
})

let started = 0

/** Starts a worker in the mesh that is published when its `ready` is taken. */
export function startInMesh(
  t: TestContext,
  entry: string,
  options: Pick<StartOptions, 'boot' | 'env'> = {}
): MeshRunning {
  const hostname = `application-${started++}`
  const running = startWorker(t, entry, { ...options, registry, hostname })
  return {
    ...running,
    registry,
    next: async type => {
      const message = await running.next(type)
      if (message.type === 'ready') await running.member.publish()
      return message
    },
    call: async (path, body) => {
      const init = body === undefined ? {} : { method: 'POST', body, headers, duplex: 'half' }
      const response = await fetch(`http://${hostname}.heddle.local${path}`, init)
      return { status: response.status, text: await response.text() }
    }
  }
}

const headers = { 'content-type': 'application/octet-stream' }
