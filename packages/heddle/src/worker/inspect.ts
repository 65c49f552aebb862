/**
 * Records profiles, writes heap snapshots and opens the inspector of this thread, when the main thread wants it.
 *
 * Runs in worker threads. Installed at their birth, called by the main thread between two instructions of the
 * application (`main/profiling/`), and never otherwise: until then it costs nothing, nothing is loaded for it. What
 * is called there answers at once.
 */
import type * as inspector from 'node:inspector'
import { hrtime } from 'node:process'

import { diagnosisKey } from '../channel/diagnosis.ts'
import type { OfferDiagnosis, OpenInspector, ProfilePlan, ProfileType, Reply } from '../channel/diagnosis.ts'
import type { FromWorker, InspectorPlan } from '../channel/messages.ts'
import { toSourcePlaces } from './profile-places.ts'
import type { AnyProfile } from './profile-places.ts'

/** As they are at birth: applications put others in their place. */
const monotonicNs = hrtime.bigint.bind(hrtime)
const builtin = process.getBuiltinModule.bind(process)
const after = setTimeout
const forget = clearTimeout
const coverage = process.env.NODE_V8_COVERAGE

/** Characters of one piece: to be passed on takes the main thread well below a millisecond. */
const pieceSize = 128 * 1024

/** A profile that is being recorded, or waits to be fetched. */
interface Recording {
  readonly type: ProfileType
  readonly session: inspector.Session
  readonly giveUp: NodeJS.Timeout
  /** As JSON, when it is complete. */
  text: string | null
}

/** One at a time: the main thread asks for no second one. */
let recording: Recording | null = null

/** Makes the thread able to do all that. Cannot be undone; the application neither sees nor replaces it. */
export function offerDiagnosis(): void {
  const offer: OfferDiagnosis = {
    ping: () => reply(Number.POSITIVE_INFINITY, () => null),
    startProfile: plan => reply(plan.wantedUntilMs, () => startProfile(plan)),
    stopProfile: () => reply(Number.POSITIVE_INFINITY, stopProfile),
    takePiece,
    writeSnapshot: (path, wantedUntilMs) =>
      reply(wantedUntilMs, () => builtin('node:v8').writeHeapSnapshot(path)),
    openInspector: (port, wantedUntilMs) => reply(wantedUntilMs, () => openInspector(port)),
    closeInspector: () => reply(Number.POSITIVE_INFINITY, closeInspector)
  }
  Object.defineProperty(globalThis, Symbol.for(diagnosisKey), { value: Object.freeze(offer) })
}

