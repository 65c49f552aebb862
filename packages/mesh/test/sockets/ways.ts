/**
 * The ways a client of `node:http` reaches the application of these tests: over a real socket, by the mesh's
 * agent and by the connection hook, from another thread and from its own. Test thread.
 */
import { Agent } from 'node:http'

import { MeshAgent } from '../../src/client/http-agent.ts'
import type { Member, Mesh } from '../../src/index.ts'
import { Fleet, type Hand } from '../fixtures/fleet.ts'
import * as here from './application.ts'

/** One way. */
export interface Way {
  readonly name: string
  /** `http://host:port`, without a path. */
  readonly origin: string
  readonly agent: Agent
  readonly member: Member
  /** Calls a function of the application in its thread. */
  call(name: string, ...args: readonly unknown[]): Promise<unknown>
}

/** All of them, and what they are made of. */
export interface Ways {
  readonly fleet: Fleet
  readonly mesh: Mesh
  readonly worker: Hand
  /** Over TCP: what the others are compared with. */
  readonly socket: Way
  /** Through the mesh. */
  readonly meshes: readonly Way[]
  close(): Promise<void>
}

/** An agent of this thread's mesh. */
export function agentOf(mesh: Mesh, options: ConstructorParameters<typeof MeshAgent>[1] = {}): MeshAgent {
  return new MeshAgent({ client: mesh.client, domain: mesh.domain, timeoutMs: 0 }, options)
}

const local: Way['call'] = async (name, ...args) =>
  (here as unknown as { [name: string]: (...args: readonly unknown[]) => unknown })[name]?.(...args)

/** Starts the application in a worker thread and in this one. */
export async function openWays(): Promise<Ways> {
  const undo: (() => unknown)[] = []
  const fleet = new Fleet({ after: step => undo.unshift(step) })
  const worker = await fleet.start('api', '../sockets/application.ts')
  const port = Number(await worker.call('listen'))
  const { mesh, member } = fleet.join('same')
  mesh.serve(here.target)
  mesh.installGlobals()
  await member.publish()
  const agents = [new Agent({ keepAlive: true }), agentOf(mesh), new Agent({ keepAlive: true })] as const
  const there: Way['call'] = (name, ...args) => worker.call(name, ...args)
  const [tcp, own, hooked] = agents
  const other = { origin: 'http://api.heddle.local', member: worker.member, call: there }
  const same = { origin: 'http://same.heddle.local', member, call: local }
  return {
    fleet,
    mesh,
    worker,
    socket: { ...other, name: 'a socket', origin: `http://127.0.0.1:${port}`, agent: tcp },
    meshes: [
      { ...other, name: 'the agent of the mesh', agent: own },
      { ...other, name: 'the connection hook', agent: hooked },
      { ...same, name: 'the agent, in one thread', agent: own },
      { ...same, name: 'the hook, in one thread', agent: hooked }
    ],
    close: async () => {
      for (const agent of agents) agent.destroy()
      for (const step of undo) await step()
    }
  }
}
