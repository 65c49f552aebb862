/** Tests of real workers that are blocked: what is told of them, on every version of node. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'

import { createVitals } from '../../../src/channel/vitals.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { Events } from '../../../src/events.ts'
import { BlockedReporter } from '../../../src/main/blocked/blocked-reporter.ts'
import type { WatchedLoop } from '../../../src/main/blocked/blocked-reporter.ts'
import { createExplain } from '../../../src/main/blocked/explain.ts'
import { Inquiries } from '../../../src/main/blocked/inquiry.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { exampleHealth } from '../example-config.ts'
import { nextEvent } from '../server-under-test.ts'
import { releaseFile } from '../release-file.ts'
import { direct, fixture, readyUrl, startWorker } from '../../worker/worker-harness.ts'
import type { Running } from '../../worker/worker-harness.ts'

interface Watched {
  readonly urls: readonly string[]
  readonly workers: readonly Running[]
  readonly reporter: BlockedReporter
  readonly inquiries: Inquiries
  /** Ends a block of the worker with that number, one that is under way or the next one. */
  release(slot?: number): void
  /** The next event of that name about the worker with that number. */
  next<Name extends 'worker:blocked' | 'worker:unblocked'>(
    name: Name,
    slot?: number
  ): Promise<HeddleEvents[Name]>
}

interface Settings {
  readonly count?: number
  readonly entry?: string
}

let channels = 0

/** Milliseconds a loop of these tests may stand. */
const maxBlocked = 400

/** Starts workers that can be blocked, and what reports of them. */
async function watch(
  t: TestContext,
  { count = 1, entry = 'blocks/app.ts' }: Settings = {}
): Promise<Watched> {
  const names = Array.from({ length: count }, () => `release-${process.pid}-${channels++}`)
  const released = names.map(name => new BroadcastChannel(name))
  const workers: Running[] = []
  const loops: WatchedLoop[] = []
  for (let slot = 0; slot < count; slot++) {
    const vitals = createVitals()
    const options = {
      boot: { vitals, ...direct },
      env: { PATH: process.env.PATH ?? '', RELEASE: names[slot] ?? '' }
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
    for (const channel of released) channel.close()
  })
  return {
    urls,
    workers,
    reporter,
    inquiries,
    release: (slot = 0) => released[slot]?.postMessage('turn'),
    next: (name, slot = 0) => nextEvent(events, name, fact => fact.slot === slot)
  }
}

/** What is told of a block, and of its end. */
interface Told {
  readonly blocked: HeddleEvents['worker:blocked']
  readonly unblocked: HeddleEvents['worker:unblocked']
}

/** How a worker is to be blocked. */
interface Blocking {
  readonly slot?: number
  /** Whether that is what was to be told. By default that it stands in JavaScript. */
  readonly isIt?: (told: Told) => boolean
  /** What ends it, when {@link Watched.release} does not. */
  readonly release?: () => void
}

/** How often a block may begin again. */
const triesMax = 6

/**
 * Blocks a worker and returns both things that are told of it. It begins again when that is not what it should be: a
 * machine that is busy leaves a thread without a turn for as long as a block, or without the time to answer, and what
 * cannot be released may be over before anybody looks.
 *
 * @param path What to ask for, in the try of that number, from 1.
 */
async function block(
  watched: Watched,
  path: (tries: number) => string,
  { slot = 0, isIt = isInJavaScript, release = () => watched.release(slot) }: Blocking = {}
): Promise<Told> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const told = watched
      .next('worker:blocked', slot)
      .then(blocked => ({ blocked, end: watched.next('worker:unblocked', slot) }))
    const url = `${watched.urls[slot]}${path(tries)}`
    const answer = fetch(url, { headers: { connection: 'close' } }).then(response => response.text())
    const outcome = await Promise.race([told, answer.then(() => null)])
    release()
    assert.equal(await answer, 'turns')
    if (outcome === null) continue
    const both = { blocked: outcome.blocked, unblocked: await outcome.end }
    if (isIt(both) || tries === triesMax) return both
  }
  return assert.fail('It was over in every try before anybody noticed.')
}

const isInJavaScript = ({ blocked: { where } }: Told): boolean =>
  where?.kind === 'javascript' && where.function !== null && where.location !== null

const isLinux = process.platform === 'linux'

