/**
 * The composition root of a server: builds the rooms, connects them, and walks boot and stop once each.
 *
 * Main thread only. It has no policy of its own, never runs the code of an application, and is on no
 * request's path.
 */
import type { Circuit, Registry } from '@heddle/mesh'

import type { LogStyle } from '../channel/messages.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { HeddleError } from '../errors.ts'
import { Events } from '../events.ts'
import type { Announce } from '../events.ts'
import { systemClock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import type { ControlSocket } from './admin/control-socket.ts'
import type { Operations } from './admin/operations.ts'
import type { Phase, StatusReport } from './admin/report.ts'
import { composeOperations, fixedSource } from './compose-operations.ts'
import type { InForce } from './compose-operations.ts'
import { composeDoors } from './compose-api.ts'
import { composeFailures } from './compose-failures.ts'
import { composeDevelopment } from './compose-development.ts'
import { composeMetrics } from './compose-metrics.ts'
import { composeMachine } from './compose-machine.ts'
import { composeInstruments } from './compose-instruments.ts'
import { composeScaling } from './compose-scaling.ts'
import { composeStatus } from './compose-status.ts'
import type { LifeFacts, StatusSources } from './compose-status.ts'
import { composeWatches } from './compose-watches.ts'
import type { Watch } from './compose-watches.ts'
import { logEvents } from './event-log.ts'
import type { MachineSource } from './machine/guarded.ts'
import { openLogs } from './compose-logs.ts'
import type { Logs } from './compose-logs.ts'
import { boot, hurryGraceMs, stop } from './lifecycle.ts'
import { createRegistry } from './mesh.ts'
import type { Booted, Parts } from './lifecycle.ts'
import type { ConfigurationSource } from './operations.ts'
import type { Development } from './dev/development.ts'
import type { ScalingRule } from './scaling/load.ts'
import { Edges } from './supervisor/edges.ts'
import { Handoff } from './supervisor/handoff.ts'
import { publicUrl } from './supervisor/public-url.ts'
import { ownThreadFiles } from './supervisor/spawn.ts'
import type { ThreadFiles } from './supervisor/spawn.ts'
import { Supervisor } from './supervisor/supervisor.ts'
import type { Surroundings } from './supervisor/surroundings.ts'
import { startThread } from './supervisor/thread.ts'

/** What a start brought up, and in how many milliseconds. */
export interface StartReport extends Booted {
  readonly bootMs: number
}

/** A server. It is started once and stopped once. */
export interface Coordinator {
  /** What happens, as it happens. */
  readonly events: Events
  /** What can be done to it while it runs. */
  readonly operations: Operations
  /** What it does beside serving while it is developed with; `null` for a server that serves. */
  readonly development: Development | null
  /**
   * Resolves when the public port is open. When it rejects everything has been taken down again.
   *
   * @throws HEDDLE_APPLICATION_FAILED, whose cause is what the application threw.
   * @throws HEDDLE_LISTEN_FAILED, HEDDLE_EDGE_FAILED
   * @throws HEDDLE_STOPPED when {@link stop} was called meanwhile.
   */
  start(): Promise<StartReport>
  /**
   * Stops gracefully; the reason goes into the log. Further calls wait for the same stop. When threads
   * outlive the deadline of the configuration, the process is killed.
   */
  stop(reason: string): Promise<void>
  /** A stop that is under way skips its delays and cuts requests after a second at most. */
  hurry(): void
  status(): StatusReport
  /** Whether a thread is stuck in native code. `process.exit()` would hang then. */
  isStuck(): boolean
}

/** What a coordinator needs; everything but the log is for tests. */
export interface CoordinatorOptions {
  readonly log: Log
  /** How the threads write their lines. Defaults to JSON at the configured level. */
  readonly logStyle?: LogStyle
  /** The log of the server; made when it is left out. */
  readonly logs?: Logs
  readonly files?: ThreadFiles
  /** The machine; this one when it is left out. */
  readonly machine?: MachineSource | undefined
  /** How many workers applications should have; the rule of Heddle when it is left out. */
  readonly rule?: ScalingRule | undefined
  /** Events the log says nothing of: whoever has the server started tells of them himself. */
  readonly narrated?: ReadonlySet<string> | undefined
  /** Called when only killing the process is left. */
  readonly kill?: () => void
  /** Where the configuration comes from at a reload. Without one it stays what it is. */
  readonly source?: ConfigurationSource
  /** Where the socket for commands is made. Without one there is none. */
  readonly socketDirectory?: string
  /** Stops the server and ends the process when a command asks for it. Without one only the server stops. */
  readonly shutDown?: (reason: string) => void
}

/** Builds a server; nothing runs yet. */
export function createCoordinator(config: ResolvedConfig, options: CoordinatorOptions): Coordinator {
  return new Server(config, options)
}

class Server implements Coordinator {
  readonly events = new Events()
  readonly operations: Operations
  readonly development: Development | null
  readonly #inForce: InForce
  readonly #parts: Parts
  readonly #registry: Registry
  readonly #statusSources: StatusSources
  readonly #watches: readonly Watch[]
  readonly #kill: () => void
  readonly #log: Log
  readonly #logs: Logs
  readonly #socket: ControlSocket | null
  readonly #hurry = Promise.withResolvers<void>()
  #phase: Phase = 'idle'
  #started: { readonly time: number; readonly clock: number } | null = null
  #starting: Promise<StartReport> | null = null
  #stopping: Promise<void> | null = null
  #stopReason = ''
  #isOpen = false

  constructor(config: ResolvedConfig, options: CoordinatorOptions) {
    const inForce: InForce = { config }
    this.#inForce = inForce
    this.#kill = options.kill ?? killProcess
    this.#log = options.log
    logEvents(this.events, options.log, options.narrated)
    const logs = options.logs ?? openLogs(config, options.logStyle)
    this.#logs = logs
    const announce: Announce = (name, fact) => this.events.emit(name, fact)
    this.#registry = createRegistry(config, announce)
    const publicPort = { number: config.server.port }
    const seats = this.#registry
    const files = options.files ?? ownThreadFiles()
    const machine = composeMachine(options.machine, announce, () => ({ supervisor, watches }))
    const { limitsOf, hasSpareRoom } = machine
    const dev = composeDevelopment({
      inForce,
      clock: systemClock,
      events: this.events,
      supervisor: () => supervisor,
      reload: reason => this.operations.reload(reason)
    })
    this.development = dev.development
    const starter = dev.starter(startThread, files.worker)
    const around = { seats, files, logs, announce, publicPort, limitsOf, hasSpareRoom, startThread: starter }
    const surroundings = surroundingsOf(inForce, around)
    const supervisor = new Supervisor(surroundings)
    const edges = new Edges(surroundings)
    composeFailures(config, this.events, edges)
    const watches = composeWatches(supervisor, this.events, this.#registry)
    const scaling = composeScaling({ inForce, events: this.events, supervisor, machine }, options.rule)
    const rooms = { inForce, clock: systemClock, supervisor, edges, scaling, machine: () => machine.report() }
    const phase = (): Phase => this.#phase
    const circuits = (): readonly Circuit[] => this.#registry.circuits()
    const { seen } = watches
    const metrics = composeMetrics({ ...rooms, ...seen, circuits, events: this.events, phase })
    this.#watches = [...watches.all, ...machine.watches, ...dev.watches, scaling.watch, metrics, logs]
    this.#statusSources = { ...rooms, ...seen, circuits, recent: metrics, life: () => this.#life() }
    this.operations = composeOperations({
      ...rooms,
      announce,
      source: options.source ?? fixedSource(inForce),
      instruments: composeInstruments({ inForce, metrics, logs, ...watches }),
      status: () => this.status(),
      phase,
      stop: options.shutDown ?? (reason => void this.stop(reason)),
      endsProcess: options.shutDown !== undefined,
      adopted: adopted => this.#handleAdopted(adopted)
    })
    this.events.on('reload:finished', () => {
      logs.reset(inForce.config)
      this.#introduce()
    })
    const api = { operations: this.operations, events: this.events, logs }
    const { socket, admin } = composeDoors(api, config.admin, options.socketDirectory)
    this.#socket = socket
    const bootApplication: Parts['bootApplication'] = id => dev.bootApplication(id)
    this.#parts = partsOf(inForce, { announce, supervisor, bootApplication, edges, admin, publicPort })
  }

  start(): Promise<StartReport> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  stop(reason: string): Promise<void> {
    if (this.#stopping === null) {
      const wasRunning = this.#phase === 'running'
      this.#phase = 'stopping'
      this.#stopReason = reason
      for (const watch of this.#watches) watch.stop()
      // Known before anything is announced: a listener that stops the server as well waits for this one.
      this.#stopping = Promise.resolve().then(() => this.#stop(reason, wasRunning))
    }
    return this.#stopping
  }

  hurry(): void {
    if (this.#phase !== 'stopping') return
    this.#parts.announce('stop:hurried', { graceMs: hurryGraceMs })
    this.#hurry.resolve()
  }

  isStuck(): boolean {
    const { supervisor, edges } = this.#parts
    const isOver = this.#phase === 'stopped' && supervisor.remaining().length + edges.remaining().length > 0
    return isOver || supervisor.zombies().length + edges.zombies().length > 0
  }

  status(): StatusReport {
    return composeStatus(this.#statusSources)
  }

  #life(): LifeFacts {
    const { config, publicPort, admin } = this.#parts
    const adminPort = admin?.port ?? null
    return {
      phase: this.#phase,
      started: this.#started,
      url: this.#isOpen ? publicUrl(config.server.hostname, publicPort.number) : null,
      adminUrl: adminPort === null ? null : publicUrl(config.admin.hostname, adminPort)
    }
  }

  async #start(): Promise<StartReport> {
    this.#assertWanted()
    this.#phase = 'starting'
    this.#started = { time: Date.now(), clock: systemClock.now() }
    try {
      for (const watch of this.#watches) watch.start()
      const opening = this.#openSocket()
      const booted = await boot(this.#parts, () => this.#assertWanted())
      await opening
      this.#assertWanted()
      this.#phase = 'running'
      this.#isOpen = true
      this.#introduce()
      const bootMs = Math.round(systemClock.now() - this.#started.clock)
      this.#parts.announce('booted', { url: booted.url, bootMs })
      return { ...booted, bootMs }
    } catch (error) {
      const wasWanted = this.#stopping === null
      await this.stop('the start failed')
      throw wasWanted ? error : new HeddleError('HEDDLE_STOPPED', { reason: this.#stopReason })
    }
  }

  async #stop(reason: string, wasRunning: boolean): Promise<void> {
    const stopStartedAt = systemClock.now()
    const { drainDelay, timeout } = this.#inForce.config.gracefulShutdown
    const left = await stop(this.#parts, reason, {
      drainDelayMs: wasRunning ? drainDelay : 0,
      timeoutMs: timeout,
      hurried: this.#hurry.promise
    })
    const stopMs = Math.round(systemClock.now() - stopStartedAt)
    this.#isOpen = false
    this.#phase = 'stopped'
    await this.#socket?.close()
    if (left.length > 0) {
      this.#parts.announce('stop:overdue', { threads: left, afterMs: stopMs })
      // A process that is killed says nothing any more.
      this.#logs.flush()
      if (wasRunning) this.#kill()
      return
    }
    this.#registry.close()
    this.#parts.announce('stopped', { stopMs })
  }

  /** A server that commands cannot reach still serves: signals can stop and reload it. */
  async #openSocket(): Promise<void> {
    const { name, root, file, applications } = this.#inForce.config
    try {
      const ids = applications.map(({ id }) => id)
      await this.#socket?.open({ name, root, file, url: null, applications: ids })
    } catch (error) {
      this.#log.warn('Commands cannot reach this server.', { reason: reasonOf(error) })
    }
  }

  /** The directory of the socket may be full, or gone: that of a user who has logged out is removed. */
  #introduce(): void {
    const { name, url, applications } = this.status()
    try {
      this.#socket?.introduce({ name, url, applications: applications.map(({ id }) => id) })
    } catch (error) {
      this.#log.warn('Commands may not find this server.', { reason: reasonOf(error) })
    }
  }

  #handleAdopted(config: ResolvedConfig): void {
    this.#parts.admin?.configure(config.admin)
    this.#logs.configure(config)
  }

  #assertWanted(): void {
    if (this.#stopping !== null) throw new HeddleError('HEDDLE_STOPPED', { reason: this.#stopReason })
  }
}

/** What all threads of the server have around them. */
function surroundingsOf(
  inForce: InForce,
  given: Pick<
    Surroundings,
    'seats' | 'files' | 'logs' | 'announce' | 'publicPort' | 'limitsOf' | 'hasSpareRoom' | 'startThread'
  >
): Surroundings {
  return {
    ...given,
    get config() {
      return inForce.config
    },
    clock: systemClock,
    chance: Math.random,
    ...(inForce.config.server.mode === 'handoff' ? { handoff: new Handoff() } : {})
  }
}

/** What the walks pass. */
function partsOf(inForce: InForce, parts: Omit<Parts, 'config' | 'clock'>): Parts {
  return {
    ...parts,
    get config() {
      return inForce.config
    },
    clock: systemClock
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function killProcess(): void {
  process.kill(process.pid, 'SIGKILL')
}
