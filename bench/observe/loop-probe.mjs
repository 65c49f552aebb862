/**
 * Measures how late the event loop of the main thread is: loaded into a contender with `--import`.
 *
 * Runs in the process of the contender. Every millisecond a timer looks how late it is; what is late by a millisecond or
 * more is written down with its time, a few times a second and without waiting for the disk.
 */
import { appendFile } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const everyMs = 1
const writeEveryMs = 200

const file = process.env.OBSERVE_LOOP
if (isMainThread && file !== undefined) {
  let late = []
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    const delayMs = now - last - everyMs
    last = now
    if (delayMs >= 1) late.push(`${Date.now()} ${delayMs.toFixed(2)}\n`)
  }, everyMs).unref()
  setInterval(() => {
    appendFile(file, late.join(''), () => {})
    late = []
  }, writeEveryMs).unref()
}
