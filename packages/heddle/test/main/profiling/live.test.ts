/** Workers of whole servers, looked into: blocked, in native code, at a breakpoint. On every version of node. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'

import { isFailure } from '../../../src/errors.ts'
import { beginServer, startServer } from '../live-server.ts'
import type { LiveServer, LiveSettings } from '../live-server.ts'
import { fixture } from '../../worker/worker-harness.ts'
import { debugWith } from './debugger.ts'

interface LookedInto extends LiveServer {
  readonly get: (path: string) => Promise<string>
  /** Ends `/compute`. */
  readonly release: () => void
}

let channels = 0

/** What ends `/compute`, and the environment of a worker that hears of it. */
function releaser(t: TestContext): {
  readonly env: Record<string, string>
  readonly release: () => void
  /** Resolves when a worker says that it computes at its start. */
  readonly begun: Promise<unknown>
} {
  const name = `looked-into-${process.pid}-${channels++}`
  const channel = new BroadcastChannel(name)
  t.after(() => channel.close())
  return {
    env: { PATH: process.env.PATH ?? '', RELEASE: name },
    release: () => channel.postMessage('turn'),
    begun: new Promise(resolve => channel.addEventListener('message', resolve, { once: true }))
  }
}

async function start(t: TestContext, settings: LiveSettings = {}): Promise<LookedInto> {
  const { env, release } = releaser(t)
  const live = await startServer(t, 'looked-into/app.ts', { ...settings, env })
  return {
    ...live,
    get: async path => (await fetch(`${live.url}${path}`, { headers: { connection: 'close' } })).text(),
    release
  }
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
  readonly columnNumber: number
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly hitCount: number
    readonly callFrame: CallFrame
    readonly children?: readonly number[]
  }[]
  readonly startTime: number
  readonly endTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const entry = fixture('looked-into/app.ts')

/** The line, from 0, and the column of a text in the fixture. */
function placeOf(wanted: string): { readonly lineNumber: number; readonly columnNumber: number } {
  const lines = readFileSync(entry, 'utf8').split('\n')
  const lineNumber = lines.findIndex(line => line.includes(wanted))
  return { lineNumber, columnNumber: (lines[lineNumber] ?? '').indexOf(wanted) }
}

/** Blocks the worker in JavaScript; resolves when it is told of. */
async function block({ get, next }: LookedInto): Promise<[answer: Promise<string>]> {
  const blocked = next('worker:blocked')
  const answer = get('/compute')
  await blocked
  return [answer]
}

test('profile() finds the function and its line that a blocked worker is busy with', async t => {
  const live = await start(t, { health: { maxBlocked: 200 } })
  const { server, release } = live
  const [answer] = await block(live)
  const profile: CpuProfile = JSON.parse(
    await server.operations.profile('api', 0, { type: 'cpu', durationMs: 500 })
  )
  release()
  await answer

  const hottest = profile.nodes.toSorted((a, b) => b.hitCount - a.hitCount)[0]
  assert.equal(hottest?.callFrame.functionName, 'addUp')
  assert.equal(hottest.callFrame.url, pathToFileURL(entry).href)
  // The engine places a function at its parameters.
  const place = placeOf('function addUp')
  assert.equal(hottest.callFrame.lineNumber, place.lineNumber)
  assert.equal(hottest.callFrame.columnNumber, place.columnNumber + 'function addUp'.length)

  // What developer tools and speedscope go by.
  const ids = new Set(profile.nodes.map(({ id }) => id))
  assert.ok(profile.samples.length > 20)
  assert.equal(profile.samples.length, profile.timeDeltas.length)
  assert.ok(profile.samples.every(id => ids.has(id)))
  assert.ok(profile.nodes.every(({ children = [] }) => children.every(id => ids.has(id))))
  assert.ok(profile.endTime - profile.startTime >= 400_000)
})

