/**
 * A server that is developed with: watches the files of its applications and of its configuration, and puts what has
 * changed in force. Whatever is broken, the server stays.
 *
 * Main thread only. It never runs or reads the code of an application. Who is concerned by a file is decided in
 * `concerned.ts`, what becomes of an application that has changed in `refresher.ts`.
 */
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import type { ResolvedApplication, ResolvedConfig, ResolvedDevelopment } from '../../config/resolved.ts'
import { isFailure } from '../../errors.ts'
import type { Announce, Events } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import { Changes } from './changes.ts'
import { concernedBy } from './concerned.ts'
import type { ChangedFile, Territory } from './concerned.ts'
import { HeardFiles } from './heard-files.ts'
import { parseIgnoreRules } from './ignore-rules.ts'
import { LooseFiles } from './loose-files.ts'
import { ownOutput } from './own-output.ts'
import { Refresher } from './refresher.ts'
import type { Refreshed } from './refresher.ts'
import { SelfWritten } from './self-written.ts'
import type { Verdict } from './self-written.ts'
import { watchedByDefault, WatchedTrees } from './watched-trees.ts'

/** What it needs of those around it. */
export interface DevelopmentOptions {
  readonly clock: Clock
  readonly announce: Announce
  readonly events: Pick<Events, 'on'>
  /** The configuration in force. */
  readonly config: () => ResolvedConfig
  readonly applications: Refreshed
  /**
   * Reads the configuration again and puts it in force, or leaves everything as it is and rejects; what differs is
   * started anew, what does not is left alone.
   */
  readonly reload: (reason: string) => Promise<unknown>
}

/** Milliseconds others wait for an application at the boot: one that hangs is not to keep the server from its clients. */
const bootPatienceMs = 5000

/** Milliseconds the boot waits for the files to be watched. */
const watchPatienceMs = 2000

/** Milliseconds until a reload is tried again that another operation was in the way of. */
const busyMs = 200

/** What is told of a file that counts less than others. */
const reasons: Readonly<Partial<Record<Verdict, (path: string, id: string) => string>>> = {
  'known-now': (path, id) =>
    `${path} counts no more while ${id} starts, which writes it each time: it belongs into watch.ignore`,
  'left-out': (path, id) =>
    `${path} counts no more: it changes each time ${id} is started anew for it. Should it count, name it in watch.include`
}

/** What a server does beside serving while it is developed with. */
export class Development {
  /** What the applications have loaded. */
  readonly heard: HeardFiles
  readonly #options: DevelopmentOptions
  readonly #changes: Changes
  readonly #refresher: Refresher
  readonly #trees: WatchedTrees
  readonly #loose: LooseFiles
  readonly #selfWritten: SelfWritten
  readonly #isOwnOutput = ownOutput()
  readonly #offs: (() => void)[] = []
  #development: ResolvedDevelopment
  #reloading: Promise<void> | null = null
  /** Why the configuration is to be read again, and what else has changed since. */
  #pendingReload: Set<string> | null = null
  /** The files as they are make no configuration. */
  #isUnconfigured = false
  #isBooted = false
  #isClosed = false

