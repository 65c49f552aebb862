/**
 * Entry file of the acceptor thread (`#handoff`): joins the mesh for its scoreboard, makes the acceptor, obeys the
 * main thread. It never runs the code of an application; its other half is the edge handle in the main thread.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { joinMesh } from '@heddle/mesh'
import { Scoreboard } from '@heddle/mesh/internal'

import { toErrorFacts } from '../channel/error-facts.ts'
import type { AcceptorBoot, ToAcceptor } from '../channel/handoff.ts'
import type { FromEdge } from '../channel/messages.ts'
import { tellOpening } from '../channel/opening.ts'
import { HeddleError } from '../errors.ts'
import { systemClock } from '../shared/clock.ts'
import { Acceptor } from './acceptor.ts'
import { findDescriptors } from './descriptors.ts'

const boot = workerData as AcceptorBoot
const main = parentPort
if (main === null) throw new Error('The acceptor runs in a thread of Heddle.')

// It calls nobody: what it wants is its own heartbeat, and everybody's state.
joinMesh(boot.ticket)
const descriptors = findDescriptors(boot.root)
if (descriptors === null) {
  const unavailable = new HeddleError('HEDDLE_HANDOFF_UNAVAILABLE', {
    node: process.version,
    platform: process.platform
  })
  tell({ type: 'failed', error: toErrorFacts(unavailable) })
  process.exit(1)
} else {
  const scoreboard = new Scoreboard(boot.ticket.scoreboard)
  const { server, queue } = boot
  const acceptor = new Acceptor({ server, queue, scoreboard, descriptors, clock: systemClock })
  main.on('message', (message: ToAcceptor) => obey(acceptor, message))
  tell({ type: 'started' })
}

function obey(acceptor: Acceptor, message: ToAcceptor): void {
  switch (message.type) {
    case 'listen':
      tellOpening(acceptor.listen(message.port), tell)
      break
    case 'stage-listener':
      tellOpening(acceptor.stage(message.hostname, message.port), tell)
      break
    case 'settle-listener':
      void acceptor.settle(message.keep).then(() => tell({ type: 'settled' }))
      break
    case 'configure':
      acceptor.limit(message.settings.server.maxConnections)
      tell({ type: 'configured' })
      break
    case 'worker':
      acceptor.introduce(message)
      break
    case 'drain':
    case 'cut':
    case 'conditions':
      // The workers tell their clients themselves, and cut their connections.
      break
    case 'close':
      void acceptor.close().then(() => tell({ type: 'closed' }))
      break
    default:
      message satisfies never
  }
}

function tell(message: FromEdge): void {
  main?.postMessage(message)
}
