/**
 * Runs one application on the thread that calls, for tests: what `startInThread()` of the package's door does.
 *
 * Any thread that is no worker of Heddle. The application is loaded, recognised and served by the same code as in a
 * worker, and is alone in a mesh of its own. It ends no process, and leaves the thread as it has found it.
 */
import { pathToFileURL } from 'node:url'

import { MeshAgent, Registry, joinMesh } from '@heddle/mesh'
import type { Member, Mesh, ServerHooks } from '@heddle/mesh'

import type { DirectListen } from '../channel/messages.ts'
import { HeddleError } from '../errors.ts'
import { timerMaxMs } from '../shared/clock.ts'
import { formatLine, isLevelEnabled } from '../shared/log-line.ts'
import type { LogLine, Threshold } from '../shared/log-line.ts'
import { askAll } from '../worker/checks.ts'
import { interceptListen } from '../worker/listen.ts'
import { createLoader } from '../worker/loader.ts'
import { Service } from '../worker/service.ts'
import { startApplication } from '../worker/start.ts'
import { stopApplication } from '../worker/stop.ts'
import { findEntry } from './entry.ts'
import type { FoundEntry } from './entry.ts'
import { fetchInto } from './fetch.ts'
import { inject } from './inject.ts'
import type { InjectAnswer, InjectRequest } from './inject.ts'
import { canTellModulesApart, doorOf, markOf, markUrl } from './modules.ts'
import { currentResident, runAs } from './resident.ts'
import type { Resident, ResidentContext } from './resident.ts'
import { arrangeThread } from './surroundings.ts'

/** How an application is run on the current thread. */
export interface StartInThreadOptions {
  /** Id of the application. Defaults to the name of its directory or file. */
  readonly id?: string
  /** Variables in front of those of the thread; `undefined` hides one. The thread's own `process.env` stays as it is. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Modules to load before the entry: paths, or packages as the entry would resolve them. */
  readonly preload?: readonly string[]
  /** Whether the application's server really opens a port: a free one, of 127.0.0.1. Defaults to false. */
  readonly listen?: boolean
  /**
   * Whether the application's own modules are loaded anew, so that each start is one of its own. With false they are
   * those the test imports too, with all their state, and are run once. Defaults to true.
   */
  readonly fresh?: boolean
  /** Milliseconds in which it has to be ready. Defaults to 30 000. */
  readonly startTimeout?: number
  /** Milliseconds for its close hooks, and for requests in flight before that. Defaults to 10 000. */
  readonly closeTimeout?: number
  /** Lines of the `logger` of `heddle/worker` from this level on are written. Defaults to `warn`. */
  readonly logLevel?: Threshold
}

/** An application on the current thread. */
export interface InThreadApplication {
  readonly id: string
  /** How it was recognised, such as `fastify`, `listener` or `background`. */
  readonly kind: string
  /** Where it can be reached through a socket, without a slash at its end; `null` unless `listen` was asked for. */
  readonly url: string | null
  /**
   * Sends a request, given whole or as the path of a GET, and reads the whole answer.
   *
   * @throws What node's own client would: `ECONNRESET` when the application breaks its connection off.
   */
  inject(request: InjectRequest | string): Promise<InjectAnswer>
  /** The platform's `fetch` into the application: paths, and URLs of whatever host, which it sees as `Host`. */
  readonly fetch: typeof globalThis.fetch
  /** Asks what it has given to `health()` and `readiness()` of `heddle/worker`; `null` where all is well. */
  checks(): Promise<{ readonly health: string | null; readonly readiness: string | null }>
  /**
   * Lets requests in flight finish, runs the close hooks and closes the server, as a worker does. Idempotent.
   *
   * @throws AggregateError of what has failed or was late, once all is closed.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const domain = '.heddle.local'
const anyPort: DirectListen = { hostname: '127.0.0.1', port: 0, backlog: 511, exclusive: true }

let started = 0

/** See `startInThread()`. @throws HEDDLE_APPLICATION_FAILED, whose cause is what the application threw. */
export async function start(
  where: string | URL,
  options: StartInThreadOptions
): Promise<InThreadApplication> {
  const application = new InThread(findEntry(where, options.id), options)
  try {
    await application.start()
  } catch (error) {
    // What it has opened by then is closed as far as it can be; why it could not start is what is told.
    await application.close().catch(() => undefined)
    throw error
  }
  return application
}

class InThread implements InThreadApplication {
  readonly id: string
  readonly fetch: typeof globalThis.fetch
  readonly #found: FoundEntry
  readonly #options: StartInThreadOptions
  readonly #registry = new Registry({ domain, capacity: 2 })
  readonly #member: Member
  readonly #mesh: Mesh
  readonly #caller: Mesh
  readonly #agent: MeshAgent
  readonly #service: Service
  readonly #resident: Resident
  readonly #leave: () => void
  readonly #exited = Promise.withResolvers<never>()
  #closing: Promise<void> | null = null
  /** How it has ended itself, in words that follow its name. */
  #end: string | null = null

