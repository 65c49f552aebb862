/**
 * The application of the real run: each request blocks its event loop for a time, most of it without CPU, as a
 * synchronous query does. So a machine with two CPUs has use for more workers than two.
 *
 * Runs in the workers of Heddle.
 */
import { createServer } from 'node:http'
import { performance } from 'node:perf_hooks'
import { threadId } from 'node:worker_threads'

import { createDice } from './dice.mjs'

const workMs = Number(process.env.SCALING_WORK_MS)
const blockMs = Number(process.env.SCALING_BLOCK_MS)
const dice = createDice(threadId)
const nothing = new Int32Array(new SharedArrayBuffer(4))

function burn(ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
}

createServer((_request, response) => {
  const length = dice.length()
  burn(workMs * length)
  Atomics.wait(nothing, 0, 0, blockMs * length)
  response.end('done')
}).listen(Number(process.env.PORT))
