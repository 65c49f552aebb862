/**
 * Renames the log file when it is full or old, and deletes the oldest ones.
 *
 * Main thread only, and never synchronously: a slow disk holds nothing up. It writes no line itself; that every thread
 * opens the new file is the business of `shared/log-file.ts`, which looks at the cell that is changed here.
 */
import { constants } from 'node:fs'
import { access, readdir, readlink, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import type { Cancel, Clock } from '../../shared/clock.ts'
import { Cell } from '../../shared/log-cells.ts'

/** When the file is renamed. Bytes and milliseconds; 0 for never. */
export interface RotationRules {
  /** Absolute. */
  readonly path: string
  readonly maxSize: number
  readonly maxAge: number
  /** How many renamed files are kept. */
  readonly keep: number
}

/** What the disk says of the file. */
export interface FileFacts {
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly bornAt: number
}

/** Whether the file is to be renamed. An empty one never is. */
export function isRotationDue({ size, bornAt }: FileFacts, rules: RotationRules, now: number): boolean {
  if (size === 0) return false
  return (rules.maxSize > 0 && size >= rules.maxSize) || (rules.maxAge > 0 && now - bornAt >= rules.maxAge)
}

/** `heddle.log.20261121T153012.123Z`: sorted by name they are sorted by time. */
export function rotatedName(path: string, time: number, attempt = 0): string {
  const stamp = new Date(time).toISOString().replaceAll(/[-:]/g, '')
  return `${path}.${stamp}${attempt === 0 ? '' : `-${attempt}`}`
}

/** Which of the files beside the log file are renamed ones that are too many, the oldest first. */
export function surplusFiles(
  names: readonly string[],
  rules: Pick<RotationRules, 'path' | 'keep'>
): string[] {
  const base = `${basename(rules.path)}.`
  const rotated = names
    .filter(name => name.startsWith(base) && /^\d{8}T\d{6}\.\d{3}Z(-\d+)?$/.test(name.slice(base.length)))
    .toSorted()
  return rotated.slice(0, Math.max(0, rotated.length - rules.keep))
}

/** Milliseconds between two looks at the file. */
export const lookMs = 1000

/** What a rotation needs. */
export interface RotationOptions {
  readonly rules: RotationRules
  /** Of `shared/log-cells.ts`. */
  readonly cells: Int32Array
  readonly clock: Clock
  /** Told once for each thing that fails, and again only after it has worked. */
  failed(what: string, reason: string): void
}

/** The rotation of one log file. */
export class Rotation {
  readonly #options: RotationOptions
  #cancel: Cancel | null = null
  #isStopped = false
  /** Which file it was at the last look, and since when it is known; `null` when there was none. */
  #known: { readonly inode: number; readonly since: number } | null = null
  #hasFailed = false

  constructor(options: RotationOptions) {
    this.#options = options
  }

  /** Looks from now on. */
  start(): void {
    this.#plan()
  }

  /** Stops looking. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  /** Looks once, and does what is due. Never rejects. */
  async look(): Promise<void> {
    const { rules } = this.#options
    try {
      const now = Date.now()
      const file = await stat(rules.path).catch(noFile)
      // Nobody knows whether the one that threads have open has been put away since the last look.
      if (file?.ino !== this.#known?.inode || file === null) this.#renew()
      if (file === null) {
        this.#known = null
        return
      }
      // Somebody else has put another file in its place, as logrotate does.
      if (this.#known?.inode !== file.ino) this.#known = { inode: file.ino, since: now }
      // Not every file system knows when a file was made.
      const bornAt = file.birthtimeMs > 0 ? file.birthtimeMs : this.#known.since
      if (file.isFile() && isRotationDue({ size: file.size, bornAt }, rules, now)) await this.rotate()
      this.#hasFailed = false
    } catch (error) {
      this.#tell(error)
    }
  }

  /** Renames the file and deletes the oldest ones. @throws what the file system says. */
  async rotate(): Promise<void> {
    const { path: given, keep } = this.#options.rules
    const path = await fileBehind(given)
    if (path === null) return
    const now = Date.now()
    let attempt = 0
    // oxlint-disable-next-line no-await-in-loop -- One name after another.
    while (await exists(rotatedName(path, now, attempt))) attempt++
    await rename(path, rotatedName(path, now, attempt))
    this.#known = null
    this.#renew()
    const directory = dirname(path)
    const surplus = surplusFiles(await readdir(directory), { path, keep })
    await Promise.all(surplus.map(name => rm(join(directory, name), { force: true })))
  }

  /** Every thread opens the file again before its next line. */
  #renew(): void {
    Atomics.add(this.#options.cells, Cell.fileEpoch, 1)
  }

  #plan(): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.after(lookMs, () => void this.look().then(() => this.#plan()))
  }

  #tell(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const reason = error instanceof Error ? error.message : String(error)
    this.#options.failed('The log file cannot be renamed: it goes on growing.', reason)
  }
}

function noFile(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}

/** Links that are followed at most. */
const linksMax = 40

/**
 * The file itself: a link to it stays, and the renamed files are beside the file. `null` for what is a descriptor of
 * the process, such as /dev/stdout: whoever opens that again gets the same file under whatever name.
 */
async function fileBehind(path: string): Promise<string | null> {
  let file = path
  for (let links = 0; links < linksMax; links++) {
    if (/^\/(?:dev|proc)\//.test(file)) return null
    // oxlint-disable-next-line no-await-in-loop -- One link after another.
    const target = await readlink(file).catch(noLink)
    if (target === null) break
    file = resolve(dirname(file), target)
  }
  return file
}

function noLink(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return null
  throw error
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK)
    return true
  } catch {
    // ENOENT: the name is free. Anything else is found out by the rename.
    return false
  }
}