/** Blocks of JavaScript: the function that is told, the line of the fixture, the first line of the stack. */
const inJavaScript: readonly [path: string, name: string, doing: string, top: RegExp][] = [
  ['/loop', 'total', 'computes', /^at (Object\.)?total /],
  ['/wait', 'Wait.forNobody', 'waits for a lock', /^at Atomics\.wait \(/],
  ['/regexp', 'match', 'computes', /^at (RegExp\.test|match) \(/]
]

test('BlockedReporter names the function and the line of a loop, a wait and a regular expression', async t => {
  const watched = await watch(t)
  for (const [path, name, doing, top] of inJavaScript) {
    const { blocked, unblocked } = await block(watched, () => path, {
      isIt: told =>
        isInJavaScript(told) &&
        top.test(told.blocked.where?.stack[0] ?? '') &&
        (!isLinux || told.blocked.where?.doing === doing)
    })
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
  }
})

const isNative = ({ blocked: { where } }: Told): boolean =>
  where?.kind === 'native' && where.function === null

/** A way to block a worker in native code. */
interface NativeBlock {
  readonly path: (tries: number) => string
  readonly release: () => void
}

/** Nothing ends it: the next try has twice as much of it. */
const hashing: NativeBlock = {
  path: tries => `/pbkdf2?rounds=${2_500_000 * 2 ** (tries - 1)}`,
  release: () => undefined
}

/** A child process is waited for until it is released; a file of its own for every try. */
function waiting(t: TestContext): NativeBlock {
  let file = releaseFile(t)
  return {
    path: () => {
      file = releaseFile(t)
      return `/exec?until=${file.query}`
    },
    release: () => file.release()
  }
}

test('BlockedReporter says what is native code, and afterwards who had called it', async t => {
  const watched = await watch(t)
  // The asking thread is there from now on: it has to ask while the call lasts.
  await watched.inquiries.open([])
  const cases: readonly [way: NativeBlock, name: string, doing: RegExp][] = [
    [hashing, 'hash', /^computes$/],
    [waiting(t), 'run', /^waits for the child process \w+ \(\d+\)$/]
  ]
  for (const [{ path, release }, name, doing] of cases) {
    const { blocked, unblocked } = await block(watched, path, {
      isIt: told =>
        isNative(told) &&
        told.unblocked.where?.function === name &&
        (!isLinux || doing.test(told.blocked.where?.doing ?? '')),
      release
    })
    assert.partialDeepStrictEqual(blocked.where, { kind: 'native', function: null, stack: [] })
    if (isLinux) assert.match(blocked.where?.doing ?? '', doing)
    assert.equal(unblocked.where?.kind, 'native')
    assert.equal(unblocked.where.function, name)
    assert.match(unblocked.where.location ?? '', /^app\.ts:\d+:\d+$/)
  }
})

test('BlockedReporter says that JSON.parse() is native code', async t => {
  const watched = await watch(t)
  await watched.inquiries.open([])
  const { blocked, unblocked } = await block(watched, tries => `/json?repeats=${200_000 * (1 + tries)}`, {
    isIt: ({ blocked: { where } }) => where?.kind === 'native',
    release: () => undefined
  })
  assert.equal(blocked.where?.kind, 'native')
  // Where it comes back is behind the call: in this function, or in the one that had called it.
  assert.match(unblocked.where?.location ?? 'app.ts: nothing was seen', /^app\.ts:/)
})

/** That is told of a block, or afterwards of its end. */
function functionOf({ blocked, unblocked }: Told): string | null {
  return ((blocked.where?.function ?? null) === null ? unblocked.where : blocked.where)?.function ?? null
}

test('BlockedReporter tells of several workers, each with its own place', async t => {
  const watched = await watch(t, { count: 3 })
  const { path, release } = waiting(t)
  const told = await Promise.all([
    block(watched, () => '/loop'),
    block(watched, () => '/wait', { slot: 1 }),
    block(watched, path, {
      slot: 2,
      isIt: each => isNative(each) && each.unblocked.where !== null,
      release
    })
  ])
  assert.deepEqual(told.map(functionOf), ['total', 'Wait.forNobody', 'run'])
  for (const slot of [0, 1, 2]) assert.ok(watched.reporter.counts(`api:${slot}`).blocks >= 1)
  const counts = watched.reporter.counts('api:0')
  assert.ok(counts.blockedMs >= maxBlocked)
  assert.equal(counts.function, 'total')
  assert.match(counts.location ?? '', /^app\.ts:\d+:\d+$/)
})

test('BlockedReporter leaves the inspector of the user alone, and lets that worker end, blocked or not', async t => {
  const watched = await watch(t, { count: 2 })
  await fetch(`${watched.urls[0]}/inspector`)
  const { blocked } = await block(watched, () => '/loop')
  assert.equal(blocked.where?.function, 'total')
  const [one, other] = watched.workers
  await one?.worker.terminate()
  assert.equal(await one?.exited, 1)

  const again = watched.next('worker:blocked', 1)
  const lost = fetch(`${watched.urls[1]}/loop`).catch(() => 'lost')
  await again
  await other?.worker.terminate()
  assert.deepEqual([await other?.exited, await lost], [1, 'lost'])
})

test('BlockedReporter changes nothing an application sees while it is asked', async t => {
  const watched = await watch(t, { entry: 'blocks/watchful.mjs' })
  for (let tries = 1; tries <= triesMax; tries++) {
    const told = watched.next('worker:blocked')
    const answer = fetch(watched.urls[0] ?? '')
    const { where } = await told
    watched.release()
    // Callbacks and promises may not run in the middle of the loop.
    assert.deepEqual(await (await answer).json(), { ran: [], limit: 7, prepared: 'own' })
    if (where?.function === 'stand') return
  }
  assert.fail('It never had the time to answer.')
})

function isOriginal({ blocked: { where } }: Told): boolean {
  return where?.location?.startsWith('source/') === true
}

test('BlockedReporter tells the place in the source a source map names', async t => {
  const watched = await watch(t, { entry: 'blocks/built/app.mjs' })
  const { blocked } = await block(watched, () => '/', { isIt: isOriginal })
  assert.match(blocked.where?.location ?? '', /^source\/app\.ts:12:\d+$/)
  assert.ok(blocked.where?.stack.some(line => /source\/app\.ts:16:3/.test(line)))
})
