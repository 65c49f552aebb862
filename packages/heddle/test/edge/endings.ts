/**
 * Requests that are made to end in one way or another, with real sockets and threads: what the access log calls it, in
 * which phase, and that it is counted once. Main thread of a test.
 */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import type { EndPhase, EndReason } from '../../src/channel/edge-counts.ts'
import type { ResolvedRoute } from '../../src/config/resolved.ts'
import { AccessLogFile } from './access-log.ts'
import { RawClient, get, request } from './raw-client.ts'
import { openStage, type Stage, type StageOptions } from './stage.ts'

/** One ending. */
export interface Ending {
  readonly ends: `${EndReason} ${EndPhase}`
  readonly when: string
  readonly options?: StageOptions
  /** Status in the log; `null` when the client saw none. */
  readonly status: number | null
  /** Makes the request end; the first and only one of its connection. */
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

/** One test for each. */
export function testEndings(endings: readonly Ending[]): void {
  describe('EdgeServer calls a request', () => {
    for (const ending of endings) test(`${ending.ends} when ${ending.when}`, t => testEnding(t, ending))
  })
}

async function testEnding(t: TestContext, { ends, options, status, make }: Ending): Promise<void> {
  const log = new AccessLogFile(t)
  const server = { accessLog: 'json', ...options?.server } as const
  // What only asks whether the edge has read on is not logged.
  const routes = [{ ...nobody, host: 'nowhere.dev', accessLog: false as const }, ...(options?.routes ?? [])]
  const stage = await openStage({ ...options, routes, server, logger: log.logger })
  t.after(() => stage.close())
  const client = await RawClient.open(stage.port)
  const before = stage.counts()
  await make(client, stage)
  const record = await log.only()
  client.destroy()
  const [reason = '', phase] = ends.split(' ')
  assert.deepEqual([record.reason, record.phase, record.status], [reason, phase, status])
  assert.equal(record.client, '127.0.0.1')
  const counts = stage.counts()
  assert.equal(counts.ended[reason as EndReason] - before.ended[reason as EndReason], 1)
}
