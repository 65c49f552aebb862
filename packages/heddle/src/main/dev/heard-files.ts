/**
 * Hears from the workers which files their applications have loaded, and keeps that as long as it matters.
 *
 * Main thread only. It stands between those who start threads and the threads: nobody else has to know that there is
 * more to be heard.
 */
import type { WorkerBoot } from '../../channel/messages.ts'
import { readFromWorker } from '../../channel/worker-message.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'

/** What a thread is started with, as far as it matters here. */
interface Plan {
  readonly url: URL
  readonly workerData: unknown
}

interface Listeners<Message> {
  message(message: Message): void
  exit(code: number, error: Error | null): void
}

/** Starts a thread, or stands in front of what does. */
type Starter<StartPlan extends Plan, Thread> = <Message>(
  plan: StartPlan,
  listeners: Listeners<Message>
) => Thread

/** What one application has loaded. */
interface Loaded {
  /** By what runs, or ran last. */
  files: Set<string>
  /** By what has been started since the attempt under way began. */
  fresh: Set<string> | null
}

/** Milliseconds in which files are gathered that are loaded one after the other. */
const gatherMs = 50

/** The files of all applications. */
export class HeardFiles {
  readonly #clock: Clock
  readonly #byApplication = new Map<string, Loaded>()
  readonly #onNews: () => void
  #cancelNews: Cancel | null = null

  /** @param onNews Called when there are other files than before. */
  constructor(clock: Clock, onNews: () => void) {
    this.#clock = clock
    this.#onNews = onNews
  }

  /** A starter whose workers tell what they load. @param workers The file worker threads begin with. */
  listen<StartPlan extends Plan, Thread>(
    start: Starter<StartPlan, Thread>,
    workers: URL
  ): Starter<StartPlan, Thread> {
    return <Message>(plan: StartPlan, listeners: Listeners<Message>) => {
      if (plan.url.href !== workers.href) return start(plan, listeners)
      const boot: WorkerBoot = { ...(plan.workerData as WorkerBoot), tellsFiles: true }
      return start<Message>(
        { ...plan, workerData: boot },
        {
          exit: (code, error) => listeners.exit(code, error),
          message: message => {
            const files = loadedFiles(message)
            if (files === null) listeners.message(message)
            else this.add(boot.application, files)
          }
        }
      )
    }
  }

  /** Files an application has loaded, absolute. */
  add(application: string, files: readonly string[]): void {
    const known = this.#of(application)
    const before = known.files.size
    for (const file of files) {
      known.files.add(file)
      known.fresh?.add(file)
    }
    if (known.files.size > before) this.#cancelNews ??= this.#clock.after(gatherMs, () => this.#tell())
  }

  /** From now on workers load the code as it is. */
  begin(application: string): void {
    this.#of(application).fresh = new Set()
  }

  /** They run, or do not: then what ran before goes on, and what failed matters as well. */
  end(application: string, isWell: boolean): void {
    const known = this.#of(application)
    if (isWell && known.fresh !== null) known.files = known.fresh
    known.fresh = null
    this.#tell()
  }

  forget(application: string): void {
    this.#byApplication.delete(application)
    this.#tell()
  }

  of(application: string): ReadonlySet<string> {
    return this.#byApplication.get(application)?.files ?? new Set()
  }

  all(): readonly string[] {
    return [...this.#byApplication.keys()].flatMap(id => Array.from(this.of(id)))
  }

  #tell(): void {
    this.#cancelNews?.()
    this.#cancelNews = null
    this.#onNews()
  }

  #of(application: string): Loaded {
    const known = this.#byApplication.get(application)
    if (known !== undefined) return known
    const fresh: Loaded = { files: new Set(), fresh: null }
    this.#byApplication.set(application, fresh)
    return fresh
  }
}

function loadedFiles(posted: unknown): readonly string[] | null {
  const message = readFromWorker(posted)
  return message?.type === 'loaded' ? message.files : null
}
