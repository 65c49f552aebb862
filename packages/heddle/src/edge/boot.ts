/**
 * Where an edge thread begins. It joins the mesh as a caller, obeys the main thread, and runs nothing
 * but Heddle's own code.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { joinMesh } from '@heddle/mesh'

import { ThreadLog } from '../channel/log-thread.ts'
import type { EdgeBoot, FromEdge, ToEdge } from '../channel/messages.ts'
import { tellOpening } from '../channel/opening.ts'
import { EdgeServer } from './edge-server.ts'

const boot = workerData as EdgeBoot
const main = parentPort
if (main === null) throw new Error('The edge runs in a thread of Heddle.')

// Many requests come from sockets within one turn of the event loop: they leave together.
const mesh = joinMesh(boot.ticket, { flush: 'turn' })
// Nobody's requests wait for the reader of a log.
const log = new ThreadLog(boot.logger, { worker: boot.name }, { whenFull: 'later', gathers: true })
process.once('exit', () => log.flush())
const server = new EdgeServer(boot, mesh.client, {
  write: line => log.writeAsked(line),
  writeText: (text, line) => log.writeText(text, line)
})

main.on('message', (message: ToEdge) => {
  switch (message.type) {
    case 'listen':
      tellOpening(server.listen(message.port), tell)
      break
    case 'stage-listener':
      tellOpening(server.stageListener(message.hostname, message.port), tell)
      break
    case 'settle-listener':
      void server.settleListener(message.keep).then(() => tell({ type: 'settled' }))
      break
    case 'configure':
      server.configure(message.settings)
      tell({ type: 'configured' })
      break
    case 'conditions':
      server.failures?.update(message.conditions)
      break
    case 'drain':
      server.drain()
      break
    case 'close':
      void close(message.timeoutMs)
      break
    case 'cut':
      server.cut()
      break
    default:
      message satisfies never
  }
})
tell({ type: 'started' })

async function close(timeoutMs: number): Promise<void> {
  await server.close(timeoutMs)
  log.flush()
  tell({ type: 'closed' })
}

function tell(message: FromEdge): void {
  main?.postMessage(message)
}
