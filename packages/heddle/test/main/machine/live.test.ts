/**
 * A whole server whose application keeps what it should let go, in a container on paper: what is used is the real memory
 * of this process, and the limit is not far from there. The system test beside it does the same with a real one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MachineLimits } from '../../../src/config/machine/machine.ts'
import type { MachineUse } from '../../../src/config/machine/machine-use.ts'
import type { MachineSource } from '../../../src/main/machine/guarded.ts'
import { startServer } from '../live-server.ts'
import { mebibyte } from './paper-machine.ts'

/** A container that allows this process so much more than it has now. */
function containerWith(moreBytes: number): MachineSource & { readonly peak: () => number } {
  const limitBytes = process.memoryUsage.rss() + moreBytes
  let mostUsed = 0
  const limits: MachineLimits = {
    cpus: 2,
    allowed: null,
    quotaGroup: null,
    memoryLimitBytes: limitBytes,
    memoryGroups: []
  }
  return {
    limits,
    refresh: () => limits,
    use: (): MachineUse => {
      const usedBytes = process.memoryUsage.rss()
      mostUsed = Math.max(mostUsed, usedBytes)
      const memory = { limitBytes, usedBytes, freeBytes: limitBytes - usedBytes, isContainer: true }
      return { cpuMs: 0, throttling: null, cpuPressure: null, memoryPressure: null, memory }
    },
    peak: () => mostUsed / limitBytes
  }
}

test('A worker that hoards memory is replaced before the container is full, and no request is lost', async t => {
  const container = containerWith(256 * mebibyte)
  const { server, url, next } = await startServer(t, 'hoards/index.js', { workers: 2, machine: container })
  const strained = next('machine:strained')
  const replaced = next('worker:replaced', ({ reason }) => reason === 'memory')
  const statuses = new Map<number, number>()
  const over = new AbortController()
  let path = '/keep'
  const client = async (method: string): Promise<void> => {
    while (!over.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- One request after another, as a client sends them.
      const response = await fetch(`${url}${path}`, { method })
      // oxlint-disable-next-line no-await-in-loop
      await response.text()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  }
  const clients = ['GET', 'POST'].map(client)
  const { worker, heldBytes, limitBytes } = await strained
  // From here on nothing is kept: how much would be until there is a successor is a matter of how busy the machine is.
  path = '/'
  assert.ok(worker !== null && heldBytes > 16 * mebibyte)
  assert.equal(limitBytes, container.limits.memoryLimitBytes)
  assert.equal((await replaced).worker, worker)
  over.abort()
  await Promise.all(clients)
  assert.deepEqual([...statuses.keys()], [200])
  assert.ok(container.peak() < 1, 'the limit was never reached')
  const status = server.status()
  const reasons = status.applications[0]?.workers.map(({ restartReasons }) => restartReasons['memory'] ?? 0)
  assert.deepEqual(reasons?.toSorted(), [0, 1])
  assert.partialDeepStrictEqual(status.machine, { cpus: 2, memoryLimit: limitBytes, memoryLimited: true })
  const metrics = await server.operations.metrics({})
  assert.match(metrics, /^heddle_machine_cpus 2$/m)
  assert.match(metrics, new RegExp(`^heddle_machine_memory_limit_bytes ${limitBytes}$`, 'm'))
  assert.match(metrics, /^heddle_machine_memory_used_bytes \d+$/m)
})
