/**
 * `node bench/chaos/command.mjs <contender> <scenario> [seconds] [--source]`: one scenario, its figures as JSON.
 *
 * Runs in a process of its own; ends everything it has started. `--source` runs Heddle from its sources.
 */
import { parseArgs } from 'node:util'

import { killEverythingAtExit } from '../processes.mjs'
import { chaosContenders } from './contenders.mjs'
import { play, usualLoad } from './play.mjs'
import { scenarios } from './scenarios.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { source: { type: 'boolean', default: false }, light: { type: 'boolean', default: false } }
})
const [contender, scenario, seconds = '10'] = positionals
if (!(contender in chaosContenders) || !(scenario in scenarios) || !(Number(seconds) > 0)) {
  process.stderr.write(
    `Contenders: ${Object.keys(chaosContenders).join(', ')}. Scenarios: ${Object.keys(scenarios).join(', ')}.\n`
  )
  process.exit(2)
}
killEverythingAtExit()
const load = values.light
  ? Object.fromEntries(Object.entries(usualLoad).map(([kind, size]) => [kind, Math.ceil(size / 4)]))
  : usualLoad
const nodeArgs = values.source ? ['--conditions=@heddle/source'] : []
const figures = await play({ contender, scenario, seconds: Number(seconds), load, nodeArgs })
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