  constructor(found: FoundEntry, options: StartInThreadOptions) {
    const { id } = found
    this.id = id
    this.#found = found
    this.#options = options
    const seat = this.#registry.admit({ name: `${id}:0`, hostname: id })
    this.#member = seat.member
    this.#mesh = joinMesh(seat.ticket)
    this.#caller = joinMesh(this.#registry.admit({ name: 'caller', hostname: null }).ticket)
    this.#agent = new MeshAgent(this.#caller)
    const serve: Mesh['serve'] = target => this.#mesh.serve(target, hooksFor(this.#resident))
    this.#service = new Service({ serve }, options.listen === true ? anyPort : null)
    this.#resident = this.#settle()
    const base = (): string => this.url ?? `http://${id}${domain}`
    const into = fetchInto({ caller: this.#caller, hostname: id, base })
    this.fetch = async (...args) => {
      this.#assertServes()
      return into(...args)
    }
    this.#exited.promise.catch(() => undefined)
    this.#leave = arrangeThread()
  }

  get kind(): string {
    return this.#service.application.kind
  }

  get url(): string | null {
    const { port, target } = this.#service
    if (port === null || target === null) return null
    return `${'addContext' in target ? 'https' : 'http'}://${anyPort.hostname}:${port}`
  }

  async start(): Promise<void> {
    const { startTimeout = 30_000, preload = [] } = this.#options
    const { entry } = this.#found
    const { id, context, interception } = this.#resident
    const abort = new AbortController()
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => {
        abort.abort()
        late.reject(this.#failure(`was not ready within ${startTimeout} ms`))
      },
      Math.min(startTimeout, timerMaxMs)
    )
    const url = pathToFileURL(entry).href
    const loader = createLoader(entry, {
      url: this.#resident.modules === null ? url : markUrl(url, id),
      isOwn: parent => (markOf(parent) ?? currentResident()?.id) === id
    })
    const plan = {
      entry,
      preload,
      loader,
      context,
      service: this.#service,
      interception,
      signal: abort.signal
    }
    const run = async (): Promise<void> => {
      if (canTellModulesApart()) context.door = await doorOf(id)
      await startApplication(plan)
      await askAll('readiness', context.checks.readiness)
    }
    try {
      await Promise.race([runAs(this.#resident, run), this.#exited.promise, late.promise])
    } catch (error) {
      loader.close()
      throw error instanceof HeddleError ? error : this.#failure('could not be loaded', error)
    } finally {
      clearTimeout(timer)
    }
    // What seemed to have no server may listen later.
    this.#service.onChange(() => this.#service.useListening())
    await this.#member.publish()
  }

  async inject(request: InjectRequest | string): Promise<InjectAnswer> {
    this.#assertServes()
    return inject(this.#agent, `${this.id}${domain}`, request)
  }

  async checks(): Promise<{ health: string | null; readiness: string | null }> {
    const { health, readiness } = this.#resident.context.checks
    const ask = (): Promise<(string | null)[]> =>
      Promise.all([askAll('health', health), askAll('readiness', readiness)])
    const [good = null, ready = null] = await runAs(this.#resident, ask)
    return { health: good, readiness: ready }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { closeTimeout = 10_000 } = this.#options
    await this.#member.withdraw()
    await this.#member.drained(closeTimeout)
    const failures: Error[] = []
    const note = ({ message, error }: LogLine): void => {
      failures.push(new Error(message, error === undefined ? {} : { cause: error }))
    }
    const context = { ...this.#resident.context, output: { ...this.#resident.context.output, write: note } }
    await runAs(this.#resident, () => stopApplication(context, this.#service, closeTimeout))
    this.#agent.destroy()
    this.#caller.leave()
    this.#mesh.leave()
    this.#registry.close()
    this.#leave()
    if (failures.length === 0) return
    const what = failures.map(({ message }) => message).join(' ')
    throw new AggregateError(
      failures,
      `The application ${this.id} could not be closed in good order. ${what}`
    )
  }

  #assertServes(): void {
    if (this.#closing !== null) throw new Error(`The application ${this.id} is closed.`)
    if (this.#end !== null) throw new Error(`The application ${this.id} has ended: it ${this.#end}.`)
    if (this.#service.target === null) throw new Error(`The application ${this.id} has no server.`)
  }

  #failure(reason: string, cause?: unknown): HeddleError {
    const detail = { application: this.id, worker: `${this.id}:0`, reason }
    return new HeddleError('HEDDLE_APPLICATION_FAILED', detail, cause === undefined ? {} : { cause })
  }

  #settle(): Resident {
    const { env = {}, listen = false, fresh = true } = this.#options
    const direct = listen ? anyPort : null
    return {
      id: ++started,
      entry: this.#found.entry,
      context: this.#context(),
      env: new Map(Object.entries(env)),
      modules: fresh && canTellModulesApart() ? new Map() : null,
      interception: interceptListen({ direct, shared: false }, this.#service),
      exit: code => this.#exit(`called process.exit(${String(code)})`)
    }
  }

  /** The application wants its process to end: nothing is expected of it any more. */
  #exit(reason: string): Error {
    const error = Object.assign(new Error(`The application ${reason}.`), { name: 'ProcessExit' })
    this.#end = reason
    this.#exited.reject(this.#failure(reason, error))
    this.#mesh.breakOffCurrent(`its handler ${reason}`)
    return error
  }

  #context(): ResidentContext {
    const { id } = this
    const { logLevel = 'warn' } = this.#options
    const speaker = { application: id, worker: `${id}:0` }
    const style = { level: logLevel, format: 'json', colour: false } as const
    return {
      identity: { application: id, slot: 0, name: `${id}:0`, workers: 1 },
      output: {
        write: line => {
          // Not past the stream: a runner of tests shows what comes through it beside the test.
          if (isLevelEnabled(logLevel, line.level))
            process.stdout.write(`${formatLine(style, { ...line, ...speaker })}\n`)
        },
        isEnabled: level => isLevelEnabled(logLevel, level)
      },
      closeHooks: [],
      metrics: { sources: [], onGiven: () => {} },
      readiness: [],
      checks: { health: [], readiness: [] },
      meshDomain: domain,
      publicUrl: null,
      door: null
    }
  }
}

/** Requests come from the thread at large: what answers them is the application's code. */
function hooksFor(resident: Resident): ServerHooks {
  return { onRequest: (_request, next) => runAs(resident, next), onResponse: () => {}, onError: () => {} }
}
