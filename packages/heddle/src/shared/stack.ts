/**
 * Takes apart the text of an error's stack: who called whom, and where.
 *
 * Runs in any thread. Pure. The text is what V8 and node make of it; what cannot be read is left out.
 */
import { fileURLToPath } from 'node:url'

/** A place in a file. Line and column from 1; no column where only the line is known. */
export interface StackPlace {
  /** Absolute path, or whatever else the engine calls it: `node:internal/…`. */
  readonly file: string
  readonly line: number
  readonly column: number | null
}

/** One call of a stack. */
export interface StackCall extends StackPlace {
  /** As the engine names it, `async` before it and all; `null` for code outside of functions. */
  readonly name: string | null
}

/** A stack taken apart. */
export interface ParsedStack {
  /** Where the code is that could not be read, which node writes before the stack of a syntax error; `null` else. */
  readonly broken: StackPlace | null
  /** The innermost call first. */
  readonly calls: readonly StackCall[]
}

const callLine = /^\s*at (?:(.+?) \(|async )?((?:file:\/\/|node:|[A-Za-z]:[\\/]|\/)?[^()]*?):(\d+):(\d+)\)?$/
const placeLine = /^((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+)$/

/** Takes the text of one stack apart, without those of its causes. */
export function parseStack(stack: string): ParsedStack {
  const lines = stack.split('\n')
  return {
    broken: brokenPlace(lines),
    calls: lines.flatMap(line => {
      const match = callLine.exec(line)
      if (match === null) return []
      const [, name = null, file = '', row = '', column = ''] = match
      return [{ name, file: toPath(file), line: Number(row), column: Number(column) }]
    })
  }
}

/** `file:///a.mjs:3`, the line itself, and a caret below what is wrong with it. */
function brokenPlace(lines: readonly string[]): StackPlace | null {
  const [, file, row] = placeLine.exec(lines[0] ?? '') ?? []
  if (file === undefined) return null
  const marker = lines.slice(1, 4).find(line => /^\s*\^+\s*$/.test(line))
  return {
    file: toPath(file),
    line: Number(row),
    column: marker === undefined ? null : marker.indexOf('^') + 1
  }
}

/** A file URL as a path; anything else as it is. */
function toPath(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    return fileURLToPath(file.replace(/[?#].*$/, ''))
  } catch {
    // A host that is none of ours.
    return file
  }
}
