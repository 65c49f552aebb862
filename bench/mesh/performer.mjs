/**
 * What any thread of a measurement can do: make load, profile itself, say what CPU time it has used.
 *
 * Runs in each of them, the main thread too.
 */
import { Session } from 'node:inspector/promises'

import { generate } from './generator.mjs'
import { operationOf } from './operations.mjs'

/** What this thread alone has used, in microseconds. */
function threadCpuUs() {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/**
 * @param {(target: { url: string, inFlight: number }) => object | Promise<object>} connect makes the side's client
 * @returns {Record<string, (...args: any[]) => Promise<unknown>>}
 */
export function performer(connect) {
  let operate = null
  let session = null
  return {
    async aim(workload, url) {
      const client = await connect({ url, inFlight: workload.inFlight })
      operate = operationOf(workload, client, url)
      await operate()
    },
    load: extent => generate(operate, extent),
    async visit(urls) {
      const { request } = await connect({ url: urls[0], inFlight: 1 })
      for (const url of urls) {
        // oxlint-disable-next-line no-await-in-loop -- one visit after the other.
        const { body } = await request(url)
        // oxlint-disable-next-line no-await-in-loop -- as above.
        await body.text()
      }
    },
    async collect() {
      globalThis.gc()
    },
    cpuUs: async () => threadCpuUs(),
    async startProfile(interval) {
      session = new Session()
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval })
      await session.post('Profiler.start')
    },
    async stopProfile() {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      return profile
    }
  }
}
