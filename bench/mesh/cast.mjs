/**
 * The threads of one measurement: the main thread opens a side and gives each worker its seat.
 *
 * Runs in the main thread of a process that measures one side once.
 */
import { MessageChannel, Worker } from 'node:worker_threads'

import { callsOver } from './calls.mjs'
import { performer } from './performer.mjs'

const thread = new URL('thread.mjs', import.meta.url)

/**
 * @param {string} side
 * @param {object} settings of the side, for example which build it is
 */
export async function assemble(side, settings) {
  const { open } = await import(`./sides/${side}.mjs`)
  const host = await open(settings)
  return {
    /**
     * Starts a worker that answers as `name`. Resolves when every caller can reach it; `joinMs` is how long
     * that took once the worker was ready itself, null where nobody can say.
     */
    async start(name, application, size) {
      const seat = host.seat(name)
      const { port1, port2 } = new MessageChannel()
      const worker = new Worker(thread, {
        workerData: { control: port2, side, seat: seat.data, application, size },
        transferList: [port2, ...(seat.transferList ?? [])]
      })
      const failed = new Promise((resolve, reject) => {
        worker.once('error', reject)
        worker.once('exit', code => reject(new Error(`The worker ${name} ended with code ${code}.`)))
      })
      const joining = seat.begun?.(worker, application)
      const call = callsOver(port1)
      const told = await Promise.race([call('started'), failed])
      const startedAt = performance.now()
      await Promise.race([Promise.all([joining, seat.ready?.(told)]), failed])
      const joinMs = seat.ready ? performance.now() - startedAt : null
      failed.catch(error => {
        process.stderr.write(`${error.stack}\n`)
        process.exit(1)
      })
      return { call, joinMs, url: host.urlOf(name) }
    },
    /** The main thread as a client. */
    main() {
      const methods = performer(host.connect)
      return { call: (method, ...args) => methods[method](...args) }
    }
  }
}
