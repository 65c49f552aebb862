/**
 * Finds the key that signs the session cookies: `SHOP_SESSION_KEY`, or one made at the first start and
 * kept beside the databases, so that sessions survive a restart and all workers sign alike.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const shortestKey = 32

/**
 * The key for signing, the same in every worker.
 *
 * @throws when `SHOP_SESSION_KEY` is set and shorter than 32 characters.
 */
export function readSessionKey(directory: string): string {
  const given = process.env['SHOP_SESSION_KEY']
  if (given === undefined || given === '') return readOrMakeKey(join(directory, 'session.key'))
  if (given.length >= shortestKey) return given
  throw new Error(`SHOP_SESSION_KEY: expected at least ${shortestKey} characters, got ${given.length}.`)
}

/** A link fails when its name exists, so of many workers that start at once exactly one key wins, complete. */
function readOrMakeKey(file: string): string {
  const own = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(own, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' })
  try {
    linkSync(own, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(own)
  }
  return readFileSync(file, 'utf8')
}
