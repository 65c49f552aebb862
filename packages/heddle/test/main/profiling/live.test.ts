/** Profiles and heap snapshots of workers of whole servers, blocked ones too. On every version of node. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

import { isFailure } from '../../../src/errors.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { fixture } from '../../worker/worker-harness.ts'
import { beginServer } from '../live-server.ts'
import { wholeFile } from '../whole-file.ts'
import { releaser, start } from './looked-into.ts'
import type { LookedInto } from './looked-into.ts'

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

const file = wholeFile()
let live: LookedInto
before(async () => {
  live = await start(file)
})

/** Records a worker that is in nothing but `addUp()`: anew when a busy machine gave it no turn meanwhile. */
async function profileOf(server: Coordinator): Promise<CpuProfile> {
  for (let tries = 1; ; tries++) {
    const text = await server.operations.profile('api', 0, { type: 'cpu', durationMs: 300 })
    const profile: CpuProfile = JSON.parse(text)
    if (tries === 5 || hottestOf(profile)?.functionName === 'addUp') return profile
  }
}

function hottestOf({ nodes }: CpuProfile): CallFrame | undefined {
  return nodes.toSorted((a, b) => b.hitCount - a.hitCount)[0]?.callFrame
}

test('profile() and heapSnapshot() reach a worker that is blocked in JavaScript', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-looked-into-'))
  const { TMPDIR } = process.env
  process.env.TMPDIR = directory
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    rmSync(directory, { recursive: true })
  })
  const [answer] = await live.block()
  const profile = await profileOf(live.server)
  const snapshot = JSON.parse(await text(await live.server.operations.heapSnapshot('api', 0))) as {
    readonly snapshot: { readonly node_count: number }
    readonly nodes: readonly number[]
    readonly strings: readonly string[]
  }
  live.release()
  await answer
  assertProfile(profile)
  assert.ok(snapshot.snapshot.node_count > 20_000)
  assert.ok(snapshot.strings.includes('KeptMarker'))
  assert.deepEqual(readdirSync(directory), [], 'no file is left behind')
})

/** It tells of `addUp()`, in the words developer tools and speedscope go by. */
function assertProfile(profile: CpuProfile): void {
  const hottest = hottestOf(profile)
  assert.equal(hottest?.functionName, 'addUp')
  assert.equal(hottest.url, pathToFileURL(entry).href)
  // The engine places a function at its parameters.
  const place = placeOf('function addUp')
  assert.equal(hottest.lineNumber, place.lineNumber)
  assert.equal(hottest.columnNumber, place.columnNumber + 'function addUp'.length)

  const ids = new Set(profile.nodes.map(({ id }) => id))
  assert.ok(profile.samples.length > 0)
  assert.equal(profile.samples.length, profile.timeDeltas.length)
  assert.ok(profile.samples.every(id => ids.has(id)))
  assert.ok(profile.nodes.every(({ children = [] }) => children.every(id => ids.has(id))))
  assert.ok(profile.endTime - profile.startTime >= 250_000)
}

test('profile() finds what keeps a worker from starting', async t => {
  const { env, release, begun } = releaser(t)
  const computes = begun()
  const starting = beginServer(t, 'looked-into/app.ts', { env: { ...env, START: 'compute' } })
  await computes
  const profile = await profileOf(starting.server)
  release()
  await starting.started
  assert.equal(hottestOf(profile)?.functionName, 'addUp')
})

test('profile() of the heap finds who allocates', async () => {
  const { server, get } = live
  let found: CallFrame | undefined
  // It begins again when a busy machine gave the worker no turn while it was recorded.
  for (let tries = 1; tries <= 5 && found === undefined; tries++) {
    const over = new AbortController()
    const recorded = server.operations.profile('api', 0, { type: 'heap', durationMs: 200 })
    const text = recorded.finally(() => over.abort())
    // They are answered while it is recorded.
    while (!over.signal.aborted) await get('/keep')
    const profile = JSON.parse(await text) as HeapProfile
    assert.ok(profile.samples.length > 0)
    found = nodesOf(profile.head).find(({ functionName }) => functionName === 'keepMore')
  }
  assert.equal(found?.url, pathToFileURL(entry).href)
})

interface HeapProfile {
  readonly head: HeapNode
  readonly samples: readonly unknown[]
}

interface HeapNode {
  readonly callFrame: CallFrame
  readonly children: readonly HeapNode[]
}

function nodesOf({ callFrame, children }: HeapNode): readonly CallFrame[] {
  return [callFrame, ...children.flatMap(nodesOf)]
}

test('profile() refuses a second profile of the same worker meanwhile, and not of another', async () => {
  const { operations } = live.server
  await operations.scale('api', 2)
  const first = operations.profile('api', 0, { type: 'cpu', durationMs: 100 })
  const second = operations.profile('api', 0, { type: 'heap', durationMs: 10 })
  const other = operations.profile('api', 1, { type: 'cpu', durationMs: 10 })
  await assert.rejects(second, error => {
    assert.ok(isFailure(error, 'HEDDLE_BUSY'))
    assert.equal(error.detail.running, 'cpu profile')
    return true
  })
  assert.ok(JSON.parse(await other).nodes.length > 0)
  assert.ok(JSON.parse(await first).nodes.length > 0)
  await operations.scale('api', 1)
})

test('profile() rejects as soon as the worker has ended', async () => {
  const { server, next, get } = live
  const begun = next('worker:diagnosis', ({ state }) => state === 'started')
  const back = next('worker:restarted')
  const recorded = server.operations.profile('api', 0, { type: 'cpu', durationMs: 60_000 })
  const rejected = assert.rejects(recorded, error => isFailure(error, 'HEDDLE_WORKER_LOST'))
  await begun
  await get('/exit')
  await rejected
  await back
})

test('profile() refuses a time nobody can wait for', async () => {
  for (const durationMs of [9, 300_001, Number.NaN]) {
    await assert.rejects(live.server.operations.profile('api', 0, { type: 'cpu', durationMs }), error =>
      isFailure(error, 'HEDDLE_REQUEST_INVALID')
    )
  }
})
