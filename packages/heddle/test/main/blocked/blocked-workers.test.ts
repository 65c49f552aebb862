/** Tests of real workers that are blocked: what is told of them, on every version of node. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'

import { createVitals } from '../../../src/channel/vitals.ts'
import type { BlockedPlace, HeddleEvents } from '../../../src/events.ts'
import { Events } from '../../../src/events.ts'
import { BlockedReporter } from '../../../src/main/blocked/blocked-reporter.ts'
import type { WatchedLoop } from '../../../src/main/blocked/blocked-reporter.ts'
import { createExplain } from '../../../src/main/blocked/explain.ts'
import { Inquiries } from '../../../src/main/blocked/inquiry.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { exampleHealth } from '../example-config.ts'
import { direct, fixture, readyUrl, startWorker } from '../../worker/worker-harness.ts'
import type { Running } from '../../worker/worker-harness.ts'

interface Watched {
  readonly urls: readonly string[]
  readonly workers: readonly Running[]
  readonly reporter: BlockedReporter
  /** Ends blocks that can be ended. */
  release(): void
  /** The next event of that name about the worker with that number. */
  next<Name extends 'worker:blocked' | 'worker:unblocked'>(
    name: Name,
    slot?: number
  ): Promise<HeddleEvents[Name]>
}

interface Settings {
  readonly count?: number
  readonly env?: Record<string, string>
  readonly entry?: string
}

let channels = 0

/** Milliseconds a loop of these tests may stand. */
const maxBlocked = 400

/** Starts workers that can be blocked, and what reports of them. */
async function watch(
  t: TestContext,
  { count = 1, env = {}, entry = 'blocks/app.ts' }: Settings = {}
): Promise<Watched> {
  const name = `release-${process.pid}-${channels++}`
  const channel = new BroadcastChannel(name)
  const workers: Running[] = []
  const loops: WatchedLoop[] = []
  for (let slot = 0; slot < count; slot++) {
    const vitals = createVitals()
    const options = {
      boot: { vitals, ...direct },
      env: { PATH: process.env.PATH ?? '', RELEASE: name, ...env }
    }
    const running = startWorker(t, entry, options)
    workers.push(running)
    loops.push({
      fact: { application: 'api', slot, worker: `api:${slot}` },
      state: 'ready',
      vitals,
      heartbeatAge: () => running.member.heartbeatAge(),
      thread: () => (running.worker.threadId > 0 ? running.worker : null)
    })
  }
  const urls = await Promise.all(workers.map(readyUrl))
  const events = new Events()
  const inquiries = new Inquiries(systemClock)
  const health = { ...exampleHealth, maxBlocked }
  const reporter = new BlockedReporter({
    supervised: { workers: () => loops, application: () => ({ path: fixture('blocks'), health }) },
    clock: systemClock,
    announce: (name, fact) => events.emit(name, fact),
    explain: createExplain({ clock: systemClock, openLines: inquiries.open }),
    release: () => inquiries.stop()
  })
  reporter.start()
  t.after(() => {
    reporter.stop()
    channel.close()
  })
  return {
    urls,
    workers,
    reporter,
    release: () => channel.postMessage('turn'),
    next: (name, slot = 0) =>
      new Promise(resolve => {
        const off = events.on(name, fact => {
          if (fact.slot !== slot) return
          off()
          resolve(fact)
        })
      })
  }
}

/** Blocks a worker and returns both things that are told of it. */
async function block(
  watched: Watched,
  path: string,
  slot = 0
): Promise<[blocked: HeddleEvents['worker:blocked'], unblocked: HeddleEvents['worker:unblocked']]> {
  const blocked = watched.next('worker:blocked', slot)
  const unblocked = watched.next('worker:unblocked', slot)
  const answer = fetch(`${watched.urls[slot]}${path}`, { headers: { connection: 'close' } })
  const told = await blocked
  watched.release()
  assert.equal(await (await answer).text(), 'turns')
  return [told, await unblocked]
}

const isLinux = process.platform === 'linux'

