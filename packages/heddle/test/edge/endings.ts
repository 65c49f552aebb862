/**
 * Requests that are made to end in one way or another, with real sockets and threads: what the access log calls it, in
 * which phase, and that it is counted once. Main thread of a test.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'

import type { EndPhase, EndReason } from '../../src/channel/edge-counts.ts'
import type { ResolvedRoute, ResolvedServer } from '../../src/config/resolved.ts'
import { AccessLogFile, type AccessRecord } from './access-log.ts'
import { RawClient, get, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

/** One ending. */
export interface Ending {
  readonly ends: `${EndReason} ${EndPhase}`
  readonly when: string
  readonly server?: Partial<ResolvedServer>
  readonly routes?: readonly ResolvedRoute[]
  /** @default 'api' */
  readonly entrypoint?: string | null
  /** Whether more ends than the request: such an ending has threads of its own, all others share theirs. */
  readonly isLast?: boolean
  /** Status in the log; `null` when the client saw none. */
  readonly status: number | null
  /** Makes the request end; the first and only one that is logged. */
  readonly make: (client: RawClient, stage: Stage) => Promise<unknown>
}

/** A request for a tunnel that echoes. */
export const upgrade: string = get('/ws', 'Connection: Upgrade', 'Upgrade: echo')

/** Half of a request with a body of ten bytes. */
export const upload = (target: string): string => `${request('POST', target, ['Content-Length: 10'])}12345`

/** The head of a request with a body in chunks. */
export const chunked = (target: string): string => request('POST', target, ['Transfer-Encoding: chunked'])

/** A route to an application that is stopped. */
export const nobody: ResolvedRoute = {
  host: null,
  prefix: '/',
  application: 'stopped',
  stripPrefix: false,
  requestTimeout: null
}

/** Takes the worker away, and lets requests wait for it. */
export async function queueing(stage: Stage, queue: { max: number; timeoutMs: number }): Promise<void> {
  await stage.registry.expect('api', { queue })
  await stage.worker('api:0').member.withdraw()
}

/** Resolves when the edge has read what was sent to it, on whichever connection. */
export async function settle(stage: Stage): Promise<void> {
  const other = await RawClient.open(stage.port)
  await other.send('OPTIONS * HTTP/1.0\r\nHost: nowhere.dev\r\n\r\n').rest()
}

/** An edge, its worker and its log, and how many lines that has. */
class Scene {
  readonly #log = new AccessLogFile({ after })
  #stage: Stage | null = null
  #lines = 0

  /** Makes a request end, and returns what is logged of it. */
  async play({ server, routes = [], entrypoint = 'api', make }: Ending): Promise<AccessRecord> {
    this.#stage ??= await openStage({ logger: this.#log.logger })
    const stage = this.#stage
    await stage.configure({
      server: { accessLog: 'json', ...server },
      // What only asks whether the edge has read on is not logged.
      routes: [{ ...nobody, host: 'nowhere.dev', accessLog: false }, ...routes],
      entrypoint
    })
    const client = await RawClient.open(stage.port)
    await make(client, stage)
    const record = await this.#log.record(this.#lines++)
    client.destroy()
    return record
  }

  /** How many have ended so. */
  count(reason: EndReason): number {
    return this.#stage?.counts().ended[reason] ?? 0
  }

  /** Makes good what a request has needed to end. */
  async restore(): Promise<void> {
    await this.#stage?.worker('api:0').member.publish()
    await this.#stage?.registry.forget('api')
  }

  async close(): Promise<void> {
    await this.#stage?.close()
    this.#stage = null
  }
}

/** One test for each. */
export function testEndings(endings: readonly Ending[]): void {
  describe('EdgeServer calls a request', () => {
    let shared = new Scene()
    after(() => shared.close())
    for (const ending of endings) {
      test(`${ending.ends} when ${ending.when}`, async () => {
        if (ending.isLast !== true) {
          try {
            await testEnding(ending, shared)
            await shared.restore()
          } catch (error) {
            // The next one begins afresh.
            await shared.close()
            shared = new Scene()
            throw error
          }
          return
        }
        const own = new Scene()
        try {
          await testEnding(ending, own)
        } finally {
          await own.close()
        }
      })
    }
  })
}

async function testEnding(ending: Ending, scene: Scene): Promise<void> {
  const [reason, phase] = ending.ends.split(' ') as [EndReason, EndPhase]
  const before = scene.count(reason)
  const record = await scene.play(ending)
  assert.deepEqual([record.reason, record.phase, record.status], [reason, phase, ending.status])
  assert.equal(record.client, '127.0.0.1')
  assert.equal(scene.count(reason) - before, 1)
}
