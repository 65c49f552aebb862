/**
 * Where code is in the source that source maps name.
 *
 * Runs in worker threads, when the main thread wants to know where this one is or what it does. It reads files, which
 * takes time from a thread that may have none: each at most once, and none that is very large.
 */
import { readFileSync, statSync } from 'node:fs'
import { findSourceMap, SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Source and map that are read at most, in bytes. */
const bytesMax = 16 * 1024 * 1024

/** A place in a file. Line and column from 1. */
export interface SourcePlace {
  /** Absolute path, or a URL of a scheme of a bundler's own. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A source map and the directory its sources are relative to. */
interface OpenMap {
  readonly map: SourceMap
  readonly directory: string
}

/** Places by the maps of the files they are in. The maps are kept as long as this is. */
export class SourcePlaces {
  readonly #maps = new Map<string, OpenMap | null>()

  /** The place in the original source; `null` for a file without a map, and a place that is not in it. */
  original({ file, line, column }: SourcePlace): SourcePlace | null {
    let open = this.#maps.get(file)
    if (open === undefined) this.#maps.set(file, (open = openMap(file)))
    if (open === null) return null
    const { map, directory } = open
    const origin = map.findOrigin(line, column)
    if (!('fileName' in origin)) return null
    return {
      file: toPath(origin.fileName, directory),
      line: origin.lineNumber,
      column: origin.columnNumber
    }
  }
}

function toPath(source: string, directory: string): string {
  if (source.startsWith('file:')) return fileURLToPath(source)
  // A scheme of a bundler's own (`webpack://…`) is no place on this disk.
  return /^\w[\w+.-]+:/.test(source) ? source : resolve(directory, source)
}

/** The map node keeps with `--enable-source-maps`, else the one the file names at its end. */
function openMap(file: string): OpenMap | null {
  try {
    const known = findSourceMap(file)
    if (known !== undefined) return { map: known, directory: dirname(file) }
    const url = /\n\/\/[#@] ?sourceMappingURL=(\S+)\s*$/.exec(readCapped(file))?.[1]
    if (url === undefined) return null
    const inline = /^data:[^,]*;base64,/.exec(url)
    const path = resolve(dirname(file), inline ? '' : decodeURIComponent(url))
    const text = inline
      ? Buffer.from(url.slice(inline[0].length), 'base64').toString('utf8')
      : readCapped(path)
    const payload: ConstructorParameters<typeof SourceMap>[0] = JSON.parse(text)
    return {
      map: new SourceMap(payload),
      directory: resolve(inline ? dirname(file) : dirname(path), payload.sourceRoot ?? '')
    }
  } catch {
    // No map, or one that is broken: the place in the file that runs is still a place.
    return null
  }
}

function readCapped(file: string): string {
  return statSync(file).size > bytesMax ? '' : readFileSync(file, 'utf8')
}