/** Blocks of JavaScript: the function that is told, the line of the fixture, the first line of the stack. */
const inJavaScript: readonly [path: string, name: string, doing: string, top: RegExp][] = [
  ['/loop', 'total', 'computes', /^at (Object\.)?total /],
  ['/wait', 'Wait.forNobody', 'waits for a lock', /^at Atomics\.wait \(/],
  ['/regexp', 'match', 'computes', /^at (RegExp\.test|match) \(/]
]

for (const [path, name, doing, top] of inJavaScript) {
  test(`BlockedReporter names the function and the line of ${path}`, async t => {
    const [blocked, unblocked] = await block(await watch(t), path)
    const { where } = blocked
    assert.ok(where !== null)
    assert.equal(where.kind, 'javascript')
    assert.equal(where.function, name)
    assert.match(where.location ?? '', /^app\.ts:\d+:\d+$/)
    assert.equal(where.doing, isLinux ? doing : null)
    assert.match(where.stack[0] ?? '', top)
    assert.ok(where.stack.some(line => line.includes('app.ts')))
    assert.ok(blocked.blockedMs >= maxBlocked)
    assert.ok(unblocked.blockedMs >= blocked.blockedMs - 200)
    assert.equal(unblocked.where, null)
  })
}

/** Blocks in native code: the function that called, and what the system says. */
const inNative: readonly [path: string, name: string, doing: RegExp][] = [
  ['/pbkdf2', 'hash', /^computes$/],
  ['/exec', 'run', /^waits for the child process \w+ \(\d+\)$/]
]

for (const [path, name, doing] of inNative) {
  test(`BlockedReporter says that ${path} is native code, and afterwards who had called it`, async t => {
    const watched = await watch(t)
    const [blocked, unblocked] = await block(watched, path)
    assert.partialDeepStrictEqual(blocked.where, { kind: 'native', function: null, stack: [] })
    if (isLinux) assert.match(blocked.where?.doing ?? '', doing)
    assert.equal(unblocked.where?.kind, 'native')
    assert.equal(unblocked.where.function, name)
    assert.match(unblocked.where.location ?? '', /^app\.ts:\d+:\d+$/)
  })
}

test('BlockedReporter says that JSON.parse() is native code', async t => {
  const [blocked, unblocked] = await block(await watch(t), '/json')
  assert.equal(blocked.where?.kind, 'native')
  // Where it comes back is behind the call: in this function, or in the one that had called it.
  assert.match(unblocked.where?.location ?? 'app.ts: nothing was seen', /^app\.ts:/)
})

test('BlockedReporter tells of several workers, each with its own place', async t => {
  const watched = await watch(t, { count: 3 })
  const paths = ['/loop', '/wait', '/exec']
  const told = await Promise.all(paths.map((path, slot) => block(watched, path, slot)))
  const name = ([blocked, unblocked]: (typeof told)[number]): string | null =>
    ((blocked.where?.function ?? null) === null ? unblocked.where : blocked.where)?.function ?? null
  assert.deepEqual(told.map(name), ['total', 'Wait.forNobody', 'run'])
  assert.deepEqual(
    [0, 1, 2].map(slot => watched.reporter.counts(`api:${slot}`).blocks),
    [1, 1, 1]
  )
  const counts = watched.reporter.counts('api:0')
  assert.ok(counts.blockedMs >= maxBlocked)
  assert.equal(counts.function, 'total')
  assert.match(counts.location ?? '', /^app\.ts:\d+:\d+$/)
})

test('BlockedReporter leaves the inspector of the user alone, and lets that worker end', async t => {
  const watched = await watch(t)
  await fetch(`${watched.urls[0]}/inspector`)
  const [{ where }] = await block(watched, '/loop')
  assert.equal(where?.function, 'total')
  const { worker, exited } = watched.workers[0] ?? assert.fail()
  await worker.terminate()
  assert.equal(await exited, 1)
})

test('BlockedReporter tells of a worker that is ended meanwhile at most that it was blocked', async t => {
  const watched = await watch(t)
  const blocked = watched.next('worker:blocked')
  fetch(`${watched.urls[0]}/loop`).catch(() => {})
  const { where }: { where: BlockedPlace | null } = await blocked
  assert.equal(where?.function, 'total')
  await (watched.workers[0] ?? assert.fail()).worker.terminate()
})

test('BlockedReporter changes nothing an application sees while it is asked', async t => {
  const watched = await watch(t, { entry: 'blocks/watchful.mjs' })
  const told = watched.next('worker:blocked')
  const answer = fetch(watched.urls[0] ?? '')
  const { where } = await told
  watched.release()
  // Callbacks and promises may not run in the middle of the loop.
  assert.deepEqual(await (await answer).json(), { ran: [], limit: 7, prepared: 'own' })
  assert.equal(where?.function, 'stand')
})

test('BlockedReporter tells the place in the source a source map names', async t => {
  const [{ where }] = await block(await watch(t, { entry: 'blocks/built/app.mjs' }), '/')
  assert.match(where?.location ?? '', /^source\/app\.ts:12:\d+$/)
  assert.ok(where?.stack.some(line => /source\/app\.ts:16:3/.test(line)))
})