test('profile() finds what keeps a worker from starting', async t => {
  const { env, release, begun } = releaser(t)
  const starting = beginServer(t, 'looked-into/app.ts', { env: { ...env, START: 'compute' } })
  await begun
  const profile: CpuProfile = JSON.parse(
    await starting.server.operations.profile('api', 0, { type: 'cpu', durationMs: 300 })
  )
  release()
  await starting.started
  const hottest = profile.nodes.toSorted((a, b) => b.hitCount - a.hitCount)[0]
  assert.equal(hottest?.callFrame.functionName, 'addUp')
})

test('profile() of the heap finds who allocates', async t => {
  const { server, get } = await start(t)
  let isDone = false
  const options = { type: 'heap', durationMs: 500 } as const
  const recorded = server.operations.profile('api', 0, options).finally(() => (isDone = true))
  // They are answered while it is recorded.
  const keepOn = async (): Promise<void> => {
    await get('/keep')
    if (!isDone) await keepOn()
  }
  await keepOn()
  const profile = JSON.parse(await recorded) as {
    readonly head: HeapNode
    readonly samples: readonly unknown[]
  }
  assert.ok(profile.samples.length > 0)
  const found = nodesOf(profile.head).find(({ callFrame }) => callFrame.functionName === 'keepMore')
  assert.equal(found?.callFrame.url, pathToFileURL(entry).href)
})

interface HeapNode {
  readonly callFrame: CallFrame
  readonly children: readonly HeapNode[]
}

function nodesOf(node: HeapNode): readonly HeapNode[] {
  return [node, ...node.children.flatMap(nodesOf)]
}

test('profile() refuses a second profile of the same worker meanwhile, and not of another', async t => {
  const { server } = await start(t, { workers: 2 })
  const { operations } = server
  const first = operations.profile('api', 0, { type: 'cpu', durationMs: 800 })
  const second = operations.profile('api', 0, { type: 'heap', durationMs: 10 })
  const other = operations.profile('api', 1, { type: 'cpu', durationMs: 10 })
  await assert.rejects(second, error => {
    assert.ok(isFailure(error, 'HEDDLE_BUSY'))
    assert.equal(error.detail.running, 'cpu profile')
    return true
  })
  assert.ok(JSON.parse(await other).nodes.length > 0)
  assert.ok(JSON.parse(await first).nodes.length > 0)
})

test('profile() rejects as soon as the worker has ended', async t => {
  const { server, next, get } = await start(t)
  const begun = next('worker:diagnosis', ({ state }) => state === 'started')
  const recorded = server.operations.profile('api', 0, { type: 'cpu', durationMs: 60_000 })
  const rejected = assert.rejects(recorded, error => isFailure(error, 'HEDDLE_WORKER_LOST'))
  await begun
  await get('/exit')
  await rejected
})

test('profile() refuses a time nobody can wait for', async t => {
  const { server } = await start(t)
  for (const durationMs of [9, 300_001, Number.NaN]) {
    // oxlint-disable-next-line no-await-in-loop -- Each is refused at once.
    await assert.rejects(server.operations.profile('api', 0, { type: 'cpu', durationMs }), error =>
      isFailure(error, 'HEDDLE_REQUEST_INVALID')
    )
  }
})

test('heapSnapshot() has what is on the heap of that worker, and leaves no file behind', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-looked-into-'))
  const { TMPDIR } = process.env
  process.env.TMPDIR = directory
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    rmSync(directory, { recursive: true })
  })
  const { server } = await start(t)
  const snapshot = JSON.parse(await text(await server.operations.heapSnapshot('api', 0))) as {
    readonly snapshot: { readonly node_count: number }
    readonly nodes: readonly number[]
    readonly strings: readonly string[]
  }
  assert.ok(snapshot.snapshot.node_count > 20_000)
  assert.ok(snapshot.strings.includes('KeptMarker'))
  assert.deepEqual(readdirSync(directory), [])
})

