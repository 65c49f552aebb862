/**
 * Gives a worker all it needs around it and starts its thread: a seat in the mesh, memory for its vitals, a plan.
 *
 * Main thread only.
 */
import { inspectorPort } from '../../control/inspector-ports.ts'
import type { DirectListen, WorkerBoot } from '../../channel/messages.ts'
import { createVitals } from '../../channel/vitals.ts'
import type { ResolvedApplication, ResolvedConfig } from '../../config/resolved.ts'
import type { ThreadFact } from '../../events.ts'
import { ClientConnections } from './client-connections.ts'
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
  const { config, seats, files, logs, clock, announce, startThread, publicPort, handoff } = surroundings
  const { fact, held, company } = request
  const application = withLimits(surroundings, request.application)
  const { id, balance } = application
  const { enabled: breaker } = config.mesh.breaker
  const seat = seats.admit({ name: fact.worker, hostname: id, balance, breaker })
  const vitals = createVitals()
  const { logger, gone } = logs.issue(fact, application.logger.level)
  const clients = isReached(surroundings, id) ? new ClientConnections(clock) : null
  const plan = planWorker(application, fact.slot, {
    files,
    seat,
    vitals,
    development: developmentOf(config, fact),
    metrics: config.metrics.enabled,
    ledger: clients?.buffer ?? null,
    meshDomain: config.mesh.domain,
    logger,
    listen: listenOf(surroundings, id),
    publicUrl: publicPort.number === 0 ? null : publicUrl(config.server.hostname, publicPort.number)
  })
  const options = { fact, seat, plan, vitals, clients, held, clock, announce, startThread, company }
  const handle = new WorkerHandle(options)
  void handle.life.exited.then(gone)
  const { record, generation } = seat.ticket
  if (clients !== null) {
    handoff?.addWorker(handle.life, { name: fact.worker, record, generation, ledger: clients.buffer })
  }
  return handle
}

function withLimits({ limitsOf }: Surroundings, application: ResolvedApplication): ResolvedApplication {
  return limitsOf === undefined ? application : { ...application, limits: limitsOf(application) }
}

/** Stacks that name sources, and the inspector on a port of its own, the same for each thread of the slot. */
function developmentOf(
  { development, applications }: ResolvedConfig,
  { application, slot }: ThreadFact
): Pick<WorkerBoot, 'inspector' | 'sourceMaps'> {
  if (development === null) return {}
  const { inspector } = development
  if (inspector === null) return { sourceMaps: true }
  const port = inspectorPort(inspector.port, { applications, application, slot })
  return { sourceMaps: true, inspector: { port, breaks: inspector.breaks } }
}

/** Whether clients have connections to the workers of this application themselves. */
function isReached({ config }: Surroundings, id: string): boolean {
  return config.server.mode !== 'edge' && id === config.entrypoint
}

function listenOf({ config, publicPort }: Surroundings, id: string): DirectListen | null {
  const { mode, hostname, backlog } = config.server
  if (mode !== 'direct' || id !== config.entrypoint) return null
  return { hostname, port: publicPort.number, backlog }
}
