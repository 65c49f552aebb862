/** Tests of the CPU time of one thread, as the system tells it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { osThreadCpuMs, osThreadCpuWaitMs } from '../../../src/main/metrics/thread-cpu.ts'
import { osThread } from '../../../src/worker/blocked.ts'

function silent(): string {
  throw new Error('ENOENT')
}

test('osThreadCpuMs() reads what the system says, and null where it says nothing', () => {
  const paths: string[] = []
  const saying = (text: string) => (path: string) => {
    paths.push(path)
    return text
  }
  assert.equal(osThreadCpuMs(77, saying('2500000000 1200 15\n')), 2500)
  assert.equal(osThreadCpuWaitMs(77, saying('2500000000 1200000 15\n')), 1.2)
  assert.equal(osThreadCpuWaitMs(77, saying('2500000000')), null)
  assert.equal(osThreadCpuMs(77, saying('')), null)
  assert.equal(osThreadCpuMs(77, silent), null)
  assert.equal(osThreadCpuMs(null, silent), null)
  assert.deepEqual(new Set(paths), new Set(['/proc/self/task/77/schedstat']))
})

test('osThreadCpuMs() of this thread grows with what it computes', () => {
  const thread = osThread()
  // Linux alone knows.
  const before = osThreadCpuMs(thread === 0 ? null : thread)
  const until = performance.now() + 50
  let sum = 0
  while (performance.now() < until) sum += Math.sqrt(sum + 1)
  const after = osThreadCpuMs(thread === 0 ? null : thread)
  assert.ok(
    process.platform !== 'linux' || (before !== null && after !== null && after > before),
    String(sum)
  )
})
