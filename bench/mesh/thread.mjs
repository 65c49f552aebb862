/**
 * A worker of a measurement: serves its application, makes load when it is told to, and tells what it used.
 *
 * Runs in a worker thread started by `cast.mjs`. It ends with its process.
 */
import { workerData } from 'node:worker_threads'

import { createApplication } from './applications.mjs'
import { answerCalls } from './calls.mjs'
import { performer } from './performer.mjs'

const { control, side, seat, application, size } = workerData
const { join } = await import(`./sides/${side}.mjs`)
const served = await createApplication(application, size)
const { connect, told } = await join(seat, served)

answerCalls(control, { ...performer(connect), started: () => told ?? null })
