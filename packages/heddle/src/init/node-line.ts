/**
 * Reads how node is called: its options, the file it runs, and what follows.
 *
 * Pure, for any thread. Says of each option what it becomes for a worker of Heddle.
 */
import { heapOptionIn, optionName, workerOptions } from '../config/node-options.ts'

/** What options of node mean for a worker. */
export interface NodeOptions {
  /** Options a worker takes as they are. */
  readonly execArgv: readonly string[]
  readonly preload: readonly string[]
  /** The file of variables, as it was written. */
  readonly envFile: string | null
  /** Limit of the heap in MiB. */
  readonly oldGeneration: number | null
  /** Options that nothing corresponds to. */
  readonly left: readonly string[]
}

/** A call of node. */
export interface NodeLine {
  readonly options: readonly string[]
  /** The file, as it was written; `null` when there is none. */
  readonly file: string | null
  readonly args: readonly string[]
}

const withValue = new Set([
  '-r',
  '--require',
  '--import',
  '-C',
  '--conditions',
  '--env-file',
  '--env-file-if-exists',
  '--loader',
  '--experimental-loader',
  '--watch-path',
  '--inspect-port',
  '--title',
  '--stack-trace-limit',
  '--unhandled-rejections',
  '--max-http-header-size',
  '--disable-warning',
  '--dns-result-order',
  '--icu-data-dir',
  '--openssl-config',
  '--redirect-warnings',
  '--diagnostic-dir'
])

/** Divides the words after `node`. */
export function readNodeLine(words: readonly string[]): NodeLine {
  const options: string[] = []
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    if (word === '--') return split(words, index + 1, options)
    if (!word.startsWith('-')) return split(words, index, options)
    options.push(word)
    const value = words[index + 1]
    if (!withValue.has(word) || value === undefined) continue
    options.push(value)
    index += 1
  }
  return { options, file: null, args: [] }
}

function split(words: readonly string[], at: number, options: readonly string[]): NodeLine {
  return { options, file: words[at] ?? null, args: words.slice(at + 1) }
}

/** What becomes of the options of node. */
export function judgeNodeOptions(options: readonly string[]): NodeOptions {
  const execArgv: string[] = []
  const preload: string[] = []
  const left: string[] = []
  let envFile: string | null = null
  let oldGeneration: number | null = null
  for (const { name, value, written } of pairs(options)) {
    if (isPreload(name) && value !== null) preload.push(value)
    else if (name.startsWith('--env-file') && value !== null) envFile = value
    else if (heapOptionIn(written) !== null && value !== null) oldGeneration = Number(value)
    else if (workerOptions.includes(name)) execArgv.push(...written)
    // Node takes out the types by itself, and `heddle dev` watches.
    else if (!unneeded.test(name)) left.push(written.join(' '))
  }
  return { execArgv, preload, envFile, oldGeneration, left }
}

const unneeded = /^--(?:watch|watch-path|watch-preserve-output|experimental-strip-types|trace-warnings)$/

function isPreload(name: string): boolean {
  return ['-r', '--require', '--import'].includes(name)
}

interface Pair {
  readonly name: string
  readonly value: string | null
  readonly written: readonly string[]
}

function pairs(options: readonly string[]): Pair[] {
  const found: Pair[] = []
  for (let index = 0; index < options.length; index += 1) {
    const word = options[index] ?? ''
    const name = optionName(word)
    const next = options[index + 1]
    if (word !== name) found.push({ name, value: word.slice(name.length + 1), written: [word] })
    else if ((withValue.has(word) || isHeap(word)) && next !== undefined && !next.startsWith('-')) {
      found.push({ name, value: next, written: [word, next] })
      index += 1
    } else found.push({ name, value: null, written: [word] })
  }
  return found
}

function isHeap(word: string): boolean {
  return heapOptionIn([word]) !== null
}
