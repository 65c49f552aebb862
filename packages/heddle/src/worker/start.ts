/**
 * The start of an application: preload modules, its entry, what answers in it, what it waits for.
 *
 * Runs in worker threads, and in a thread of somebody else's that an application is started in. It knows no main
 * thread: `boot.ts` tells what comes of it, and bounds nothing itself, since somebody else holds the clock.
 */
import { background, explainNothing, fromOffer } from './application.ts'
import type { CloseHook, WorkerContext } from './context.ts'
import type { Interception } from './listen.ts'
import type { Exported, Loader } from './loader.ts'
import { exportNames, findExport, recognise } from './recognise.ts'
import type { Service } from './service.ts'
import { awaitStart } from './waiting.ts'
import type { StartFacts } from './waiting.ts'

/** What is started, and with what. */
export interface Start {
  /** Absolute file to load. */
  readonly entry: string
  /** Modules to load before it, in this order. */
  readonly preload: readonly string[]
  readonly loader: Loader
  readonly context: WorkerContext
  readonly service: Service
  readonly interception: Interception
  /** Gives the start up, wherever it is. Without one it is waited for until it is settled. */
  readonly signal?: AbortSignal
}

/**
 * Resolves when the application answers, or turns out to have no server, and what it gave to `onReady()` is done.
 *
 * @throws What the code of the application throws; an error that explains an entry in which nothing answers.
 */
export async function startApplication(start: Start): Promise<void> {
  const { loader, context, interception, preload } = start
  // oxlint-disable-next-line no-await-in-loop -- Preloads are ordered: a later one may build on an earlier one.
  for (const specifier of preload) await loader.preload(specifier)
  interception.begin()
  // What is due at once is over before anybody looks again.
  const resources = process.getActiveResourcesInfo().filter(kind => kind !== 'Immediate').length
  const exported = await loader.entry()
  await settle(start, exported, resources)
  loader.close()
  const close = findExport(exported, 'close')
  if (typeof close === 'function') context.closeHooks.push(close as CloseHook)
  await awaitReadiness(context)
}

/** @param resources What kept the event loop alive before the entry was loaded. */
async function settle(start: Start, exported: Exported, resources: number): Promise<void> {
  const { entry, service, context, signal } = start
  const offer = recognise(exported)
  const verdict = await awaitStart({
    facts: idleMs => {
      signal?.throwIfAborted()
      return readFacts(start, { exported, offer }, idleMs)
    },
    isAlive: () => countResources() > resources,
    remind: () => {
      const message =
        'The application has loaded, but neither listens nor exports a server yet. ' +
        'A background job says so with `export const hasServer = false`.'
      context.output.write({ time: Date.now(), level: 'warn', message })
    },
    onWake: wake => service.onChange(wake)
  })
  if (service.failure !== null) throw service.failure
  if (verdict === 'nothing') throw explainNothing(entry, exported)
  if (verdict === 'background') await service.use(background)
  if (verdict === 'offer' && offer !== null) await service.use(await fromOffer(offer))
  service.useListening()
}

function readFacts(
  { service, loader }: Start,
  { exported, offer }: { readonly exported: Exported; readonly offer: StartFacts['offer'] },
  idleMs: number
): StartFacts {
  return {
    listen: service.failure === null ? service.listen : 'open',
    offer,
    hasServer: findExport(exported, 'hasServer'),
    exportsAnything: exportNames(exported).length > 0,
    loadedHttp: loader.loadedHttp(),
    idleMs
  }
}

/** Timers, sockets and requests that keep this thread's event loop from ending. */
function countResources(): number {
  return process.getActiveResourcesInfo().length
}

async function awaitReadiness(context: WorkerContext): Promise<void> {
  await Promise.all(
    context.readiness.map(readiness => (typeof readiness === 'function' ? readiness() : readiness))
  )
}
