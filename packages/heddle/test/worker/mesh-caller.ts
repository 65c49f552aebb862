/**
 * Calls a worker through the mesh as an edge thread does, from the thread of the tests.
 */
import type { TestContext } from 'node:test'

import { Registry, joinMesh } from '@heddle/mesh'
import type { Mesh } from '@heddle/mesh'

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
  call(path: string, body?: Uint8Array): Promise<Answer>
}

/** Starts a worker in the mesh, waits until it is ready, and publishes it. */
export async function startInMesh(
  t: TestContext,
  entry: string,
  options: Pick<StartOptions, 'boot' | 'env'> = {}
): Promise<MeshRunning> {
  const registry = new Registry({ domain: '.heddle.local' })
  const admission = registry.admit({ name: 'test', hostname: null })
  const mesh = joinMesh(admission.ticket)
  t.after(() => {
    mesh.leave()
    registry.close()
  })
  const running = startWorker(t, entry, { ...options, registry })
  return {
    ...running,
    registry,
    next: async type => {
      const message = await running.next(type)
      if (message.type === 'ready') await running.member.publish()
      return message
    },
    call: (path, body) => call(mesh, path, body)
  }
}

const bytesFlag = 3

function call(mesh: Mesh, path: string, body?: Uint8Array): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const chunks: Buffer[] = []
  let status = 0
  const done = (): void => resolve({ status, text: Buffer.concat(chunks).toString() })
  const take = (flags: number, field: string | Uint8Array | null): number => {
    if (field === null) return 0
    const bytes =
      typeof field === 'string'
        ? Buffer.from(field, (flags & 3) === 1 ? 'utf8' : 'latin1')
        : Buffer.from(field)
    chunks.push(bytes)
    return bytes.length
  }
  const length = body === undefined ? '' : `content-length: ${body.length}\r\n`
  const exchange = mesh.client.send(
    {
      hostname: 'application',
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: `host: application.heddle.local\r\ncontent-type: application/octet-stream\r\n${length}`,
      flags: body === undefined ? 0 : bytesFlag,
      body: body ?? null,
      peer: null,
      timeoutMs: 0,
      idempotent: body === undefined
    },
    {
      onInformation: () => {},
      onHead: (...[code, , , flags, field]) => {
        status = code
        exchange.consumed(take(flags, field))
        if ((flags & 4) === 0) done()
      },
      onData: (flags, field) => exchange.consumed(take(flags, field)),
      onEnd: done,
      onError: reject,
      onWritable: () => {}
    }
  )
  return promise
}
