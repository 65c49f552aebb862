/**
 * Says in development why a request was not answered: the application's own failure, as a page for a browser and as
 * a sentence for everybody else.
 *
 * Edge thread. It knows what the main thread has told of each application. An answer that is broken off and the word
 * of why come from two threads: whichever is first waits a moment for the other.
 */
import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'

import {
  prefersHtml,
  refusalOf,
  type Connection,
  type Refusal,
  type RequestHead
} from '@heddle/mesh/internal'

import type { ApplicationCondition, ApplicationFailure } from '../channel/failure.ts'
import type { EdgeSettings } from '../channel/messages.ts'
import { failurePage, pageHeaders, stageWords } from './error-page.ts'
import type { Destination } from './routing.ts'

/** Where pages look whether the application is another by now; the id of the application follows. */
const versionPath = '/.heddle/development/'

/** Milliseconds for which the word of why is waited for. */
const wordMs = 2000

/** Where a page goes that looks: it is answered here, and the access log has enough of others. */
export const nowhere: Destination = {
  application: '',
  path: '',
  strippedPrefix: '',
  timeoutMs: 0,
  isLogged: false
}

/** A request that was passed on. */
interface Passed {
  readonly head: RequestHead
  readonly application: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The failures of all applications. */
export class Failures {
  readonly #conditions = new Map<string, ApplicationCondition>()
  readonly #passed = new WeakMap<Connection, Passed>()
  readonly #waiting = new Set<() => void>()

  /** Takes what the main thread says of all applications. */
  update(conditions: readonly ApplicationCondition[]): void {
    this.#conditions.clear()
    for (const condition of conditions) this.#conditions.set(condition.application, condition)
    for (const look of this.#waiting) look()
  }

  /** The answer to a page that looks; `null` for every other request. */
  look(head: RequestHead): Refusal | null {
    if (!head.target.startsWith(versionPath)) return null
    const version = this.#conditions.get(head.target.slice(versionPath.length))?.version ?? null
    const text = `${JSON.stringify({ version })}\n`
    return {
      status: 200,
      reason: 'a page looks after its application',
      body: { type: 'application/json', text }
    }
  }

  /** Remembers a request that goes to an application. */
  pass(connection: Connection, head: RequestHead, application: string): void {
    this.#passed.set(connection, { head, application, at: Date.now() })
  }

  /**
   * A request was not answered. Returns whether it is answered here, now or within two seconds.
   *
   * @param settings Those in force, by which hosts are known.
   */
  take(connection: Connection, error: Error, settings: EdgeSettings): boolean {
    const passed = this.#passed.get(connection)
    const refusal = refusalOf(error)
    if (passed === undefined || passed.head.upgrade !== null) return false
    if (refusal.status !== 502 && refusal.status !== 503) return false
    const answer = (failure: ApplicationFailure): void => {
      const isShown = isNear(passed.head.host, settings)
      connection.refuse(isShown ? this.#explain(refusal, passed, failure) : refusal)
    }
    const known = this.#find(passed, refusal)
    if (known !== null) {
      answer(known)
      return true
    }
    // Of one that nobody had there is nothing to wait for.
    if (refusal.status === 503) return false
    const end = (): void => {
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
    const look = (): void => {
      const failure = this.#find(passed, refusal)
      if (failure === null) return
      end()
      answer(failure)
    }
    const timer = setTimeout(() => {
      end()
      connection.refuse(refusal)
    }, wordMs)
    this.#waiting.add(look)
    return true
  }

  /** What has kept it from being answered: what was thrown since it came, or that nothing of the application runs. */
  #find({ application, at }: Passed, { status }: Refusal): ApplicationFailure | null {
    const { broken = null, crashed = null } = this.#conditions.get(application) ?? {}
    if (status === 503) return broken ?? crashed
    return crashed !== null && crashed.at >= at ? crashed : null
  }

  #explain(given: Refusal, { head, application }: Passed, failure: ApplicationFailure): Refusal {
    const refusal = { ...given, reason: sentence(application, failure) }
    const { status } = given
    if (!prefersHtml(head.accept)) return refusal
    const nonce = randomUUID()
    const { version = '' } = this.#conditions.get(application) ?? {}
    const { method, target, requestId } = head
    const text = failurePage({
      ...{ status, application, failure, method, target, requestId, version, nonce },
      versionPath: `${versionPath}${application}`
    })
    return { ...refusal, body: { type: 'text/html', text, headers: pageHeaders(nonce) } }
  }
}

function sentence(application: string, { stage, error }: ApplicationFailure): string {
  const { place } = error
  const at =
    place === null ? '' : ` (${place.file}:${place.line}${place.column === null ? '' : `:${place.column}`})`
  return `${application} ${stageWords[stage]}: ${error.name}: ${error.message}${at}`
}

/**
 * Whether a name is one by which a developer reaches this server: of this machine, an address, or one he has written
 * down. Under any other name a page of somebody else's may be asking, and is shown no source.
 */
function isNear(host: string, { server, routes }: EdgeSettings): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
  if (name === '' || name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0) return true
  if (name === server.hostname.toLowerCase()) return true
  return routes.some(({ host: known }) =>
    known?.startsWith('*.') === true ? name.endsWith(known.slice(1)) : known === name
  )
}
