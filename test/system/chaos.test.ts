/**
 * A few seconds of chaos: what `npm run bench -- chaos` does for a minute each, held to what it promises. No
 * request fails, no POST runs twice, whatever happens to the workers.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'

const command = join(import.meta.dirname, '../../bench/chaos/command.mjs')
const run = promisify(execFile)

/** What the command prints, as far as it is looked at here. */
interface Figures {
  readonly requests: number
  readonly failed: number
  readonly failedByKind: object
  readonly duplicates: number
  readonly withoutVerdict: number
  readonly times: number
  readonly notes: readonly string[]
  readonly places: number
  readonly versions: number
  readonly samples: readonly object[]
}

async function play(contender: string, scenario: string, seconds: number): Promise<Figures> {
  const args = [command, contender, scenario, String(seconds), '--light', '--source']
  const env = { PATH: process.env['PATH'], HEDDLE_BENCH_NODE: process.execPath }
  const { stdout } = await run(process.execPath, args, { env, timeout: 55_000 })
  return JSON.parse(stdout)
}

const edge = [
  { contender: 'heddle-edge', scenario: 'restart', seconds: 2, places: 8, versions: 1 },
  { contender: 'heddle-edge', scenario: 'single', seconds: 2, places: 2, versions: 1 },
  { contender: 'heddle-edge', scenario: 'reload', seconds: 2, places: 8, versions: 2 },
  { contender: 'heddle-edge', scenario: 'broken', seconds: 2, places: 4, versions: 1 },
  { contender: 'heddle-edge', scenario: 'scale', seconds: 2, places: 7, versions: 1 },
  { contender: 'heddle-edge', scenario: 'crash', seconds: 4, places: 5, versions: 1 }
]
const handoff = [
  { contender: 'heddle-handoff', scenario: 'restart', seconds: 2, places: 8, versions: 1 },
  { contender: 'heddle-handoff', scenario: 'crash', seconds: 4, places: 5, versions: 1 }
]
suite('chaos', { concurrency: 2 }, () => {
  for (const { contender, scenario, seconds, places, versions } of [...edge, ...handoff]) {
    test(`${contender} loses nothing in the scenario ${scenario}`, async () => {
      const figures = await play(contender, scenario, seconds)
      const { failed, duplicates, withoutVerdict, notes } = figures
      const told = JSON.stringify(figures)
      assert.deepEqual([failed, duplicates, withoutVerdict, notes], [0, 0, 0, []], told)
      assert.ok(figures.requests > 0, told)
      assert.ok(figures.times > 0, told)
      // What was to happen has happened: fresh workers have answered, with new code where it was changed.
      assert.ok(figures.places >= places, told)
      assert.ok(figures.versions >= versions, told)
    })
  }
})
