/**
 * Gives a worker all it needs around it and starts its thread: a seat in the mesh, memory for its vitals, a plan.
 *
 * Main thread only.
 */
import type { DirectListen } from '../../channel/messages.ts'
import { createVitals } from '../../channel/vitals.ts'
import type { ResolvedApplication } from '../../config/resolved.ts'
import type { ThreadFact } from '../../events.ts'
import { publicUrl } from './public-url.ts'
import { planWorker } from './spawn.ts'
import type { Surroundings } from './surroundings.ts'
import { WorkerHandle } from './worker-handle.ts'
import type { Company } from './worker-handle.ts'

/** Which worker is to be started. */
export interface WorkerRequest {
  /** The settings it is started with. */
  readonly application: ResolvedApplication
  readonly fact: ThreadFact
  /** Whether it takes no requests before it is opened. */
  readonly held: boolean
  readonly company: Company
}

/** Starts it. @throws RangeError when the mesh is full, and what `new Worker` throws. */
export function spawnWorker(surroundings: Surroundings, request: WorkerRequest): WorkerHandle {
  const { config, seats, files, logger, clock, announce, startThread, publicPort } = surroundings
  const { application, fact, held, company } = request
  const { id, balance } = application
  const seat = seats.admit({ name: fact.worker, hostname: id, balance })
  const vitals = createVitals()
  const plan = planWorker(application, fact.slot, {
    files,
    seat,
    vitals,
    meshDomain: config.mesh.domain,
    logger,
    listen: listenOf(surroundings, id),
    publicUrl: publicPort.number === 0 ? null : publicUrl(config.server.hostname, publicPort.number)
  })
  return new WorkerHandle({ fact, seat, plan, vitals, held, clock, announce, startThread, company })
}

function listenOf({ config, publicPort }: Surroundings, id: string): DirectListen | null {
  const { mode, hostname, backlog } = config.server
  if (mode !== 'direct' || id !== config.entrypoint) return null
  return { hostname, port: publicPort.number, backlog }
}
