/**
 * Turns passwords into scrypt hashes and checks them.
 *
 * Asynchronous on purpose: the work happens on node's thread pool, and the worker goes on answering.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt)
const cost = { N: 16_384, r: 8, p: 1 }
const keyBytes = 32

/** What is compared when there is no such user, so that a wrong name takes as long as a wrong password. */
const nobody = `scrypt$${cost.N}$${cost.r}$${cost.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** Hash of a password with its parameters and a fresh salt, in one string for one column. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, keyBytes, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Whether a password belongs to a stored hash; `null` stands for a user who does not exist and is never right. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const [kind, N, r, p, salt, key] = (stored ?? nobody).split('$')
  if (kind !== 'scrypt' || salt === undefined || key === undefined)
    throw new Error('A stored password is damaged.')
  const expected = Buffer.from(key, 'base64url')
  const parameters = { N: Number(N), r: Number(r), p: Number(p) }
  const actual = await derive(password, Buffer.from(salt, 'base64url'), expected.length, parameters)
  return timingSafeEqual(actual, expected) && stored !== null
}
