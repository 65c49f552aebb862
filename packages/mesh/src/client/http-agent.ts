/**
 * An agent for `node:http` whose connections to mesh hosts are in memory. Any thread, client side.
 *
 * Pooling, keep-alive, limits and time-outs are node's own: only the way a connection is made differs.
 * A connection costs no descriptor, and each request on it is balanced anew.
 */
import type { AgentOptions, ClientRequestArgs } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { http } from '../node-http.ts'
import { LoopbackConnections, type LoopbackOptions } from './loopback.ts'

/**
 * For `http.request(url, { agent })`, a `ws` client, axios, got, node-fetch and whatever else takes an
 * `http.Agent`. Mesh hosts are reached through the mesh, also where its globals are not installed; all
 * others over the network.
 */
export class MeshAgent extends http.Agent {
  readonly #connections: LoopbackConnections

  /**
   * @param mesh This thread's membership.
   * @param options Of `http.Agent`; `keepAlive` is on unless it is switched off.
   */
  constructor(mesh: LoopbackOptions, options: AgentOptions = {}) {
    super({ keepAlive: true, ...options })
    this.#connections = new LoopbackConnections(mesh)
  }

  /** Called by node for each connection. */
  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void
  ): Socket {
    const near = this.#connections.connect([options])
    return near ?? (super.createConnection(options, callback) as Socket)
  }
}
