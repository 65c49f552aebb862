/**
 * Translates what Watt says of workers, at the top and of one application: how many, their health, their restarts.
 *
 * Pure, for any thread. Values in braces are variables in both programs, and stay.
 */
import { isAbsolute, relative, resolve } from 'node:path'

import type { Disk } from '../config/disk.ts'
import { parseMemory } from '../config/units.ts'
import type { ForeignSettings } from './foreign-settings.ts'
import { judgeNodeOptions } from './node-line.ts'
import { compact, durationText, memoryText } from './translation.ts'
import { wordsIn } from './words.ts'

/** How many workers, for `workers` of the top or of an application. */
export interface Workers {
  readonly workers: unknown
  /** The most of all applications together; only at the top. */
  readonly total: unknown
}

const noWorkers: Workers = { workers: undefined, total: undefined }

/** Reads `workers`. */
export function workersOf(settings: ForeignSettings): Workers {
  const value = settings.take('workers')
  if (value === undefined || value === null) return noWorkers
  if (typeof value === 'number' || typeof value === 'string')
    return { ...noWorkers, workers: variable(value) }
  const inside = settings.takeObject('workers')
  if (inside === null) return noWorkers
  const fixed = inside.take('static')
  const bounds = compact({
    min: variable(inside.take('minimum', 'min')),
    max: variable(inside.take('maximum', 'max'))
  })
  const isDynamic = inside.take('dynamic') === true || Object.keys(bounds).length > 0
  const total = variable(inside.take('total'))
  inside.close({
    maxMemory: [
      'unneeded',
      'growth stops where the memory of the machine or the container would not hold it'
    ],
    cooldown: ['differs', 'growing takes seconds, shrinking minutes; both follow what requests wait for'],
    gracePeriod: [
      'differs',
      'new workers are eased in (mesh.slowStart), and not judged at first (health.gracePeriod)'
    ],
    scaleUpELU: ['differs', 'the number follows what requests wait for, not one threshold'],
    scaleDownELU: ['differs', 'the number follows what requests wait for, not one threshold']
  })
  if (fixed !== undefined) return { workers: variable(fixed), total }
  return { workers: isDynamic ? { min: 1, ...bounds } : undefined, total }
}

/** Reads `health`: what `health` and `limits` of Heddle say. */
export function healthOf(settings: ForeignSettings): {
  health: Record<string, unknown>
  limits: Record<string, unknown>
} {
  if (settings.has('health') && typeof settings.take('health') === 'boolean') {
    return { health: { enabled: settings.take('health') }, limits: {} }
  }
  const inside = settings.takeObject('health')
  if (inside === null) return { health: {}, limits: {} }
  const delay = inside.take('maxEventLoopDelayP99')
  const health = compact({
    enabled: variable(inside.take('enabled')),
    interval: milliseconds(inside.take('interval')),
    gracePeriod: milliseconds(inside.take('gracePeriod')),
    maxUnhealthyChecks: variable(inside.take('maxUnhealthyChecks')),
    maxELU: variable(inside.take('maxELU')),
    maxHeapUsed: variable(inside.take('maxHeapUsed')),
    maxLoopDelay: milliseconds(delay ?? inside.take('maxEventLoopDelay'))
  })
  const limits = compact({
    oldGeneration: memory(inside.take('maxHeapTotal')),
    youngGeneration: memory(inside.take('maxYoungGeneration'))
  })
  const isRatio = !(Number(health['maxHeapUsed']) > 1)
  if (!isRatio) {
    delete health['maxHeapUsed']
    inside.tell('maxHeapUsed', 'missing', 'is a part of the heap limit here (0 to 1), and has been left out')
  }
  inside.close({
    codeRangeSize: ['missing', 'is the choice of V8'],
    bufferPoolSize: ['missing', 'is the choice of Node.js: Buffer.poolSize in a module that is preloaded'],
    defaultHighWaterMark: [
      'missing',
      'is the choice of Node.js: stream.setDefaultHighWaterMark() in a module that is preloaded'
    ],
    maxEventLoopDelay: ['differs', 'maxLoopDelay is about the 99th percentile']
  })
  return { health, limits }
}

/** Reads `restartOnError`. */
export function restartOf(settings: ForeignSettings): Record<string, unknown> {
  const value = settings.take('restartOnError')
  if (value === undefined || value === null || value === true || value === 'true') return {}
  if (typeof value === 'number' && value > 0) {
    settings.tell(
      'restartOnError',
      'differs',
      'is the wait of the second restart in a row, and doubles (restart.backoffMin); the first is at once'
    )
    return { backoffMin: durationText(value) }
  }
  settings.tell(
    'restartOnError',
    'missing',
    'a worker that ends is always replaced, at longer and longer intervals'
  )
  return {}
}

/** Reads `nodeOptions`, `execArgv`, `sourceMaps` and `preload`. */
export function nodeOptionsOf(settings: ForeignSettings): {
  readonly execArgv: readonly string[]
  readonly preload: readonly string[]
  readonly oldGeneration: number | null
} {
  const written = [...settings.takeTexts(wordsIn, 'nodeOptions'), ...settings.takeTexts(wordsIn, 'execArgv')]
  const options = judgeNodeOptions(written)
  const isMapped = settings.takeBoolean('sourceMaps') === true
  const preload = settings.takeTexts(text => [text], 'preload')
  if (options.left.length > 0) {
    const name = settings.has('nodeOptions') ? 'nodeOptions' : 'execArgv'
    settings.tell(
      name,
      'missing',
      `a worker cannot have ${options.left.join(' ')}: give it to node when Heddle is started (NODE_OPTIONS), for all`
    )
  }
  return {
    execArgv: [...options.execArgv, ...(isMapped ? ['--enable-source-maps'] : [])],
    preload: [...preload, ...options.preload],
    oldGeneration: options.oldGeneration
  }
}

/**
 * What is preloaded, as an application in `directory` names it: files of Watt are relative to its configuration, of
 * which `root` is the directory. Names of packages, and paths with variables, stay what they are.
 */
export function preloadFor(
  directory: string,
  preload: readonly string[],
  { disk, root }: { readonly disk: Disk; readonly root: string }
): readonly string[] {
  return preload.map(each => {
    const file = resolve(root, each)
    const isPath = /^\.{1,2}\//.test(each) || disk.kind(file) === 'file'
    if (!isPath || isAbsolute(each) || each.includes('{')) return each
    const path = relative(directory, file).replaceAll('\\', '/')
    return path.startsWith('../') ? path : `./${path}`
  })
}

/** A value, or the variable that holds it as Heddle writes it: `{{NAME}}` of Watt is `{NAME}` here. */
export function variable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll(/\{\{(\w+)\}\}/g, '{$1}') : value
}

/** Variables of an environment with placeholders as Heddle writes them. */
export function variables(values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, variable(value)]))
}

/** A number of milliseconds as people write it; what comes from a variable stays. */
export function milliseconds(value: unknown): unknown {
  return typeof value === 'number' ? durationText(value) : variable(value)
}

/** Bytes, or `512MB`, as people write memory. */
function memory(value: unknown): unknown {
  if (typeof value === 'number') return memoryText(value)
  if (typeof value !== 'string' || value.includes('{')) return variable(value)
  if (/^\d+$/.test(value)) return memoryText(Number(value))
  const mebibytes = parseMemory(value)
  return mebibytes === null ? undefined : memoryText(mebibytes * 1024 ** 2)
}
