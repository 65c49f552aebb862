/**
 * The log of a server as a whole: what each thread is given for its lines, the levels in force, the file they go to,
 * and the lines of all threads for whoever asks.
 *
 * Main thread only. No line of another thread passes through it: rings are read only while somebody reads, and what a
 * thread that was ended had begun to say is written when it has gone.
 */
import { createLogRing, readPending, writeThreshold } from '../../channel/log-ring.ts'
import { ThreadLog } from '../../channel/log-thread.ts'
import type { LogStyle, ThreadLogger } from '../../channel/messages.ts'
import type { ResolvedConfig, ResolvedLogger } from '../../config/resolved.ts'
import type { LogFilter, LogStart } from '../../control/log-source.ts'
import type { Clock } from '../../shared/clock.ts'
import { LogCells, createLogCells } from '../../shared/log-cells.ts'
import { isLevelEnabled } from '../../shared/log-line.ts'
import type { Threshold } from '../../shared/log-line.ts'
import { logInto } from '../../shared/log.ts'
import type { Log } from '../../shared/log.ts'
import { RingsReader } from './log-reader.ts'
import { RingShelf } from './ring-shelf.ts'
import type { ShelvedRing } from './ring-shelf.ts'
import { Rotation } from './rotation.ts'

/** How the lines of the main thread are called where levels are set, and those of the edge threads. */
export const ownNames = { main: 'heddle', edge: 'edge' } as const

/** What a log is made from. */
export interface LogsOptions {
  readonly logger: ResolvedLogger
  readonly style: LogStyle
  readonly clock: Clock
  /** Where lines go beside the file: descriptor 1 but in tests. */
  readonly fd?: number
}

/** A thread that is about to be started. */
export interface SpeakingThread {
  /** `null` for an edge thread. */
  readonly application: string | null
  readonly worker: string
}

/** What a thread gets, and how to say that it has gone. */
export interface IssuedLogger {
  readonly logger: ThreadLogger
  /** To be called once the thread has ended. */
  readonly gone: () => void
}

/** A ring, its level and where that comes from. */
interface Voice {
  readonly ring: ShelvedRing
  level: Threshold
}

/** The log of a server. */
export class Logs {
  /** The main thread's own. */
  readonly log: Log
  readonly #options: LogsOptions
  readonly #memory = createLogCells()
  readonly #cells = new LogCells(this.#memory)
  readonly #shelf = new RingShelf()
  readonly #own: ThreadLog
  readonly #rotation: Rotation | null
  readonly #mark = Date.now().toString(36)
  readonly #voices = new Map<number, Voice>()
  /** Levels that were set while the server runs, by application or own name. */
  readonly #set = new Map<string, Threshold>()

  constructor(options: LogsOptions) {
    const { logger, clock } = options
    this.#options = options
    const buffer = createLogRing(options.style.level)
    this.#listen({ buffer, worker: null, application: null }, options.style.level)
    this.#own = new ThreadLog(this.#loggerFor(buffer), {}, { whenFull: 'later' }, options.fd)
    this.log = logInto(this.#own)
    this.#rotation =
      logger.file === null
        ? null
        : new Rotation({
            rules: logger.file,
            cells: this.#cells.cells,
            clock,
            failed: (message, reason) => this.log.error(message, { reason })
          })
  }

  /** Looks after the log file from now on. */
  start(): void {
    this.#rotation?.start()
  }

  /**
   * Gives a thread that is about to be started what it needs for its lines.
   *
   * @param level Of the configuration; one that was set since outranks it.
   */
  issue({ application, worker }: SpeakingThread, level: Threshold): IssuedLogger {
    const inForce = this.#set.get(application ?? ownNames.edge) ?? level
    const buffer = createLogRing(inForce)
    const ring = this.#listen({ buffer, worker, application }, inForce)
    return { logger: this.#loggerFor(buffer), gone: () => this.#handleGone(ring) }
  }

  /**
   * Changes the level of all threads of an application, and of those that come, until the next reload. `heddle` is the
   * main thread and `edge` the edge threads; an application of such a name is changed with them.
   */
  setLevel(name: string, level: Threshold): void {
    this.#set.set(name, level)
    this.#apply(voice => (nameOf(voice.ring) === name ? level : voice.level))
  }

  /** Puts the levels of a configuration in force; those that were set outrank them. */
  configure({ logger, applications }: Pick<ResolvedConfig, 'logger' | 'applications'>): void {
    const levels = new Map(applications.map(application => [application.id, application.logger.level]))
    this.#apply(
      ({ ring }) => this.#set.get(nameOf(ring)) ?? levels.get(ring.application ?? '') ?? logger.level
    )
  }

  /** The same, and those that were set are forgotten: to be called after a reload. */
  reset(config: Pick<ResolvedConfig, 'logger' | 'applications'>): void {
    this.#set.clear()
    this.configure(config)
  }

  /** Begins to read. Close the reader when it is not needed any more. */
  open(filter: LogFilter, start: LogStart): RingsReader {
    const sources = {
      shelf: this.#shelf,
      clock: this.#options.clock,
      mark: this.#mark,
      lastLine: () => this.#cells.lastLine()
    }
    return new RingsReader(sources, filter, start)
  }

  /** Writes what had to wait because nobody read: before the process ends without `exit`. */
  flush(): void {
    this.#own.flush()
  }

  /** Stops looking after the file. Lines are written as before. */
  stop(): void {
    this.#rotation?.stop()
  }

  #loggerFor(ring: SharedArrayBuffer): ThreadLogger {
    const { logger, style } = this.#options
    return {
      ...style,
      memory: { ring, cells: this.#memory },
      stdout: logger.stdout,
      file: logger.file?.path ?? null,
      redact: logger.redact
    }
  }

  #listen(ring: Pick<ShelvedRing, 'buffer' | 'worker' | 'application'>, level: Threshold): ShelvedRing {
    const shelved = this.#shelf.add(ring)
    this.#voices.set(shelved.id, { ring: shelved, level })
    return shelved
  }

  #apply(levelOf: (voice: Voice) => Threshold): void {
    for (const voice of this.#voices.values()) {
      voice.level = levelOf(voice)
      writeThreshold(voice.ring.buffer, voice.level)
    }
  }

  #handleGone(ring: ShelvedRing): void {
    const level = this.#voices.get(ring.id)?.level ?? 'info'
    this.#voices.delete(ring.id)
    ring.isGone = true
    const { application, worker } = ring
    for (const { source, text } of readPending(ring.buffer)) {
      const own = source === 'stdout' ? 'info' : 'error'
      if (!isLevelEnabled(level, own)) continue
      const speaker = {
        ...(application === null ? {} : { application }),
        ...(worker === null ? {} : { worker })
      }
      this.#own.write({ time: Date.now(), level: own, message: text, ...speaker })
    }
  }
}

function nameOf({ application, worker }: ShelvedRing): string {
  return application ?? (worker === null ? ownNames.main : ownNames.edge)
}
