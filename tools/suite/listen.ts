/**
 * Turns `listen()` of every node:http server into an edge and a mesh. Runs in the threads of a suite. Servers of
 * node:https, node:http2 and node:net listen as ever.
 */
import { Server } from 'node:http'
import { Server as NetServer } from 'node:net'

import { Opening, listenOfNode, openingOf, recordTraffic } from './opening.ts'

/** Milliseconds a file of tests may take. */
const FILE_MS = 60_000

/** Takes effect for every server that listens from now on. Once per thread. */
export function installSuiteMesh(): void {
  Reflect.set(NetServer.prototype, 'listen', function listen(this: NetServer, ...args: unknown[]): NetServer {
    // A second listen() on one server is node's to refuse.
    if (!(this instanceof Server) || this.listening) return listenOfNode.apply(this, args)
    Opening.of(this, args)
    return this
  })
  // One file of `node --test`: a failed test may leave behind what keeps its process alive for ever.
  if (process.env['NODE_TEST_CONTEXT'] === 'child-v8') setTimeout(() => process.exit(1), FILE_MS).unref()
  follow('closeIdleConnections', opening => opening.edge.closeIdle())
  process.on('exit', recordTraffic)
  follow('closeAllConnections', opening => opening.edge.destroyAll())
}

/** Lets a method of the server speak of the edge's connections too. */
function follow(
  name: 'closeIdleConnections' | 'closeAllConnections',
  then: (opening: Opening) => void
): void {
  const method = Server.prototype[name]
  Reflect.set(
    Server.prototype,
    name,
    {
      [name](this: Server): void {
        method.call(this)
        const opening = openingOf(this)
        if (opening !== undefined) then(opening)
      }
    }[name]
  )
}
