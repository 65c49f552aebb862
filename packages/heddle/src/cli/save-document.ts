/**
 * Writes what a server sends into a file: a profile, a heap snapshot. All of it or nothing.
 *
 * Main thread of a command. It is never kept as a whole: a heap snapshot may have gigabytes.
 */
import { createWriteStream, existsSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { HeddleError } from '../errors.ts'
import { paint } from './paint.ts'
import { size } from './terminal/amounts.ts'

/** Where a document goes, and how that is told. */
export interface Destination {
  /** The file; `-` is standard output. */
  readonly path: string
  /** Whether the file may be there already. */
  readonly mayReplace: boolean
  /** Whether nothing is shown meanwhile: somebody else has the terminal. */
  readonly isQuiet?: boolean
}

/** A file name for a document: `api-1-20260704-153012.cpuprofile`, in local time. */
export function documentName(worker: string, extension: string, at: Date): string {
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`
  const time = `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
  return `${worker.replaceAll(/[^\w.-]+/g, '-')}-${day}-${time}.${extension}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Where a document goes: to what was typed for `--output`, or to a file of that name, which must not be there. */
export function destinationOf(output: unknown, name: string): Destination {
  return typeof output === 'string' ? { path: output, mayReplace: true } : { path: name, mayReplace: false }
}

/**
 * Writes the answer and resolves with the number of its bytes. How far it is, is shown on a terminal.
 *
 * @throws HEDDLE_CONNECTION_LOST when it broke off, HEDDLE_FILE_FAILED when the file cannot be written. No file is left
 * that was not there before.
 */
export async function saveDocument(
  response: IncomingMessage,
  { path, mayReplace, isQuiet = false }: Destination,
  asked: string
): Promise<number> {
  let bytes = 0
  const progress = startProgress(isQuiet)
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      progress.show(bytes)
      done(null, chunk)
    }
  })
  // What was there before may be anything, a device too, and is not ours to remove.
  const isOurs = path !== '-' && !existsSync(path)
  try {
    if (path === '-') await pipeline(response, count, process.stdout, { end: false })
    else await pipeline(response, count, createWriteStream(path, { flags: mayReplace ? 'w' : 'wx' }))
    return bytes
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    // Who reads it has seen enough.
    if (path === '-' && code === 'EPIPE') return bytes
    if (isOurs) rmSync(path, { force: true })
    const isOfFile = syscall === 'open' || syscall === 'write' || code === 'ENOSPC'
    if (!isOfFile) throw new HeddleError('HEDDLE_CONNECTION_LOST', { pid: null, asked })
    const reason = code === 'EEXIST' ? 'it is there already' : (error as Error).message
    throw new HeddleError('HEDDLE_FILE_FAILED', { path, reason })
  } finally {
    progress.end()
  }
}

/** Milliseconds between two lines of progress. */
const progressMs = 100

/** Shows how much has come, in one line of a terminal that it takes away at the end. */
function startProgress(isQuiet: boolean): { show(bytes: number): void; end(): void } {
  const out = process.stderr
  if (isQuiet || !out.isTTY) return { show() {}, end() {} }
  let shownAt = -Infinity
  return {
    show(bytes) {
      const now = performance.now()
      if (now - shownAt < progressMs) return
      shownAt = now
      out.write(`\r\u001B[K${paint('dim', `  ${size(bytes)} written`, out)}`)
    },
    end() {
      if (shownAt !== -Infinity) out.write('\r\u001B[K')
    }
  }
}