  constructor(options: DevelopmentOptions, development: ResolvedDevelopment) {
    const { clock, announce, applications } = options
    this.#options = options
    this.#development = development
    this.heard = new HeardFiles(clock, () => this.#watchLoose())
    this.#changes = new Changes(clock, files => this.#handle(files))
    this.#selfWritten = new SelfWritten()
    this.#refresher = new Refresher({
      clock,
      announce,
      applications,
      onAttempt: id => {
        this.heard.begin(id)
        this.#selfWritten.begin(id)
      },
      onOutcome: (id, isWell) => {
        this.heard.end(id, isWell)
        this.#selfWritten.end(id, clock.now())
      }
    })
    const onLimit = (reason: string): void => announce('watch:limited', { reason })
    this.#trees = new WatchedTrees({
      clock,
      onLimit,
      onChange: (files, tree) => this.#changes.add(files, [tree])
    })
    const polls = Object.values(development.watch).map(({ poll }) => poll)
    const pollMs = Math.min(...polls.filter(poll => poll > 0), Infinity)
    this.#loose = new LooseFiles({
      clock,
      onLimit,
      pollMs: Number.isFinite(pollMs) ? pollMs : 0,
      onChange: files => this.#changes.add(files, [])
    })
  }

  /** Begins to watch. */
  start(): void {
    const { events, clock } = this.#options
    // At a reload it is in force by now, after a command when whoever has announced it is done.
    const adaptSoon = (): void => {
      this.#adapt()
      clock.after(0, () => this.#adapt())
    }
    this.#watch()
    this.#offs.push(
      events.on('booted', () => {
        this.#isBooted = true
        void this.#reload()
      }),
      events.on('reload:finished', () => this.#adapt()),
      events.on('application:removed', ({ application }) => {
        this.#refresher.forget(application)
        this.heard.forget(application)
        adaptSoon()
      }),
      events.on('application:added', adaptSoon),
      // Workers that are lost are replaced without anybody asking; what comes of that is told here.
      events.on('worker:exited', ({ application, readyMs, reason, error }) => {
        if (application === null || readyMs !== null || reason === 'stopped' || reason === 'stuck') return
        this.#refresher.note(application, error ?? new Error(`The worker has ended: ${reason}.`))
      }),
      events.on('worker:restarted', ({ application }) => {
        if (application !== null) this.#refresher.note(application, null)
      })
    )
  }

  /** Watches nothing any more. */
  stop(): void {
    this.#isClosed = true
    for (const off of this.#offs) off()
    this.#refresher.close()
    this.#changes.close()
    this.#trees.close()
    this.#loose.close()
  }

  /**
   * Starts an application at the boot of the server. Never rejects, and resolves in bounded time: one that does not
   * start is told of, and is tried again when it changes.
   */
  async boot(id: string): Promise<void> {
    const { clock } = this.#options
    await within(clock, bootPatienceMs, this.#refresher.boot(id))
    await within(clock, watchPatienceMs, this.settled())
  }

  /** Starts applications anew as if they had changed, those that are broken as well; all unless told. */
  restart(ids?: readonly string[]): void {
    const all = this.#options.config().applications.map(({ id }) => id)
    for (const id of ids ?? all) this.#refresher.request(id, [])
  }

  /**
   * Reads the configuration again, as soon as the server runs.
   *
   * @param files What has changed, as it is to be told.
   * @param changed What has changed of which application: those are started anew that the reload leaves as they are.
   */
  configure(files: readonly string[], changed: ReadonlyMap<string, readonly string[]> = new Map()): void {
    this.#pendingReload = new Set([...(this.#pendingReload ?? []), ...files])
    void this.#reload(changed)
  }

  /** Resolves when all that is to be watched by now is. */
  async settled(): Promise<void> {
    await Promise.all([this.#trees.settled(), this.#loose.settled()])
  }

  #handle(files: readonly ChangedFile[]): void {
    const territories = this.#territories()
    const ground = { territories, files: this.#development.files }
    const byApplication = new Map<string, string[]>()
    const reasons: string[] = []
    for (const file of files) {
      const { configuration, applications } = concernedBy(file, ground)
      const name = relative(this.#options.config().root, file.path)
      if (configuration) reasons.push(name)
      for (const id of applications) {
        if (!this.#isMeant(id, file)) continue
        byApplication.set(id, [...(byApplication.get(id) ?? []), name])
        // There may be another one now.
        if (!this.#hasEntry(id)) reasons.push(name)
      }
    }
    // A reload that fails, or is about to, may be mended by any change.
    const mayMend = (this.#isUnconfigured || this.#reloading !== null) && byApplication.size > 0
    if (reasons.length === 0 && !mayMend) {
      for (const [id, names] of byApplication) this.#refresher.request(id, names)
      return
    }
    this.configure(reasons, byApplication)
  }

  #hasEntry(id: string): boolean {
    const application = this.#options.config().applications.find(each => each.id === id)
    return application !== undefined && existsSync(application.entry)
  }

  #isMeant(id: string, { path, at }: ChangedFile): boolean {
    // Of code it is better to start once too often than once too rarely.
    if (this.heard.of(id).has(path)) return true
    // Somebody has named it.
    if (this.#development.watch[id]?.include.includes(path) === true) return true
    if (this.#isOwnOutput(path)) return false
    const verdict = this.#selfWritten.judge(id, path, at)
    const reason = reasons[verdict]?.(path, id)
    if (reason !== undefined) this.#options.announce('watch:limited', { reason })
    return verdict === 'meant'
  }

  /** Reads the configuration again, as often as it has changed; and what is no matter of the configuration after that. */
  async #reload(changed: ReadonlyMap<string, readonly string[]> = new Map()): Promise<void> {
    const before = this.#options.config().applications
    if (this.#pendingReload !== null && this.#isBooted) {
      // What hangs is not to be waited for.
      const hanging = before.filter(({ id }) => changed.has(id) || this.#refresher.isBroken(id))
      for (const { id } of hanging) this.#options.applications.hurry(id)
      this.#reloading ??= this.#reloadAll().finally(() => (this.#reloading = null))
      await this.#reloading
    }
    if (this.#isClosed) return
    for (const [id, names] of changed) {
      if (isSame(before, this.#options.config().applications, id)) this.#refresher.request(id, names)
    }
  }

  async #reloadAll(): Promise<void> {
    const { clock, reload } = this.#options
    while (this.#pendingReload !== null && !this.#isClosed) {
      const reasons = [...this.#pendingReload]
      this.#pendingReload = null
      try {
        // oxlint-disable-next-line no-await-in-loop -- One after the other.
        await reload(`${reasons.slice(0, 3).join(', ') || 'a file'} has changed`)
        this.#isUnconfigured = false
      } catch (error) {
        this.#isUnconfigured = true
        if (!isFailure(error, 'HEDDLE_BUSY')) continue
        this.#pendingReload = new Set([...(this.#pendingReload ?? []), ...reasons])
        // oxlint-disable-next-line no-await-in-loop -- Until the other one is done.
        await new Promise<void>(resolve => clock.after(busyMs, resolve))
      }
    }
  }

  /** Another configuration is in force. */
  #adapt(): void {
    const config = this.#options.config()
    if (config.development === null || this.#isClosed) return
    this.#development = config.development
    this.#watch()
    for (const { id } of config.applications)
      if (this.#refresher.isBroken(id)) this.#refresher.request(id, [])
  }

  #watch(): void {
    const { applications } = this.#options.config()
    this.#trees.want(applications, this.#development)
    this.#watchLoose()
  }

  #watchLoose(): void {
    if (this.#isClosed) return
    const { watch, files } = this.#development
    const included = Object.values(watch).flatMap(({ enabled, include }) => (enabled ? include : []))
    this.#loose.want([...files, ...included, ...this.heard.all()])
  }

  #territories(): readonly Territory[] {
    const { watch } = this.#development
    return this.#options.config().applications.flatMap(({ id, path }) => {
      const own = watch[id] ?? watchedByDefault
      if (!own.enabled) return []
      return {
        id,
        path,
        loaded: this.heard.of(id),
        include: own.include,
        ignore: parseIgnoreRules(own.ignore.join('\n'), path),
        isBroken: this.#refresher.isBroken(id)
      }
    })
  }
}

/** Whether the settings of an application are what they were: it has not been started anew with others. */
function isSame(
  before: readonly ResolvedApplication[],
  now: readonly ResolvedApplication[],
  id: string
): boolean {
  const [old, fresh] = [before, now].map(all => all.find(each => each.id === id))
  return old !== undefined && isDeepStrictEqual(old, fresh)
}
