/**
 * Appends whole lines to the log file, from whichever thread it is called in.
 *
 * Every thread has the file open itself and appends with O_APPEND: the operating system puts each line after the last
 * one, whole. The main thread renames the file when it is full; a cell of shared memory tells the others, who open the
 * new one before their next line. A line that is written in between is in the renamed file: none is lost or twice.
 */
import fs, { constants } from 'node:fs'
import { dirname } from 'node:path'

import { Cell } from './log-cells.ts'
import type { LogCells } from './log-cells.ts'
import { makeDirectory } from './make-directory.ts'

// Kept before anything of an application can put something else in its place.
const { closeSync, openSync, writeSync } = fs

/** Milliseconds after which a file that could not be written is tried again. */
export const retryMs = 1000

/** What is no file but a pipe that nobody reads must not hold a thread up. */
const appending = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)

/** Lines may hold what is nobody else's business. */
const fileMode = 0o640

/** Something about the log file that an operator has to know; told once, by whichever thread finds it. */
export type FileNews =
  /** It cannot be written: why, in the words of the operating system. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It is written again; so many lines are missing in it. */
  | { readonly kind: 'recovered'; readonly lost: number }

/** The way of one thread to the log file. It never throws. */
export class LogFile {
  readonly #path: string
  readonly #shared: LogCells
  readonly #tell: (news: FileNews) => void
  #fd: number | null = null
  #epoch = 0
  #retryAt = 0

  /** @param path Absolute. Its directory is made when it is missing. */
  constructor(path: string, shared: LogCells, tell: (news: FileNews) => void) {
    this.#path = path
    this.#shared = shared
    this.#tell = tell
  }

  /** Appends lines, each with its newline. False when they are not in the file. */
  write(bytes: Buffer): boolean {
    const { cells } = this.#shared
    if (this.#fd === null && performance.now() < this.#retryAt) return this.#miss()
    let written = 0
    let isTorn = false
    try {
      const fd = this.#open()
      isTorn = Atomics.exchange(cells, Cell.fileTorn, 0) === 1
      if (isTorn) writeSync(fd, '\n')
      isTorn = false
      while (written < bytes.length) written += writeSync(fd, bytes, written)
    } catch (error) {
      if (isTorn || written > 0) Atomics.store(cells, Cell.fileTorn, 1)
      this.close()
      this.#retryAt = performance.now() + retryMs
      this.#miss()
      const isFirst = Atomics.exchange(cells, Cell.fileTrouble, 1) === 0
      if (isFirst)
        this.#tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
      return false
    }
    if (Atomics.load(cells, Cell.fileTrouble) === 1 && Atomics.exchange(cells, Cell.fileTrouble, 0) === 1) {
      this.#tell({ kind: 'recovered', lost: Atomics.exchange(cells, Cell.fileLost, 0) })
    }
    return true
  }

  /** Closes it; the next line opens it again. */
  close(): void {
    if (this.#fd === null) return
    try {
      closeSync(this.#fd)
    } catch {
      // Somebody in this process has closed it.
    }
    this.#fd = null
  }

  #open(): number {
    const epoch = Atomics.load(this.#shared.cells, Cell.fileEpoch)
    if (this.#fd !== null && epoch === this.#epoch) return this.#fd
    this.close()
    this.#epoch = epoch
    this.#fd = this.#openOrMake()
    return this.#fd
  }

  #openOrMake(): number {
    try {
      return openSync(this.#path, appending, fileMode)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      makeDirectory(dirname(this.#path))
      return openSync(this.#path, appending, fileMode)
    }
  }

  #miss(): false {
    Atomics.add(this.#shared.cells, Cell.fileLost, 1)
    return false
  }
}
