/**
 * What a thread is started with: one application and slot, one edge or the acceptor, to a {@link ThreadPlan}.
 *
 * Main thread only. Pure but for `import.meta.resolve`. It never passes on the process's own execArgv: a
 * flag meant for the server must not reach every application.
 */
import type { ResourceLimits } from 'node:worker_threads'

import type { AcceptorBoot } from '../../channel/handoff.ts'
import type { DirectListen, EdgeBoot, ThreadLogger, WorkerBoot } from '../../channel/messages.ts'
import type { ResolvedApplication, ResolvedConfig, ResolvedLimits } from '../../config/resolved.ts'
import type { MeshSeat } from './mesh-seat.ts'
import type { ThreadPlan } from './thread.ts'

/** Where the code of the three kinds of thread is. */
export interface ThreadFiles {
  readonly worker: URL
  readonly edge: URL
  readonly handoff: URL
  /** Node options every thread needs to load that code. */
  readonly execArgv: readonly string[]
}

/** The files that belong to this copy of Heddle: source beside source, dist beside dist. */
export function ownThreadFiles(): ThreadFiles {
  const isSource = import.meta.url.endsWith('.ts')
  return {
    worker: new URL(import.meta.resolve('#worker')),
    edge: new URL(import.meta.resolve('#edge')),
    handoff: new URL(import.meta.resolve('#handoff')),
    execArgv: isSource ? ['--conditions=@heddle/source'] : []
  }
}

/** Facts about this worker that its application does not configure. */
export interface WorkerSurroundings {
  readonly files: ThreadFiles
  readonly seat: MeshSeat
  readonly meshDomain: string
  readonly logger: ThreadLogger
  readonly listen: DirectListen | null
  readonly publicUrl: string | null
  /** Shared memory in which the worker says how it is. */
  readonly vitals: SharedArrayBuffer
  /** Whether it counts what only metrics need. */
  readonly metrics: boolean
  /** What is different about it in development. */
  readonly development?: Pick<WorkerBoot, 'inspector' | 'sourceMaps'>
  /** Shared memory in which it counts the connections clients have to it; `null` when there are none. */
  readonly ledger: SharedArrayBuffer | null
}

/** Everything a worker in this slot is started with. */
export function planWorker(
  application: ResolvedApplication,
  slot: number,
  surroundings: WorkerSurroundings
): ThreadPlan {
  const { files, seat, meshDomain, logger, listen, publicUrl, vitals, metrics, ledger } = surroundings
  const { id, workers, path, entry, preload, health } = application
  const name = `${id}:${slot}`
  const workerData: WorkerBoot = {
    application: id,
    slot,
    name,
    workers,
    path,
    entry,
    preload,
    meshDomain,
    ticket: seat.ticket,
    logger,
    listen,
    publicUrl,
    vitals,
    checks: { intervalMs: health.interval, timeoutMs: health.timeout, path: health.path ?? null },
    metrics,
    ...surroundings.development,
    ...(ledger === null ? {} : { ledger })
  }
  return {
    name,
    url: files.worker,
    workerData,
    transferList: seat.transferList,
    env: application.env,
    execArgv: [...files.execArgv, ...application.execArgv],
    resourceLimits: toResourceLimits(application.limits)
  }
}

/**
 * An edge's garbage lives for the milliseconds of a request. V8 would let its young generation grow to
 * about 100 MB under load; with this much nothing is promoted too early and throughput is the same.
 */
const edgeLimits: ResourceLimits = { maxYoungGenerationSizeMb: 24 }

/** Facts about this edge thread that the configuration does not say. */
export interface EdgeSurroundings {
  readonly files: ThreadFiles
  readonly seat: MeshSeat
  readonly logger: ThreadLogger
  /** Shared memory in which it counts what it sees of its clients. */
  readonly counts: SharedArrayBuffer
}

/** Everything an edge thread is started with. */
export function planEdge(config: ResolvedConfig, index: number, surroundings: EdgeSurroundings): ThreadPlan {
  const { files, seat, logger, counts } = surroundings
  const name = `edge:${index}`
  const workerData: EdgeBoot = {
    index,
    name,
    ticket: seat.ticket,
    server: config.server,
    routes: config.routes,
    entrypoint: config.entrypoint,
    reusePort: config.server.threads > 1,
    logger,
    counts,
    ...(config.development === null ? {} : { development: true })
  }
  return {
    name,
    url: files.edge,
    workerData,
    transferList: seat.transferList,
    env: process.env,
    execArgv: files.execArgv,
    resourceLimits: edgeLimits
  }
}

/** Everything the acceptor of handoff mode is started with. */
export function planAcceptor(
  config: ResolvedConfig,
  name: string,
  surroundings: { readonly files: ThreadFiles; readonly seat: MeshSeat }
): ThreadPlan {
  const { files, seat } = surroundings
  const entrypoint = config.applications.find(({ id }) => id === config.entrypoint)
  const workerData: AcceptorBoot = {
    name,
    ticket: seat.ticket,
    server: config.server,
    queue: entrypoint?.queue ?? { max: 0, timeout: 0 },
    root: config.root
  }
  return {
    name,
    url: files.handoff,
    workerData,
    transferList: seat.transferList,
    env: process.env,
    // That node:ffi is new is nothing an operator can do something about; what it lacks is found out at the start.
    execArgv: [...files.execArgv, '--disable-warning=ExperimentalWarning'],
    resourceLimits: edgeLimits
  }
}

function toResourceLimits(limits: ResolvedLimits): ResourceLimits {
  const { oldGenerationMb, youngGenerationMb, stackMb } = limits
  return {
    ...(oldGenerationMb === null ? {} : { maxOldGenerationSizeMb: oldGenerationMb }),
    ...(youngGenerationMb === null ? {} : { maxYoungGenerationSizeMb: youngGenerationMb }),
    ...(stackMb === null ? {} : { stackSizeMb: stackMb })
  }
}
