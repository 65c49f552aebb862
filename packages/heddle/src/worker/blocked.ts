/**
 * Says where this thread is, when it is asked in the middle of what blocks it.
 *
 * Runs in worker threads. Installed at their birth, called by the main thread between two instructions of the
 * application (`main/blocked/inquiry.ts`), and never otherwise: until then it costs nothing. What is called
 * there may not wait and may not change anything the application sees.
 */
import { readlinkSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import { hrtime } from 'node:process'
import { fileURLToPath } from 'node:url'

import { whereKey } from '../channel/blocked-place.ts'
import type { AnswerWhere, Call, Sample } from '../channel/blocked-place.ts'
import { SourcePlaces } from './source-places.ts'

/** Calls of a stack that are told; the innermost ones. */
const callsMax = 50

/** As they are at birth: applications put others in their place. */
const EngineError = Error
const monotonicNs = hrtime.bigint.bind(hrtime)

/** Makes the thread able to answer. Cannot be undone; the application neither sees nor replaces it. */
export function offerWhere(): void {
  const offer: AnswerWhere = { calls: sampleCalls, original: calls => JSON.stringify(toOriginal(calls)) }
  Object.defineProperty(globalThis, Symbol.for(whereKey), { value: Object.freeze(offer) })
}

/** The number the operating system knows this thread by; 0 where it does not say, which is everywhere but on Linux. */
export function osThread(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self'))) || 0
  } catch {
    return 0
  }
}

/** The stack below the call of this function, and below the expression of the inspector which called it. */
function sampleCalls(): string {
  // oxlint-disable-next-line typescript/unbound-method -- It is put back as it was.
  const { prepareStackTrace, stackTraceLimit } = EngineError
  const holder: { stack?: unknown } = {}
  try {
    EngineError.stackTraceLimit = callsMax + 1
    EngineError.prepareStackTrace = (_error, sites) => sites.slice(1).map(toCall)
    EngineError.captureStackTrace(holder, sampleCalls)
    // In the middle of the formatting of another stack V8 formats none for anybody else.
    const calls = Array.isArray(holder.stack) ? (holder.stack as Call[]) : []
    const sample: Sample = { atMs: Number(monotonicNs()) / 1e6, calls }
    return JSON.stringify(sample)
  } finally {
    EngineError.stackTraceLimit = stackTraceLimit
    if (prepareStackTrace === undefined) Reflect.deleteProperty(EngineError, 'prepareStackTrace')
    else EngineError.prepareStackTrace = prepareStackTrace
  }
}

function toCall(site: NodeJS.CallSite): Call {
  const file = site.getFileName() ?? null
  return {
    function: nameOf(site),
    file: file?.startsWith('file:') === true ? fileURLToPath(file) : file,
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
    // oxlint-disable-next-line typescript/no-base-to-string -- V8 has given it a `toString` of its own.
    text: String(site)
  }
}

/** Types whose name in front of a function says nothing. */
const plainTypes = new Set(['Object', 'Function', 'Module', 'global', 'globalThis'])

function nameOf(site: NodeJS.CallSite): string | null {
  const name = site.getFunctionName()
  if (name === null || name === '') return null
  const type = site.isToplevel() || site.isConstructor() ? null : site.getTypeName()
  return type === null || plainTypes.has(type) || name.startsWith(`${type}.`) ? name : `${type}.${name}`
}

function toOriginal(calls: readonly Call[]): Call[] {
  const places = new SourcePlaces()
  return calls.map(call => {
    const { file } = call
    return file === null || !isAbsolute(file) ? call : locate({ ...call, file }, places)
  })
}

function locate(call: Call & { readonly file: string }, places: SourcePlaces): Call {
  const found = places.original(call)
  if (found === null) return call
  const { file, line, column } = found
  // The name in the map is that of the token at this position: of what is called there, not of what calls.
  const place = `${file}:${line}:${column}`
  const text = call.text.endsWith(')') ? call.text.replace(/\([^()]*\)$/, () => `(${place})`) : place
  return { ...call, file, line, column, text }
}
