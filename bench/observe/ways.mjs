/**
 * The ways in which a worker can be held up: in JavaScript or in native code, using a processor or waiting.
 *
 * Runs in the workers of application.mjs.
 */
import { execFileSync } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'

const cell = new Int32Array(new SharedArrayBuffer(4))
const probeRounds = 20_000

function hash(rounds) {
  pbkdf2Sync('password', 'salt', Math.max(1, Math.round(rounds)), 64, 'sha512')
}

function left(until) {
  return Math.max(0, until - Date.now())
}

/**
 * Each returns at the moment `until` of `Date.now()`.
 * @type {Record<string, (until: number) => void>}
 */
export const ways = {
  loop: until => {
    let turns = 0
    while (Date.now() < until) turns++
    return turns
  },
  // One call that nobody can interrupt for most of the time, then short ones, since nobody knows how long it takes.
  hash: until => {
    const startedAt = performance.now()
    hash(probeRounds)
    const roundsPerMs = probeRounds / (performance.now() - startedAt)
    hash(left(until) * 0.8 * roundsPerMs)
    while (left(until) > 0) hash(left(until) * 0.5 * roundsPerMs)
  },
  wait: until => {
    while (left(until) > 0) Atomics.wait(cell, 0, 0, left(until))
  },
  child: until => {
    execFileSync('sleep', [`${left(until) / 1000}`])
  }
}
