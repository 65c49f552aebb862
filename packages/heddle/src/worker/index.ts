/**
 * `heddle/worker`: what an application may ask of the worker it runs in. Nothing requires importing it.
 *
 * Runs in worker threads, and anywhere else with harmless stand-ins: under plain `node` the identity is
 * `standalone:0`, the logger writes as usual, hooks are kept and never run.
 */
import { formatLine } from '../shared/log-line.ts'
import { writeLine } from '../shared/log-stdout.ts'
import { resolveLogStyle } from '../shared/log-style.ts'
import type { MetricsSource } from './app-metrics.ts'
import type { Check } from './checks.ts'
import { currentContext } from './context.ts'
import type { CloseHook, Identity, Readiness, WorkerContext } from './context.ts'
import { createLogger } from './logger.ts'
import type { Logger } from './logger.ts'

export type { MetricsSource } from './app-metrics.ts'
export type { Check, CheckAnswer } from './checks.ts'
export type { CloseHook, Identity, Readiness } from './context.ts'
export type { LogMethod, Logger } from './logger.ts'

const context = currentContext() ?? createStandIn()

/** Whether this code runs in a worker of Heddle. */
export const isHeddle: boolean = currentContext() !== null

/** Who this worker is; `standalone:0` outside of Heddle. */
export const identity: Identity = context.identity

/** URL the public server answers at; `null` when it is not known. */
export const publicUrl: string | null = context.publicUrl

/** The log of this worker, to be called like pino: `(message)` or `(fields, message)`. */
export const logger: Logger = createLogger(context.output, {})

/**
 * Runs `hook` when the worker stops, after the last request and before the server is closed. Hooks run one after
 * another in reverse order, and are waited for until the deadline of the stop.
 */
export function onClose(hook: CloseHook): void {
  assertFunction('onClose', hook)
  context.closeHooks.push(hook)
}

/**
 * Makes the worker wait for a promise, or for what a function returns, before it says that it is ready. Only
 * what is given before then is waited for. A rejection fails the start of the worker.
 */
export function onReady(readiness: Readiness): void {
  const isPromise = typeof readiness === 'object' && typeof readiness.then === 'function'
  if (typeof readiness !== 'function' && !isPromise) {
    throw new TypeError(`onReady() expects a promise or a function, got ${typeof readiness}.`)
  }
  // Whoever awaits it hears of a rejection; until then it must not count as one nobody handles.
  if (typeof readiness !== 'function') readiness.then(undefined, () => undefined)
  context.readiness.push(readiness)
}

/**
 * Lets the worker be judged by a check of the application's own, once in `health.interval` and for
 * `health.timeout` at most. It is bad when the check says `false` or `{ ok: false, reason }`, throws, rejects,
 * or is late; with several checks each has to be good. After `health.fall` bad ones in a row the worker gets no
 * new requests, after `health.maxUnhealthyChecks` it is replaced.
 *
 * Best for what a fresh worker would cure: a broken state of its own, not a database that is away for all.
 *
 * @throws TypeError when it is no function.
 */
export function health(check: Check): void {
  assertFunction('health', check)
  context.checks.health.push(check)
}

/**
 * Says whether the worker wants requests at the moment: it gets none from the first bad answer to the next good
 * one, and is not replaced for that. Asked once before the worker is ready and in each `health.interval`; what
 * counts as bad is the same as in {@link health}. The last workers of an application are never taken out.
 *
 * @throws TypeError when it is no function.
 */
export function readiness(check: Check): void {
  assertFunction('readiness', check)
  context.checks.readiness.push(check)
}

/**
 * Gives metrics of the application's own to `/metrics`, where they get the labels `application` and `worker`. The
 * source is called at each scrape and returns the text format of Prometheus (version 0.0.4), or a promise of it; it has
 * `metrics.applicationTimeout`. The default registry of prom-client is found without this.
 *
 * @throws TypeError when it is no function.
 */
export function metrics(source: MetricsSource): void {
  assertFunction('metrics', source)
  context.metrics.sources.push(source)
  context.metrics.onGiven()
}

function assertFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name}() expects a function, got ${typeof value}.`)
}

/** The way to other applications. */
export interface MeshClient {
  /** URL of another application, without a slash at its end: `http://catalog.heddle.local`. */
  url(application: string): string
  /** Global `fetch`; through the mesh for URLs of applications, through the network for all others. */
  readonly fetch: typeof globalThis.fetch
}

/** Reaches the other applications. Plain `fetch` of the same URLs does too. */
export const mesh: MeshClient = {
  url: application => `http://${application}${context.meshDomain}`,
  fetch: (input, init) => globalThis.fetch(input, init)
}

function createStandIn(): WorkerContext {
  const isTerminal = process.stdout.isTTY
  const style = resolveLogStyle({ level: 'info', format: 'auto' }, { isTerminal }, process.env)
  return {
    identity: { application: 'standalone', slot: 0, name: 'standalone:0', workers: 1 },
    output: {
      write: line => writeLine(formatLine(style, line)),
      isEnabled: level => level !== 'trace' && level !== 'debug'
    },
    closeHooks: [],
    readiness: [],
    checks: { health: [], readiness: [] },
    metrics: { sources: [], onGiven: () => {} },
    meshDomain: '.heddle.local',
    publicUrl: null
  }
}