test('heapSnapshot() reaches a worker that is blocked in JavaScript', async t => {
  const live = await start(t, { health: { maxBlocked: 200 } })
  const [answer] = await block(live)
  const snapshot = await text(await live.server.operations.heapSnapshot('api', 0))
  live.release()
  await answer
  assert.ok(snapshot.includes('KeptMarker'))
})

test('inspect() opens an inspector that answers a debugger, and closeInspector() cuts it off', async t => {
  const { server } = await start(t)
  const { url, port, devtoolsUrl } = await server.operations.inspect('api', 0)
  assert.match(url, new RegExp(`^ws://127\\.0\\.0\\.1:${port}/`))
  assert.ok(devtoolsUrl.startsWith('devtools://') && devtoolsUrl.endsWith(url.slice('ws://'.length)))
  assert.equal((await server.operations.inspect('api', 0)).url, url)
  const shown = (): unknown => server.status().applications[0]?.workers[0]?.diagnoses
  assert.partialDeepStrictEqual(shown(), [{ kind: 'inspector', url }])
  const { ask, closed } = await debugWith(url)
  const { result } = await ask('Runtime.evaluate', { expression: 'process.argv.length > 0 ? 6 * 7 : 0' })
  assert.equal(result?.result?.value, 42)
  await server.operations.closeInspector('api', 0)
  await closed
  assert.deepEqual(shown(), [])
  await assert.rejects(debugWith(url), { code: 'ECONNREFUSED' })
})

test('inspect() lets a debugger pause a worker that is blocked, in the function it is blocked in', async t => {
  const live = await start(t, { health: { maxBlocked: 200 } })
  const [answer] = await block(live)
  const { ask, heard } = await debugWith((await live.server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  await ask('Debugger.pause')
  const { params } = await paused
  const names = params?.callFrames?.map(({ functionName }) => functionName) ?? []
  assert.ok(names.includes('computeUntilReleased'), names.join())
  await ask('Debugger.resume')
  live.release()
  await answer
})

test('inspect() says that a port is taken', async t => {
  const { server } = await start(t, { workers: 2 })
  const { port } = await server.operations.inspect('api', 0)
  await assert.rejects(server.operations.inspect('api', 1, port), error => {
    assert.ok(isFailure(error, 'HEDDLE_DIAGNOSIS_FAILED'))
    assert.match(error.message, /may be in use/)
    return true
  })
})

test('a worker at a breakpoint is not replaced, while one that is blocked is', async t => {
  const health = { interval: 100, maxUnhealthyChecks: 1, gracePeriod: 0, explainBlocked: false }
  const { server, next, told, get, release } = await start(t, { workers: 2, health })
  const { ask, heard } = await debugWith((await server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  // Answered when it goes on; the worker stops at its next instruction.
  void ask('Debugger.pause')
  void ask('Runtime.evaluate', { expression: '1' })
  await paused
  const replaced = next('worker:replaced', ({ slot }) => slot === 1)
  const answer = get('/compute')
  await replaced
  assert.equal(server.status().applications[0]?.workers[0]?.state, 'ready')
  assert.deepEqual(
    told.filter(({ name, fact }) => /replac|blocked/.test(name) && Reflect.get(Object(fact), 'slot') === 0),
    []
  )
  await ask('Debugger.resume')
  release()
  await answer
})

test('a server stops in time though a debugger holds one of its workers at a breakpoint', async t => {
  const { server, told } = await start(t)
  const { ask, heard, closed } = await debugWith((await server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  void ask('Debugger.pause')
  void ask('Runtime.evaluate', { expression: '1' })
  await paused
  await server.stop('the test says so')
  await closed
  assert.deepEqual(
    told.filter(({ name }) => name === 'stop:overdue'),
    []
  )
})

test('a worker that exits ends although a debugger is connected to it', async t => {
  const { server, next, get } = await start(t)
  const { closed } = await debugWith((await server.operations.inspect('api', 0)).url)
  const exited = next('worker:exited')
  await get('/exit')
  assert.equal((await exited).reason, 'exited')
  await closed
})