function reply(wantedUntilMs: number, run: () => unknown): string {
  let said: Reply<unknown>
  try {
    const nowMs = Number(monotonicNs()) / 1e6
    if (nowMs > wantedUntilMs) said = { failure: 'late', reason: 'nobody waits for it any more' }
    else said = { value: run() }
  } catch (error) {
    said = { failure: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
  return JSON.stringify(said)
}

function startProfile({ type, intervalUs, keptUntilMs }: ProfilePlan): null {
  // Nobody waits for one that is still there: the main thread has given it up.
  drop()
  const { Session } = builtin('node:inspector')
  const session = new Session()
  session.connect()
  try {
    if (type === 'cpu') {
      post(session, 'Profiler.enable')
      post(session, 'Profiler.setSamplingInterval', { interval: intervalUs })
      recompile(session)
      post(session, 'Profiler.start')
    } else {
      // What has been collected meanwhile was allocated too, and cost as much.
      post(session, 'HeapProfiler.startSampling', {
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true
      })
    }
  } catch (error) {
    session.disconnect()
    throw error
  }
  const leftMs = Math.max(0, keptUntilMs - Number(monotonicNs()) / 1e6)
  recording = { type, session, giveUp: after(drop, leftMs).unref(), text: null }
  return null
}

/**
 * Has the engine compile again what runs often. What it has compiled before nobody recorded keeps no places of the
 * functions it has taken in, and a loop would be found under the name of whoever called it. Counting calls makes
 * it throw that code away, at once: some ten milliseconds, and as much again until all is as quick as before.
 */
function recompile(session: inspector.Session): void {
  // Who counts calls in all of the thread goes on counting.
  if (coverage !== undefined) return
  post(session, 'Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  post(session, 'Profiler.stopPreciseCoverage')
}

function stopProfile(): number {
  if (recording === null) throw new Error('no profile is being recorded')
  const { type, session } = recording
  if (recording.text === null) {
    const method = type === 'cpu' ? 'Profiler.stop' : 'HeapProfiler.stopSampling'
    const { profile = {} } = post(session, method)
    toSourcePlaces(profile)
    recording.text = JSON.stringify(profile)
    session.disconnect()
  }
  return Math.ceil(recording.text.length / pieceSize)
}

function takePiece(index: number): string {
  const text = recording?.text ?? ''
  const end = (index + 1) * pieceSize
  if (end >= text.length) drop()
  return text.slice(index * pieceSize, end)
}

function drop(): void {
  if (recording === null) return
  forget(recording.giveUp)
  recording.session.disconnect()
  recording = null
}

/** Asks this thread's own inspector, which answers before `post` returns. */
function post(
  session: inspector.Session,
  method: string,
  params: object = {}
): { readonly profile?: AnyProfile } {
  let outcome: { readonly error: Error | null; readonly result: object | undefined } | null = null
  session.post(method, params, (error, result) => {
    outcome = { error, result }
  })
  const { error, result } = (outcome as { error: Error | null; result?: object } | null) ?? {
    error: new Error(`${method} was not answered`)
  }
  if (error !== null) throw error instanceof Error ? error : new Error(JSON.stringify(error))
  return result ?? {}
}

/** Whether the inspector was opened here, and not by the application. */
let isOpen = false

function openInspector(port: number): OpenInspector {
  const { open, url } = builtin('node:inspector')
  if (url() === undefined) {
    open(port, '127.0.0.1')
    isOpen = true
    // The thread may end by itself, and would wait for the debugger.
    process.once('exit', letDebuggerGo)
  }
  const at = url()
  // Node says so on the standard error of the process, and goes on.
  if (at === undefined) throw new Error(`port ${port} could not be opened: it may be in use`)
  return { url: at }
}

function closeInspector(): null {
  const { close, url } = builtin('node:inspector')
  if (url() !== undefined) close()
  isOpen = false
  process.off('exit', letDebuggerGo)
  return null
}

/** Milliseconds between two looks whether a port is free. */
const lookMs = 20

/**
 * Opens the inspector where a debugger looks for it, as soon as the worker before has let go of the port. Resolves with
 * its address; `null` when the port is still in use after so many milliseconds.
 */
async function openInspectorWithin(port: number, limitMs: number): Promise<string | null> {
  const until = Number(monotonicNs()) / 1e6 + limitMs
  // Tried in vain, node would complain on standard error.
  while (await isTaken(port)) {
    if (Number(monotonicNs()) / 1e6 > until) return null
    // oxlint-disable-next-line no-await-in-loop -- It is looked at again after each.
    await new Promise<void>(resolve => after(resolve, lookMs).unref())
  }
  try {
    return openInspector(port).url
  } catch {
    // Somebody else was quicker.
    return null
  }
}

/** Whether anybody answers there. It is not tried by listening: that is the application's to do. */
function isTaken(port: number): Promise<boolean> {
  const socket = builtin('node:net').connect({ port, host: '127.0.0.1' })
  return new Promise(resolve => {
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Milliseconds for which an application waits for its inspector, and for which that is tried beside it. */
const releaseMs = 2000
const lateMs = 60_000

/**
 * Opens the inspector before the application loads. With `breaks` it waits for a debugger, which blocks the thread, and
 * stops there: the application's first line is next.
 */
export async function meetDebugger(
  { port, breaks }: InspectorPlan,
  send: (message: FromWorker) => void
): Promise<void> {
  const url = await openInspectorWithin(port, releaseMs)
  send({ type: 'inspector', port, url })
  if (url === null) {
    // The worker before may be in native code.
    void tellLate(port, send)
  } else if (breaks) {
    builtin('node:inspector').waitForDebugger()
    // oxlint-disable-next-line no-debugger -- What it is for.
    debugger
  }
}

async function tellLate(port: number, send: (message: FromWorker) => void): Promise<void> {
  const url = await openInspectorWithin(port, lateMs)
  if (url !== null) send({ type: 'inspector', port, url })
}

/** Cuts off whoever debugs this thread, which would not end before; an inspector of the application's own stays. */
export function letDebuggerGo(): void {
  if (isOpen) closeInspector()
}
