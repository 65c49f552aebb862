/**
 * THE WALK of a worker thread, from birth to `ready` and from `stop` to `stopped`. Entry file of the thread
 * (`#worker`); its other half is the worker handle in the main thread.
 *
 * It imports only what every worker needs, since each module costs time and memory in each of them. It never
 * reads configuration: all it knows came with `workerData`.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

import { joinMesh } from '@heddle/mesh'
import type { MeshTicket } from '@heddle/mesh'

import type { FromWorker, ToWorker, WorkerBoot } from '../channel/messages.ts'
import type { Adoption } from './adopt.ts'
import { AppMetrics } from './app-metrics.ts'
import { offerWhere, osThread } from './blocked.ts'
import { Checks } from './checks.ts'
import { meetCluster } from './cluster-role.ts'
import { publishContext } from './context.ts'
import type { WorkerContext } from './context.ts'
import { reportCrashes } from './crash.ts'
import type { Ending } from './crash.ts'
import { toErrorFacts } from '../channel/error-facts.ts'
import { VitalsWriter } from '../channel/vitals.ts'
import { watchFastify } from './kinds/fastify.ts'
import { letDebuggerGo, meetDebugger, offerDiagnosis } from './inspect.ts'
import { interceptListen, replaceListen } from './listen.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { createLoader } from './loader.ts'
import { captureOutput, createOutput } from './output.ts'
import { askTarget } from './own-request.ts'
import { Service } from './service.ts'
import { startApplication } from './start.ts'
import { stopApplication } from './stop.ts'
import { measureVitals } from './vitals.ts'

if (parentPort === null)
  throw new Error('This file is the entry of a Heddle worker thread and cannot be run.')
await run(parentPort, workerData as WorkerBoot)

async function run(port: MessagePort, boot: WorkerBoot): Promise<void> {
  const send = (message: FromWorker): void => port.postMessage(message)
  const context = createContext(boot)
  publishContext(context)
  captureOutput(context.output, boot.slot === 0)
  const ending = reportCrashes(send)

  const mesh = joinMesh(boot.ticket)
  mesh.installGlobals()
  // Its client need not wait until the worker has finished its other requests.
  ending.onFatal(reason => {
    const isolated = mesh.breakOffCurrent(`its handler ${reason}`)
    mesh.flush()
    return isolated
  })
  const vitals = new VitalsWriter(boot.vitals)
  vitals.introduce(osThread())
  offerWhere()
  offerDiagnosis()
  const measure = measureVitals(vitals, { intervalMs: boot.checks.intervalMs, counts: boot.metrics })
  const service = new Service(mesh, boot.listen)
  const interception = interceptListen({ direct: boot.listen, shared: boot.workers > 1 }, service)
  replaceListen(() => interception)
  watchFastify()

  const adoption = boot.ledger === undefined ? null : await meetClients(service, boot.ledger, boot.ticket)
  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'acceptor':
        adoption?.connect(message.port)
        break
      case 'drain':
        service.drain(message.timeoutMs)
        break
      case 'stop':
        ending.expect()
        void stopApplication(context, service, message.timeoutMs)
          .then(letDebuggerGo)
          .then(() => send({ type: 'stopped' }))
        break
      default:
        message satisfies never
    }
  })

  if (boot.sourceMaps === true) nameSources()
  if (boot.inspector !== undefined) await meetDebugger(boot.inspector, send)
  const loaded = boot.tellsFiles === true ? await watchFiles(send) : null
  try {
    const { entry, preload } = boot
    const loader = createLoader(entry, null, watchCluster(boot, context, ending))
    await startApplication({ entry, preload, loader, context, service, interception })
    await beginChecks(boot, context, service, vitals)
  } catch (error) {
    loaded?.flush()
    send({ type: 'failed', error: toErrorFacts(error) })
    ending.exit(1)
    return
  }
  loaded?.flush()
  // What it holds from now on is what such a worker takes; before it had loaded it was next to nothing.
  measure()
  announce(service, send)
  if (boot.metrics) offerMetrics(boot, context, port)
}

/** Who asks for node:cluster decides whether this thread is one of the workers the program itself would fork. */
function watchCluster(
  { slot }: WorkerBoot,
  { output }: WorkerContext,
  ending: Ending
): (module: string | undefined) => void {
  return meetCluster({
    slot,
    warn: message => output.write({ time: Date.now(), level: 'warn', message }),
    giveUp: reason => ending.giveUp(reason)
  })
}

/** Stacks name places in the sources, where files come with source maps; those of packages are left as they are. */
function nameSources(): void {
  process
    .getBuiltinModule('node:module')
    .setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })
}

/** A module of its own, since only development needs it. */
async function watchFiles(send: (message: FromWorker) => void): Promise<LoadedFiles> {
  const { tellLoadedFiles } = await import('./loaded-files.ts')
  return tellLoadedFiles(files => send({ type: 'loaded', files }))
}

/**
 * Clients have connections to this worker, in direct and handoff mode: counts them, and takes what is handed over.
 * A file of its own when built, since most workers never need it.
 */
async function meetClients(
  service: Service,
  ledger: SharedArrayBuffer,
  ticket: MeshTicket
): Promise<Adoption> {
  const { Adoption: Adopting } = await import('#adopt')
  const adoption = new Adopting(ledger, ticket, () => service.reception())
  service.watch(adoption.connections)
  return adoption
}

function createContext(boot: WorkerBoot): WorkerContext {
  const { application, slot, name, workers } = boot
  return {
    identity: { application, slot, name, workers },
    output: createOutput(boot.logger, { application, worker: name }),
    closeHooks: [],
    readiness: [],
    checks: { health: [], readiness: [] },
    metrics: { sources: [], onGiven: () => {} },
    meshDomain: boot.meshDomain,
    publicUrl: boot.publicUrl
  }
}

async function beginChecks(
  boot: WorkerBoot,
  context: WorkerContext,
  service: Service,
  writer: VitalsWriter
): Promise<void> {
  const hostname = `${boot.application}${boot.meshDomain}`
  const checks = new Checks({
    plan: boot.checks,
    writer,
    own: context.checks,
    server: () => (service.target === null ? null : askTarget(service.target, hostname))
  })
  await checks.begin()
}

/** Lets the main thread ask for the metrics of the application, should it have any, now or later. */
function offerMetrics(boot: WorkerBoot, context: WorkerContext, main: MessagePort): void {
  const { entry, application, slot, name } = boot
  const appMetrics = new AppMetrics({
    entry,
    own: context.metrics,
    labels: { application, worker: String(slot) },
    announce: port => main.postMessage({ type: 'metrics', port } satisfies FromWorker, [port]),
    complain: reason => {
      const message = `The metrics of ${name} are left out: ${reason}.`
      context.output.write({ time: Date.now(), level: 'warn', message })
    }
  })
  appMetrics.begin()
}

/** Says `ready`, and says it again should an application listen that seemed to have no server. */
function announce(service: Service, send: (message: FromWorker) => void): void {
  const say = (): void => {
    const { kind, target } = service.application
    send({ type: 'ready', kind, hasServer: target !== null, port: service.port })
  }
  service.onChange(() => {
    const seemedWithout = service.application.target === null
    service.useListening()
    if (seemedWithout && service.application.target !== null) say()
  })
  say()
}
