/** Lives through random schedules of everything that can happen to applications; see `simulation.ts`. */
import { test } from 'node:test'

import { live } from './simulation.ts'

/** How many lives; they are told apart by their seeds, counted from the first. */
const seeds = Number(process.env['HEDDLE_SIMULATION_SEEDS'] ?? 100)
const first = Number(process.env['HEDDLE_SIMULATION_FIRST'] ?? 1)

test(`what has to hold for workers holds at every step of ${seeds} random lives`, async () => {
  // oxlint-disable-next-line no-await-in-loop -- One after another: which failed first is to be the same each time.
  for (let seed = first; seed < first + seeds; seed++) await live(seed)
})
