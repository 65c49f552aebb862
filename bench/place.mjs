/**
 * Where things are: the paths and the Node.js binary every part of a benchmark agrees on.
 *
 * Runs in the process of `run.mjs`. It only names places, it creates none but the scratch directory.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** This directory. */
export const bench = import.meta.dirname

/** The root of the repository. */
export const root = join(bench, '..')

/** Where published results lie; `raw` below it is for everything that is not committed. */
export const results = join(bench, 'results')

const pinned = join(root, 'node_modules', 'node', 'bin', 'node')

/**
 * The Node.js all contenders run on: that of `HEDDLE_BENCH_NODE`, else the one the repository pins, else the one
 * that runs this.
 */
export const node = process.env.HEDDLE_BENCH_NODE ?? (existsSync(pinned) ? pinned : process.execPath)

/** The `heddle` command of the checkout; it prefers `dist`. */
export const heddle = join(root, 'packages', 'heddle', 'bin', 'heddle.js')

/** The file without which `heddle` would run from type-stripped source, which is not what is measured. */
export const heddleBuilt = join(root, 'packages', 'heddle', 'dist', 'cli', 'main.js')

/** A directory of this run alone, removed when the process ends. */
export const scratch = mkdtempSync(join(tmpdir(), 'heddle-bench-'))

process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }))

/** Absolute path of the application with this name. */
export function applicationEntry(name) {
  return join(bench, 'applications', `${name}.mjs`)
}
