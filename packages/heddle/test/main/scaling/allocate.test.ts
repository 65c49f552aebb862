/** Table tests of what applications get: of the machine, of their limits, of one another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { plan } from '../../../src/main/scaling/allocate.ts'
import type { Decision, ScalingApplication } from '../../../src/main/scaling/load.ts'
import { holds } from './case.ts'
import type { Case } from './case.ts'
import { application, history, machine, mebibyte, ticks } from './load-of.ts'

const now = 1_000_000

const alone: readonly Case[] = [
  // The machine.
  {
    name: 'CPUs that are used up',
    app: application(ticks(10, { elu: 1, ready: 2 })),
    machine: { cpus: 2, cpuUsed: 1.95 },
    target: 2,
    reason: 'cpu',
    refusal: 'cpu'
  },
  {
    name: 'a quota that is used up: throttled',
    app: application(ticks(10, { elu: 1, ready: 2 })),
    machine: { throttledShare: 0.3 },
    target: 2,
    reason: 'cpu',
    refusal: 'cpu'
  },
  {
    name: 'threads that wait for CPUs, by the pressure',
    app: application(ticks(10, { elu: 1, ready: 2, cpuShare: 0.5 })),
    machine: { cpuPressure: 70 },
    target: 2,
    reason: 'cpu',
    refusal: 'cpu'
  },
  {
    name: 'pressure of others, while its own threads have their CPUs',
    app: application(ticks(10, { elu: 1, ready: 2, cpuShare: 0.98 })),
    machine: { cpuPressure: 70 },
    target: 3,
    reason: 'busy'
  },
  {
    name: 'as many as there are CPUs left, not as many as would be comfortable',
    app: application(ticks(10, { elu: 0.9, ready: 3 })),
    machine: { cpus: 4, cpuUsed: 3.2 },
    target: 4,
    reason: 'busy'
  },
  {
    name: 'no more threads than CPUs, as others use some of them',
    app: application(ticks(10, { elu: 0.86, ready: 3 })),
    machine: { cpus: 4, cpuUsed: 3.6 },
    target: 3,
    reason: 'cpu',
    refusal: 'cpu'
  },
  {
    name: 'blocked without CPU: more threads than CPUs help',
    app: application(ticks(10, { elu: 1, ready: 4, cpuShare: 0.1 })),
    machine: { cpus: 2, cpuUsed: 0.6 },
    target: 5,
    reason: 'busy'
  },
  {
    name: 'CPUs that others use up, while it blocks without one',
    app: application(ticks(10, { elu: 1, ready: 2, cpuShare: 0.05, cpuWaitMs: 100 })),
    machine: { cpus: 2, cpuUsed: 2, cpuPressure: 80 },
    target: 3,
    reason: 'busy'
  },
  {
    name: 'CPUs that are used up, where a thread that has none waits for it',
    app: application(ticks(10, { elu: 1, ready: 2, cpuShare: 0.05, cpuWaitMs: 900 })),
    machine: { cpus: 2, cpuUsed: 2, cpuPressure: 80 },
    target: 2,
    reason: 'cpu',
    refusal: 'cpu'
  },
  {
    name: 'no memory for one more, and a reserve',
    app: application(ticks(10, { elu: 1 })),
    machine: { memoryLimit: 512 * mebibyte, memoryFree: 100 * mebibyte },
    target: 1,
    reason: 'memory',
    refusal: 'memory'
  },
  {
    name: 'memory for one of many, counting one that is starting',
    app: application(
      history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125, starting: 1 }]),
      { workers: 2 }
    ),
    machine: { memoryLimit: 512 * mebibyte, memoryFree: 160 * mebibyte },
    target: 3,
    reason: 'busy',
    refusal: 'memory'
  },
  {
    name: 'memory under pressure',
    app: application(ticks(10, { elu: 1 })),
    machine: { memoryPressure: 35 },
    target: 1,
    reason: 'memory',
    refusal: 'memory'
  },

  // Limits that were changed.
  {
    name: 'fewer than the least',
    app: application(ticks(10), { limits: { min: 3, max: 8 } }),
    target: 3,
    reason: 'limits'
  },
  {
    name: 'more than the most',
    app: application(ticks(10, { ready: 5, elu: 0.9 }), { limits: { min: 1, max: 4 } }),
    target: 4,
    reason: 'limits'
  },
  {
    name: 'more than all together may be',
    app: application(ticks(10, { ready: 5, elu: 0.9 })),
    total: 3,
    target: 3,
    reason: 'limits'
  }
]

holds(alone)

test('plan() says the numbers behind a decision', () => {
  const app = application(
    history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125 }])
  )
  const [decision] = plan([app], machine({ cpus: 4, cpuUsed: 1.5 }), 2)
  const { numbers } = decision ?? assert.fail()
  assert.partialDeepStrictEqual(numbers, {
    workers: 1,
    wanted: 7,
    inflight: 1,
    queued: 0,
    loopDelayMs: 25,
    cpus: 4,
    cpuUsed: 1.5,
    cpuShare: 1
  })
  // 1000 requests a second of 4 ms each.
  assert.ok(Math.abs((numbers?.demand ?? 0) - 4) < 0.2, `demand ${numbers?.demand}`)
})

test('plan() decides without a machine: nothing limits it then', () => {
  assert.equal(plan([application(ticks(10, { elu: 1 }))], [], 8)[0]?.target, 2)
})

function shown(decisions: readonly Decision[]): readonly unknown[] {
  return decisions.map(({ id, target, reason, refusal, partners }) => [id, target, reason, refusal, partners])
}

const step = history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125 }])

interface Together {
  readonly name: string
  readonly apps: readonly ScalingApplication[]
  readonly total: number
  readonly decisions: readonly unknown[]
}

const together: readonly Together[] = [
  {
    name: 'each what it needs, while there are enough',
    apps: [application(step, { id: 'a' }), application(ticks(10, { elu: 0.8 }), { id: 'b' })],
    total: 16,
    decisions: [
      ['a', 7, 'busy', null, []],
      ['b', 2, 'busy', null, []]
    ]
  },
  {
    name: 'what is left to whom is busiest with what it has by then',
    apps: [application(step, { id: 'a' }), application(ticks(10, { elu: 0.8 }), { id: 'b' })],
    total: 4,
    decisions: [
      ['a', 3, 'busy', 'total', []],
      ['b', 1, 'total', 'total', []]
    ]
  },
  {
    name: 'one from the one that can spare most',
    apps: [
      application(ticks(10, { elu: 0.95 }), { id: 'busy' }),
      application(ticks(60, { elu: 0.4, ready: 3 }), { id: 'used' }),
      application(ticks(60, { elu: 0.02, ready: 3 }), { id: 'idle' })
    ],
    total: 7,
    decisions: [
      ['busy', 2, 'busy', null, ['idle']],
      ['used', 3, 'settling', null, []],
      ['idle', 2, 'given-away', null, ['busy']]
    ]
  },
  {
    name: 'several from several',
    apps: [
      application(step, { id: 'busy' }),
      application(ticks(60, { elu: 0.02, ready: 2 }), { id: 'x' }),
      application(ticks(60, { elu: 0.03, ready: 2 }), { id: 'y' })
    ],
    total: 5,
    decisions: [
      ['busy', 3, 'busy', 'total', ['x', 'y']],
      ['x', 1, 'given-away', null, ['busy']],
      ['y', 1, 'given-away', null, ['busy']]
    ]
  },
  {
    name: 'none from one that needed it a few seconds ago',
    apps: [
      application(ticks(10, { elu: 0.95 }), { id: 'busy' }),
      application(history([60, { elu: 0.9, ready: 2 }], [10, { elu: 0.05, ready: 2 }]), { id: 'late' })
    ],
    total: 3,
    decisions: [
      ['busy', 1, 'total', 'total', []],
      ['late', 2, 'steady', null, []]
    ]
  },
  {
    name: 'none from one that has just got it',
    apps: [
      application(ticks(10, { elu: 0.95 }), { id: 'busy' }),
      application(ticks(60, { elu: 0.05, ready: 2 }), { id: 'new', grownAt: now - 3000 })
    ],
    total: 3,
    decisions: [
      ['busy', 1, 'total', 'total', []],
      ['new', 2, 'settling', null, []]
    ]
  },
  {
    name: 'from one that is busy too, as long as it stays much better off',
    apps: [
      application(step, { id: 'worse' }),
      application(ticks(60, { elu: 0.75, ready: 4, loopDelayMs: 4 }), { id: 'better' })
    ],
    total: 5,
    decisions: [
      ['worse', 3, 'busy', 'total', ['better']],
      ['better', 2, 'given-away', null, ['worse']]
    ]
  },
  {
    name: 'none between two that are equally busy',
    apps: [
      application(ticks(10, { elu: 1, ready: 2 }), { id: 'a' }),
      application(ticks(10, { elu: 1, ready: 2 }), { id: 'b' })
    ],
    total: 4,
    decisions: [
      ['a', 2, 'total', 'total', []],
      ['b', 2, 'total', 'total', []]
    ]
  },
  {
    name: 'none from one that is pinned or has its least',
    apps: [
      application(ticks(10, { elu: 1 }), { id: 'busy' }),
      application(ticks(60, { elu: 0.01, ready: 3 }), { id: 'pinned', enabled: false }),
      application(ticks(60, { elu: 0.01, ready: 2 }), { id: 'least', limits: { min: 2, max: 8 } })
    ],
    total: 6,
    decisions: [
      ['busy', 1, 'total', 'total', []],
      ['pinned', 3, 'pinned', null, []],
      ['least', 2, 'steady', null, []]
    ]
  },
  {
    name: 'too many all together: from whom it hurts least',
    apps: [
      application(ticks(10, { elu: 0.8, ready: 3 }), { id: 'a' }),
      application(ticks(10, { elu: 0.1, ready: 3 }), { id: 'b' })
    ],
    total: 4,
    decisions: [
      ['a', 3, 'settling', null, []],
      ['b', 1, 'limits', null, []]
    ]
  }
]

for (const { name, apps, total, decisions } of together) {
  test(`plan(), several: ${name}`, () => {
    assert.deepEqual(shown(plan(apps, machine({ cpus: 16, cpuUsed: 4 }), total)), decisions)
  })
}

test('plan() lets one worker go at a time when memory runs out, of whom it hurts least', () => {
  const scarce = machine({ memoryLimit: 512 * mebibyte, memoryFree: 20 * mebibyte })
  const busy = application(ticks(10, { elu: 0.9, ready: 3 }), { id: 'busy' })
  const idle = application(ticks(10, { elu: 0.1, ready: 2 }), { id: 'idle' })
  assert.deepEqual(shown(plan([busy, idle], scarce, 8)), [
    ['busy', 3, 'memory', 'memory', []],
    ['idle', 1, 'memory', null, []]
  ])
  const after = { ...idle, workers: 1, shrunkAt: now - 4000 }
  assert.deepEqual(
    plan([busy, after], scarce, 8).map(({ target }) => target),
    [3, 1]
  )
})
