/**
 * Threads that really end: by exit, crash, an exhausted heap, from outside, or not at all but standing in
 * native code. With requests in every phase each caller has one outcome, nothing runs more often than it
 * may, and what a thread had not begun is answered by another. `HEDDLE_FAULT_ROUNDS=<n>` runs more rounds,
 * `HEDDLE_FAULT_SEED=<seed>` one.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { MAX_LOSSES } from '../../src/client/retry.ts'
import type { Mesh } from '../../src/index.ts'
import { Fleet, Hand } from '../fixtures/fleet.ts'
import type { SharedMemory } from './mortal.ts'
import { randomFrom } from '../fixtures/random.ts'
import { WatchedCall, type CallPlan, type CallingThread, type Watch } from './watched-call.ts'

const manners = ['exit', 'crash', 'heap', 'wait', 'native']
const phases = ['never', 'head', 'stream', 'echo', 'count', 'upgrade']

type Call = WatchedCall<CallingThread>

const memory: SharedMemory = {
  executions: new Int32Array(new SharedArrayBuffer(4 * 10_000)),
  standing: new Int32Array(new SharedArrayBuffer(8))
}
const watch: Watch & { breaches: string[] } = {
  get nowMs() {
    return performance.now()
  },
  breaches: []
}
const here: CallingThread = { name: 'caller', dead: false }
const undo: (() => unknown)[] = []
let fleet: Fleet
let mesh: Mesh
let requests = 0

before(() => {
  fleet = new Fleet({ after: step => undo.unshift(step) })
  mesh = fleet.join().mesh
})

after(async () => {
  for (const step of undo) await step()
})

/** A thread with little heap; it is in the mesh until it ends. */
async function startMortal(): Promise<Hand> {
  const { ticket, transferList, member } = fleet.registry.admit({ name: 'mortal', hostname: 'mortal' })
  const worker = new Worker(new URL('../fixtures/member-thread.ts', import.meta.url), {
    workerData: { ticket, fixture: new URL('mortal.ts', import.meta.url).href, meanwhile: memory },
    transferList: [...transferList],
    resourceLimits: { maxOldGenerationSizeMb: 32 }
  })
  undo.unshift(() => worker.terminate())
  worker.once('exit', () => member.remove())
  const hand = new Hand(member, worker)
  await hand.joined()
  await member.publish()
  return hand
}

function send(random: () => number, plan: Partial<CallPlan>): Call {
  const idempotent = random() < 0.5 && plan.path !== 'upgrade'
  return new WatchedCall(watch, here, mesh, {
    id: requests++,
    hostname: 'mortal',
    path: 'now',
    method: idempotent ? 'PUT' : 'POST',
    idempotent,
    timeoutMs: random() < 0.5 ? 60_000 : 0,
    upload: [],
    ...plan
  })
}

/** Sends a request and resolves when it has reached its phase: the upstream has answered to it somehow. */
async function reach(random: () => number, path: string): Promise<Call> {
  const uploads = ['echo', 'count', 'upgrade'].includes(path)
  const call = send(random, { path, upload: uploads ? [3000, 40_000, 300_000] : [] })
  const sign = new Promise<void>(resolve => {
    call.onSign = resolve
  })
  if (uploads) call.step()
  // An upload that is only counted gives no sign before its end.
  if (path !== 'count') await sign
  return call
}

/** Until each call has its outcome; callers write and read all they can. */
async function outcomes(calls: readonly Call[]): Promise<void> {
  await Promise.all(
    calls.map(async call => {
      while (call.outcome === null) {
        const sign = new Promise<void>(resolve => {
          call.onSign = resolve
        })
        while (call.busy) call.step()
        if (call.outcome === null) await sign
      }
    })
  )
}

function checkCall({ plan, outcome }: Call): void {
  const runs = memory.executions[plan.id] ?? 0
  const most = plan.idempotent ? MAX_LOSSES : 1
  assert.ok(runs <= most, `${JSON.stringify(plan)} was executed ${runs} times (${outcome})`)
}

async function round(seed: number, manner: string): Promise<void> {
  const hands = await Promise.all([startMortal(), startMortal()])
  try {
    await live(randomFrom(seed), manner, hands)
  } finally {
    for (const hand of hands) {
      hand.member.remove()
      await hand.kill()
    }
  }
}

async function live(random: () => number, manner: string, [victim, survivor]: [Hand, Hand]): Promise<void> {
  const begun = await Promise.all(
    Array.from({ length: 12 }, () => reach(random, phases[Math.floor(random() * phases.length)] ?? ''))
  )
  memory.standing.fill(0)
  const gone = new Promise(resolve => {
    victim.worker.once('exit', resolve)
  })
  await victim.call('end', manner)
  await Atomics.waitAsync(memory.standing, 0, 0).value
  // The victim stands still: what is sent now it does not begin.
  const unbegun = Array.from({ length: 8 }, () => send(random, {}))
  if (manner === 'wait') await victim.kill()
  if (manner !== 'native') await gone
  await outcomes(unbegun)
  for (const { plan, outcome } of unbegun) {
    assert.equal(outcome, 'answered', `${manner}: ${JSON.stringify(plan)}`)
    assert.equal(memory.executions[plan.id], 1)
  }
  await survivor.call('release')
  if (manner === 'native') await victim.call('release')
  await outcomes(begun)
  for (const call of begun) checkCall(call)
  assert.deepEqual(watch.breaches, [])
  assert.equal(await survivor.member.drained(60_000), true)
}

const seeds = Number(process.env['HEDDLE_FAULT_ROUNDS'] ?? 1)
const alone = process.env['HEDDLE_FAULT_SEED']

for (const manner of manners) {
  test(`requests in every phase have one outcome each when their thread meets its end: ${manner}`, async () => {
    const first = alone === undefined ? 1 : Number(alone)
    const last = alone === undefined ? seeds : first
    for (let seed = first; seed <= last; seed++) {
      try {
        await round(seed, manner)
      } catch (error) {
        throw new Error(`The round of HEDDLE_FAULT_SEED=${seed} failed`, { cause: error })
      }
    }
  })
}
