/** Which files are remembered of what applications have loaded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { HeardFiles } from '../../../src/main/dev/heard-files.ts'
import { HeldClock } from '../../shared/held-clock.ts'

function listen(): { heard: HeardFiles; clock: HeldClock; news: () => number } {
  const clock = new HeldClock()
  let news = 0
  const heard = new HeardFiles(clock, () => news++)
  return { heard, clock, news: () => news }
}

test('HeardFiles gathers what is loaded one after the other, and tells once', async () => {
  const { heard, clock, news } = listen()
  heard.add('api', ['/a'])
  heard.add('web', ['/b'])
  heard.add('api', ['/a'])
  assert.equal(news(), 0)
  await clock.advance(50)
  assert.equal(news(), 1)
  heard.add('api', ['/a'])
  await clock.advance(50)
  assert.equal(news(), 1, 'nothing new')
  assert.deepEqual(heard.all(), ['/a', '/b'])
})

test('HeardFiles forgets with a good start what was loaded before, and keeps it with a bad one', () => {
  const { heard, news } = listen()
  heard.begin('api')
  heard.add('api', ['/a', '/b'])
  heard.end('api', true)
  assert.equal(news(), 1, 'at once')
  heard.begin('api')
  heard.add('api', ['/a', '/broken'])
  heard.end('api', false)
  assert.deepEqual([...heard.of('api')], ['/a', '/b', '/broken'])
  heard.begin('api')
  heard.add('api', ['/a'])
  heard.end('api', true)
  heard.add('api', ['/late'])
  assert.deepEqual([...heard.of('api')], ['/a', '/late'])
  heard.forget('api')
  assert.deepEqual(heard.all(), [])
})

test('HeardFiles stands between workers and those who start them, and in nobody else’s way', () => {
  const { heard } = listen()
  const workers = new URL('file:///worker.ts')
  const plans: unknown[] = []
  const told: unknown[] = []
  const starter = heard.listen(
    <Message>(plan: { url: URL; workerData: unknown }, listeners: { message(message: Message): void }) => {
      plans.push(plan.workerData)
      return listeners
    },
    workers
  )
  const listeners = { message: (message: unknown) => told.push(message), exit: () => told.push('exit') }
  const edge = starter<unknown>(
    { url: new URL('file:///edge.ts'), workerData: { name: 'edge:0' } },
    listeners
  )
  edge.message({ type: 'loaded', files: ['/edge'] })
  const worker = starter<unknown>({ url: workers, workerData: { application: 'api' } }, listeners)
  worker.message({ type: 'loaded', files: ['/a'] })
  worker.message({ type: 'ready' })
  assert.deepEqual(plans, [{ name: 'edge:0' }, { application: 'api', tellsFiles: true }])
  assert.deepEqual(told, [{ type: 'loaded', files: ['/edge'] }, { type: 'ready' }])
  assert.deepEqual(heard.all(), ['/a'])
})
