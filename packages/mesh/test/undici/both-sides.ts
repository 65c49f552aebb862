/**
 * One application, reached by undici in two ways: in a worker thread through the mesh, and in a worker
 * thread through a socket. What a test sees on one side it has to see on the other.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Agent, type Dispatcher } from 'undici'
import { Agent as Agent7 } from 'undici7'

import { MeshDispatcher, type DispatcherLike } from '../../src/client/dispatcher.ts'
import { Fleet, Hand, type Undoing } from '../fixtures/fleet.ts'

/** One way to the application. */
export interface Side {
  readonly name: 'the mesh' | 'a socket'
  /** `http://…`, without a slash at its end. */
  readonly origin: string
  readonly dispatcher: Dispatcher
  /** The same for the functions of undici 7. */
  readonly dispatcher7: Dispatcher
  /** Calls a function of the fixture. */
  call(name: string, ...args: readonly unknown[]): Promise<unknown>
}

/** Both ways to a fixture. */
export interface Both {
  readonly mesh: Side
  readonly socket: Side
}

/** Starts a fixture twice. */
export async function start(
  undoing: Undoing,
  fixture: string,
  agentOptions: Agent.Options = {}
): Promise<Both> {
  const agent = new Agent(agentOptions)
  const agent7 = new Agent7(agentOptions as object)
  undoing.after(() => Promise.all([agent.destroy(), agent7.destroy()]))
  const fleet = new Fleet(undoing)
  const { mesh } = fleet.join()
  const hand = await fleet.start('app', fixture)
  const { port, hand: listening } = await listen(undoing, fixture)
  const dispatcher = new MeshDispatcher({
    client: mesh.client,
    domain: mesh.domain,
    timeoutMs: 0,
    next: () => agent as unknown as DispatcherLike
  })
  return {
    mesh: {
      name: 'the mesh',
      origin: 'http://app.heddle.local',
      dispatcher: dispatcher as unknown as Dispatcher,
      dispatcher7: dispatcher as unknown as Dispatcher,
      call: (name, ...args) => hand.call(name, ...args)
    },
    socket: {
      name: 'a socket',
      origin: `http://127.0.0.1:${port}`,
      dispatcher: agent,
      dispatcher7: agent7 as unknown as Dispatcher,
      call: (name, ...args) => listening.call(name, ...args)
    }
  }
}

async function listen(undoing: Undoing, fixture: string): Promise<{ port: number; hand: Hand }> {
  const worker = new Worker(new URL('listening-thread.ts', import.meta.url), {
    workerData: { fixture: new URL(fixture, new URL('../fixtures/', import.meta.url)).href }
  })
  undoing.after(() => worker.terminate())
  const hand = new Hand(null as never, worker)
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }]
  return { port, hand }
}

/** A test that has to see the same on both sides; returns nothing else than what is compared. */
export function same(name: string, both: () => Both, run: (side: Side, t: TestContext) => unknown): void {
  test(`${name}, as over a socket`, async t => {
    const expected = await run(both().socket, t)
    assert.notEqual(expected, undefined)
    assert.deepEqual(await run(both().mesh, t), expected)
  })
}

/** What became of a promise: its value, or how it failed, without what differs between any two runs. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await promise }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    const { name, code } = error as Error & { code?: unknown }
    return { name, code }
  }
}
