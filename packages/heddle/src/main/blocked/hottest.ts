/**
 * From a series of stacks to the one place worth telling.
 *
 * Main thread only. Pure.
 */
import { isAbsolute, relative, sep } from 'node:path'

import type { Call, Sample } from '../../channel/blocked-place.ts'
import type { BlockedPlace } from '../../events.ts'

/**
 * The calls of the stack worth telling: of the samples that are in the application's own code, those in the
 * function most are in, and of those one at the line most are at. Empty without samples.
 *
 * @param application Absolute directory of the application. What lies in a `node_modules` there is not its own.
 */
export function hottestCalls(samples: readonly Sample[], application: string): readonly Call[] {
  const stacks = samples.map(sample => sample.calls).filter(calls => calls.length > 0)
  const own = stacks.filter(calls => ownCall(calls, application) !== null)
  const from = own.length > 0 ? own : stacks
  const inFunction = mostFrequent(from, calls => keyOf(lead(calls, application), false))
  return mostFrequent(inFunction, calls => keyOf(lead(calls, application), true))[0] ?? []
}

/** What is told of a stack, and of a stack that could not be had (no calls). */
export function toPlace(
  calls: readonly Call[],
  facts: Pick<BlockedPlace, 'kind' | 'doing' | 'method'>,
  application: string
): BlockedPlace {
  const call = lead(calls, application)
  return {
    ...facts,
    function: call === null ? null : (call.function ?? '(anonymous)'),
    location: call === null ? null : locationOf(call, application),
    stack: downToOwn(calls, application).map(({ text }) => `at ${text}`)
  }
}

/** Without what has called the application: that is the same for every request, and longer than the rest. */
function downToOwn(calls: readonly Call[], application: string): readonly Call[] {
  const outermost = calls.findLastIndex(call => isOwnCall(call, application))
  return outermost === -1 ? calls : calls.slice(0, outermost + 1)
}

/** The innermost call of the application's own code, else of any file that is not node's own, else the innermost. */
function lead(calls: readonly Call[], application: string): Call | null {
  return ownCall(calls, application) ?? calls.find(isInFile) ?? calls[0] ?? null
}

function ownCall(calls: readonly Call[], application: string): Call | null {
  return calls.find(call => isOwnCall(call, application)) ?? null
}

function isOwnCall(call: Call, application: string): boolean {
  return isInFile(call) && isOwn(call.file ?? '', application)
}

function isInFile(call: Call): boolean {
  return call.file !== null && isAbsolute(call.file)
}

function isOwn(file: string, application: string): boolean {
  const inside = relative(application, file)
  return !isOutside(inside) && !inside.split(sep).includes('node_modules')
}

function isOutside(path: string): boolean {
  return path.startsWith(`..${sep}`) || isAbsolute(path)
}

function locationOf({ file, line, column }: Call, application: string): string | null {
  if (file === null) return null
  const inside = isAbsolute(file) ? relative(application, file) : file
  return `${isOutside(inside) ? file : inside}:${line}:${column}`
}

function keyOf(call: Call | null, withLine: boolean): string {
  if (call === null) return ''
  const { function: name, file, line, column } = call
  return JSON.stringify(withLine || name === null ? [name, file, line, column] : [name, file])
}

/** The largest group of those with the same key; of two as large, the one that began earlier. */
function mostFrequent<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  const groups = [...Map.groupBy(items, key).values()]
  return groups.reduce<readonly Item[]>((best, group) => (group.length > best.length ? group : best), [])
}
