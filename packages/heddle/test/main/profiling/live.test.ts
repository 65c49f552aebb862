/** Profiles and heap snapshots of workers of whole servers, blocked ones too. On every version of node. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

import { isFailure } from '../../../src/errors.ts'
import { beginServer } from '../live-server.ts'
import { fixture } from '../../worker/worker-harness.ts'
import { block, releaser, start } from './looked-into.ts'

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
