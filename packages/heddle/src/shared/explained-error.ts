/**
 * An error as somebody wants it who is to mend it: what it says, where that is in his own code, and the way there.
 *
 * Runs in any thread. Pure over a way to read files. Only development asks for it: sources are read.
 */
import { codeFrame } from './code-frame.ts'
import type { CodeFrame } from './code-frame.ts'
import { parseStack } from './stack.ts'
import type { StackCall, StackPlace } from './stack.ts'

/**
 * Whose code a call is in. `own`: the application's. `dependency`: of a package it has installed. `runtime`: of node
 * or Heddle.
 */
export type Origin = 'own' | 'dependency' | 'runtime'

/** One call of the stack. */
export interface ExplainedCall extends StackCall {
  readonly origin: Origin
}

/** An error, explained. Plain values that survive structured cloning. Paths are as short as the base allows. */
export interface ExplainedError {
  readonly name: string
  readonly message: string
  readonly code: string | null
  /** The place to look at first; `null` when nothing of the application's own is on the stack. */
  readonly place: StackPlace | null
  /** The lines around it; `null` when its file cannot be read. */
  readonly frame: CodeFrame | null
  /** The innermost call first. */
  readonly calls: readonly ExplainedCall[]
  /** What caused it, the next cause first, in a line each with the place of it. */
  readonly causes: readonly string[]
}

/** What an explanation needs to know. */
export interface ExplainOptions {
  /** Absolute directory; paths in it are shown relative to it. */
  readonly base: string
  /** The text of a file; `null` when there is none or it is too large to be a source. */
  readonly read: (file: string) => string | null
}

/** Calls that are kept. */
const callsMax = 50

/** Characters of a message that are kept: some quote all they were given. */
const messageMax = 4000

const causedBy = '\ncaused by: '

/** Explains an error. It never throws. */
export function explainError(error: unknown, { base, read }: ExplainOptions): ExplainedError {
  const { name, message, code, stack } = withoutImporter(factsOf(error))
  const [own = '', ...others] = stack.split(causedBy)
  const parts = [own, ...others].map((text): Part => {
    const { broken, calls } = parseStack(text)
    return { text, broken, calls }
  })
  const place = placeOf(parts) ?? importerOf(message, read)
  const source = place === null ? null : read(place.file)
  return {
    name,
    message: message.length > messageMax ? `${message.slice(0, messageMax)}…` : message,
    code,
    place: place === null ? null : { ...place, file: shorten(place.file, base) },
    frame: place === null || source === null ? null : codeFrame(source, place.line, place.column),
    calls: (parts[0]?.calls ?? []).slice(0, callsMax).map(({ file, line, column, name: caller }) => ({
      name: caller,
      file: shorten(file, base),
      line,
      column,
      origin: originOf(file)
    })),
    causes: parts.slice(1).map(part => causeLine(part, base))
  }
}

interface Facts {
  readonly name: string
  readonly message: string
  readonly code: string | null
  readonly stack: string
}

/** A file that is wanted by Heddle alone, an entry, is not there: who wants it, and on which way, helps nobody. */
function withoutImporter(facts: Facts): Facts {
  const [end = '', importer = ''] = /(?<='[^']*') imported from (\S.*)$/.exec(facts.message) ?? []
  if (facts.code !== 'ERR_MODULE_NOT_FOUND' || importer === '' || originOf(importer) !== 'runtime')
    return facts
  return { ...facts, message: facts.message.slice(0, -end.length), stack: '' }
}

function factsOf(error: unknown): Facts {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null, stack: '' }
  const code: unknown = Reflect.get(error, 'code')
  const cause = error.cause instanceof Error ? `${causedBy}${String(error.cause.stack)}` : ''
  return {
    name: error.name,
    message: error.message,
    code: typeof code === 'string' ? code : null,
    stack: `${String(error.stack)}${cause}`
  }
}

interface Part {
  readonly text: string
  readonly broken: StackPlace | null
  readonly calls: readonly StackCall[]
}

/** The code that cannot be read, else the innermost call that is the application's own, of the error or its causes. */
function placeOf(parts: readonly Part[]): StackPlace | null {
  for (const { broken, calls } of parts) {
    const found = broken ?? calls.find(({ file }) => originOf(file) === 'own')
    if (found !== undefined) return { file: found.file, line: found.line, column: found.column }
  }
  return null
}

/**
 * Of a module that is not there node says only who wants it: the line that asks for it is looked for in that file.
 */
function importerOf(message: string, read: ExplainOptions['read']): StackPlace | null {
  const [, wanted = '', importer = ''] =
    /Cannot find (?:module|package) '([^']+)' imported from (.+)$/m.exec(message) ?? []
  const word = wanted.slice(wanted.lastIndexOf('/') + 1)
  const source = importer === '' ? null : read(importer)
  if (source === null || word === '') return null
  const lines = source.split('\n')
  const index = lines.findIndex(line => /\b(?:import|from|require)\b/.test(line) && line.includes(word))
  if (index === -1) return null
  return { file: importer, line: index + 1, column: (lines[index] ?? '').indexOf(word) + 1 }
}

function causeLine({ text, calls }: Part, base: string): string {
  const head = text.split('\n', 1)[0] ?? ''
  const at = calls.find(({ file }) => originOf(file) === 'own')
  return at === undefined ? head : `${head} (${shorten(at.file, base)}:${at.line}:${at.column ?? 1})`
}

/** Where this copy of Heddle lies. */
const heddle = /^file:\/\/(.*\/)(?:src|dist)\//.exec(import.meta.url)?.[1] ?? null
const mesh = heddle === null ? null : heddle.replace(/[^/]+\/$/, 'mesh/src/')

/** Whose code a file is. */
export function originOf(file: string): Origin {
  if (!/^(?:\/|[A-Za-z]:[\\/])/.test(file)) return 'runtime'
  const isHeddle = heddle !== null && (file.startsWith(`${heddle}src/`) || file.startsWith(`${heddle}dist/`))
  if (isHeddle || (mesh !== null && file.startsWith(mesh))) return 'runtime'
  return /[\\/]node_modules[\\/]/.test(file) ? 'dependency' : 'own'
}

function shorten(file: string, base: string): string {
  return file.startsWith(`${base}/`) ? file.slice(base.length + 1) : file
}
