/**
 * Lives through some of the schedules and reports what they came to. Worker thread, so that what a
 * schedule puts in the place of node's clock and ports is nobody else's.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { runSchedule, type Tally } from './schedule.ts'

const { seeds } = workerData as { seeds: readonly number[] }
const tally: Tally = {}
for (const seed of seeds) {
  try {
    await runSchedule(seed, tally)
  } catch (error) {
    throw new Error(`The schedule of HEDDLE_FAULT_SEED=${seed} failed`, { cause: error })
  }
}
parentPort?.postMessage(tally)
