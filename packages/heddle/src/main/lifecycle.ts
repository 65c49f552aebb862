/**
 * The two walks of a server: boot and stop. Each step is one line, in order, with its bound.
 *
 * Main thread only. What a step does is in the rooms below; when to walk is the coordinator's business.
 */
import type { ResolvedApplication, ResolvedConfig } from '../config/resolved.ts'
import type { Announce } from '../events.ts'
import type { Clock } from '../shared/clock.ts'
import { Deadline } from '../shared/deadline.ts'
import type { AdminServer } from './admin/admin-server.ts'
import { bootLevels } from './boot-order.ts'
import type { Edges } from './supervisor/edges.ts'
import { assertPortFree } from './supervisor/public-port.ts'
import { publicUrl } from './supervisor/public-url.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import type { PublicPort } from './supervisor/surroundings.ts'
import type { ApplicationReport } from './supervisor/worker-status.ts'

/** The parts of a server a walk passes. */
export interface Parts {
  readonly config: ResolvedConfig
  readonly clock: Clock
  readonly announce: Announce
  readonly supervisor: Supervisor
  /** Starts an application; what it depends on has been started. Rejects when the server is not to start without it. */
  readonly bootApplication: (id: string) => Promise<ApplicationReport>
  readonly edges: Edges
  readonly admin: AdminServer | null
  readonly publicPort: PublicPort
}

/** What a boot brought up. */
export interface Booted {
  /** Address of the public server. */
  readonly url: string
  readonly port: number
  /** Address of the administrative server; `null` when it is switched off. */
  readonly adminUrl: string | null
  readonly applications: readonly ApplicationReport[]
}

/**
 * Brings everything up; the public port opens last. What was started stays when a step fails: the caller
 * walks {@link stop} then.
 *
 * @param assertWanted Throws when the server is being stopped meanwhile.
 */
export async function boot(parts: Parts, assertWanted: () => void): Promise<Booted> {
  const { config, edges, publicPort, announce } = parts
  if (config.server.mode === 'direct') await assertPortFree(config.server.hostname, publicPort.number)
  assertWanted()
  // The threads first: they load their code while this one loads what the administrative server needs.
  const threads = Promise.all([startApplications(parts, assertWanted), edges.start()])
  const [[applications], adminUrl] = await Promise.all([threads, openAdmin(parts)])
  assertWanted()
  await edges.listen()
  const { number: port } = publicPort
  const url = publicUrl(config.server.hostname, port)
  announce('server:listening', { url, port })
  void parts.admin?.rehearse()
  return { url, port, adminUrl, applications }
}

async function openAdmin({ admin, config, announce }: Parts): Promise<string | null> {
  if (admin === null) return null
  const { port, instead } = await admin.listen()
  const url = publicUrl(config.admin.hostname, port)
  announce('admin:listening', { url, port, instead })
  return url
}

async function startApplications(
  parts: Parts,
  assertWanted: () => void
): Promise<readonly ApplicationReport[]> {
  const reports: ApplicationReport[] = []
  for (const level of levelsOf(parts)) {
    assertWanted()
    reports.push(...(await Promise.all(level.map(each => parts.bootApplication(each.id)))))
  }
  return reports
}

/** In direct mode the entrypoint opens the public port itself, so it comes last when it can. */
function levelsOf({ config, supervisor }: Parts): readonly (readonly ResolvedApplication[])[] {
  return bootLevels(supervisor.applications(), config.server.mode === 'direct' ? config.entrypoint : null)
}

/** How patient a stop is. Milliseconds. */
export interface Patience {
  readonly drainDelayMs: number
  /** From the end of the drain delay to the moment at which nothing is waited for any more. */
  readonly timeoutMs: number
  /** Resolves when somebody loses patience: delays are skipped and requests cut soon. */
  readonly hurried: Promise<void>
}

/** Milliseconds that requests in flight still get once somebody has lost patience. */
export const hurryGraceMs = 1000

/**
 * Takes everything down, in the opposite order. Never rejects, and takes no longer than the patience.
 * Resolves with the names of the threads that did not end: then the process can only be killed.
 */
export async function stop(parts: Parts, reason: string, patience: Patience): Promise<readonly string[]> {
  const { clock, announce, edges, supervisor, admin } = parts
  const { drainDelayMs, timeoutMs, hurried } = patience
  announce('stopping', { reason, drainDelayMs, timeoutMs })
  edges.drain()
  await pause(clock, drainDelayMs, hurried)
  supervisor.retire()
  const limits = createLimits(clock, timeoutMs, hurried)
  await limits.hard.bound(takeDown(parts, limits))
  limits.soft.cancel()
  limits.hard.cancel()
  const left = [...edges.remaining(), ...supervisor.remaining()]
  if (left.length === 0) await admin?.close()
  return left
}

async function pause(clock: Clock, delayMs: number, hurried: Promise<void>): Promise<void> {
  if (delayMs === 0) return
  const delay = new Deadline(clock, delayMs)
  await delay.bound(hurried)
  delay.cancel()
}

interface Limits {
  /** Until here requests and close hooks are waited for. */
  readonly soft: Deadline
  /** Until here threads that are being ended are waited for. */
  readonly hard: Deadline
  /** Milliseconds one step may take after the soft limit. */
  readonly stepMs: number
}

function createLimits(clock: Clock, timeoutMs: number, hurried: Promise<void>): Limits {
  // A thread in JavaScript ends within milliseconds when told to; the rest is for a loaded machine.
  const reserveMs = Math.min(1500, Math.max(500, timeoutMs * 0.2))
  const softMs = Math.max(0, timeoutMs - reserveMs)
  const soft = new Deadline(clock, softMs)
  const hard = new Deadline(clock, softMs + reserveMs)
  const shorten = async (): Promise<void> => {
    await hurried
    soft.shorten(hurryGraceMs)
    hard.shorten(hurryGraceMs + reserveMs)
  }
  void shorten()
  return { soft, hard, stepMs: reserveMs / 2 - 50 }
}

async function takeDown(parts: Parts, { soft, stepMs }: Limits): Promise<void> {
  const { clock, announce, edges, supervisor } = parts
  const inTime = await edges.close(soft, stepMs)
  announce('server:closed', { inTime })
  let late: Deadline | null = null
  const stops: Promise<unknown>[] = []
  for (const level of levelsOf(parts).toReversed()) {
    // One stuck application must not cost the others their close hooks: past the soft limit they still
    // get a moment, all at the same time.
    if (soft.remaining() === 0) late ??= new Deadline(clock, stepMs)
    const deadline = late ?? soft
    const done = Promise.all(level.map(({ id }) => supervisor.shutDown(id, deadline, stepMs)))
    stops.push(done)
    await soft.bound(done)
  }
  await Promise.all(stops)
  late?.cancel()
}
