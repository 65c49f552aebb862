/**
 * A worker thread that serves a fixture on a port, for comparison with the mesh, and calls the fixture's
 * functions when the test asks. Its other half is `both-sides.ts`.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

import type { Call, Reply } from '../fixtures/fleet.ts'

const { fixture } = workerData as { fixture: string }
const loaded = (await import(fixture)) as { target: Server; [name: string]: unknown }

parentPort?.on('message', (call: Call) => {
  void answer(call)
})
loaded.target.listen(0, '127.0.0.1', () => {
  parentPort?.postMessage({ id: 0, port: (loaded.target.address() as AddressInfo).port })
})

async function answer({ id, name, args }: Call): Promise<void> {
  try {
    const action = loaded[name]
    if (typeof action !== 'function') throw new TypeError(`The fixture has no function ${name}.`)
    const value: unknown = await (action as (...args: unknown[]) => unknown)(...args)
    parentPort?.postMessage({ id, value } satisfies Reply)
  } catch (error) {
    parentPort?.postMessage({ id, error: String(error) } satisfies Reply)
  }
}
