/**
 * Opens a SQLite file that several workers share; used by the catalog and the accounts application.
 *
 * Anything two workers must agree on lives in such a file, never in a variable of a module: each worker
 * thread has its own copy of every module, so a counter or a map in memory would be right in one worker
 * and wrong in all others.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const busyTimeoutMs = 5000

/** Directory of the shop's files: `SHOP_DATA`, by default `data/` beside the configuration. Made if missing. */
export function dataDirectory(): string {
  const directory = process.env['SHOP_DATA'] ?? join(import.meta.dirname, '..', 'data')
  mkdirSync(directory, { recursive: true })
  return directory
}

/**
 * Opens a database and brings it to life when it is empty. Any number of workers may do so at once: the
 * first to get the write lock runs `create` inside a transaction, the others wait and find it done.
 *
 * @throws whatever `create` throws; the file is then as empty as before.
 */
export function openDatabase(file: string, create: (database: DatabaseSync) => void): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    useWriteAheadLog(database)
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('PRAGMA foreign_keys = ON')
    transaction(database, () => {
      if (readVersion(database) > 0) return
      create(database)
      database.exec('PRAGMA user_version = 1')
    })
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

/** Runs `work` with the write lock held from its first line, so that what it reads is still true when it writes. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/**
 * Readers and the writer do not block one another with a write-ahead log. SQLite answers BUSY at once,
 * without its usual patience, when two connections switch a new file at the same moment; then one of them
 * succeeds, so trying again is enough.
 */
function useWriteAheadLog(database: DatabaseSync): void {
  const deadline = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20)
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}
