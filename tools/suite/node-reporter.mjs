/**
 * A reporter for `node --test`, and for runners built on it, that writes one line of JSON for each test. Runs in
 * the process of a suite; what is written is read by `outcomes.ts`.
 */
import { appendFileSync } from 'node:fs'

/** Takes the stream of events of `node:test` and prints nothing but failures. */
// eslint-disable-next-line import/no-default-export -- this is what node asks of a reporter
export default async function* report(events) {
  const tree = new Tree()
  for await (const { type, data } of events) {
    if (type === 'test:start') tree.enter(data)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const path = tree.leave(data)
    const error = data.details?.error
    if (path === null) continue
    const skipped = data.skip !== undefined || data.todo !== undefined
    const outcome = skipped ? 'skip' : type.slice('test:'.length)
    const line = { test: path.join(' > '), file: data.file, outcome, message: messageOf(error) }
    appendFileSync(process.env.HEDDLE_SUITE_LEDGER, `${JSON.stringify(line)}\n`)
    if (outcome === 'fail') yield `not ok ${line.file} ${line.test}\n${line.message}\n`
  }
}

/** Knows in which tests a test is. */
class Tree {
  /** Names of the tests under way, by file: nesting says which of them are ancestors. */
  #open = new Map()
  /** Tests that had tests in them, by nesting and file. */
  #parents = new Set()

  enter({ file, name, nesting }) {
    this.#open.set(file, [...this.#pathOf(file, nesting), name])
  }

  /** The names of a finished test and of those it is in; `null` when its own tests speak for it. */
  leave({ file, name, nesting, details }) {
    const isParent = this.#parents.delete(`${nesting} ${file}`)
    this.#parents.add(`${nesting - 1} ${file}`)
    const error = details?.error
    if (isParent && (error === undefined || error.failureType === 'subtestsFailed')) return null
    return [...this.#pathOf(file, nesting), name]
  }

  #pathOf(file, nesting) {
    return (this.#open.get(file) ?? []).slice(0, nesting)
  }
}

function messageOf(error) {
  return error === undefined ? undefined : String(error.cause?.stack ?? error.cause ?? error.message)
}
