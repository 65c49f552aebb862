/** Table tests of what one application needs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { workersFor } from '../../../src/main/scaling/rule.ts'
import { holds } from './case.ts'
import type { Case } from './case.ts'
import { application, history, ticks } from './load-of.ts'

const minute = 120
const now = 1_000_000

const table: readonly Case[] = [
  // Growing.
  { name: 'enough to do for one', app: application(ticks(10, { elu: 0.6 })), target: 1, reason: 'steady' },
  {
    name: 'more than one should do, and requests that feel it',
    app: application(ticks(10, { elu: 0.75 })),
    target: 2,
    reason: 'busy'
  },
  {
    name: 'the same, and nobody waits',
    app: application(ticks(10, { elu: 0.75, loopDelayMs: 3 })),
    target: 1,
    reason: 'steady'
  },
  {
    name: 'so full that it will be felt',
    app: application(ticks(10, { elu: 0.92, loopDelayMs: 3 })),
    target: 2,
    reason: 'busy'
  },
  {
    name: 'a step to four times as much: all at once, by what comes in and what it costs',
    app: application(history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125 }])),
    target: 7,
    reason: 'busy'
  },
  {
    name: 'no memory, but workers that are kept ready and have theirs',
    app: application(history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125 }]), {
      spares: 2
    }),
    machine: { memoryLimit: 512 * 1024 ** 2, memoryFree: 100 * 1024 ** 2 },
    target: 3,
    reason: 'busy',
    refusal: 'memory'
  },
  {
    name: 'as full as can be, where what waits is not seen: by half as many at a time',
    app: application(ticks(10, { ready: 4, elu: 0.98, arrived: null })),
    target: 6,
    reason: 'busy'
  },
  {
    name: 'the same, where some are not full yet',
    app: application([
      ...ticks(4, { ready: 4, elu: 0.98, arrived: null }, 999_500),
      ...ticks(1, { ready: 6, elu: 0.7, arrived: null })
    ]),
    target: 6,
    reason: 'settling'
  },
  {
    name: 'busy all the time, where requests are seen only when they are answered, and none is',
    app: application(ticks(10, { elu: 0.98, arrived: null, completed: 0, inflight: 0 })),
    target: 1,
    reason: 'own-work'
  },
  {
    name: 'the first tick of a step, which may be an accident',
    app: application(history([60, { elu: 0.4, rate: 100 }], [1, { elu: 1, arrived: 200, completed: 125 }])),
    target: 1,
    reason: 'steady'
  },
  {
    name: 'no more than it is full, when nobody sees what comes in',
    app: application(ticks(10, { elu: 1, ready: 2, arrived: null, completed: null })),
    target: 3,
    reason: 'busy'
  },
  {
    name: 'what has piled up is worked off within seconds',
    app: application(
      history(
        [60, { elu: 0.4, rate: 100, inflight: 1 }],
        [6, { ready: 2, elu: 1, arrived: 125, completed: 250, inflight: 3000 }]
      )
    ),
    target: 5,
    reason: 'backlog'
  },
  {
    name: 'many in flight that wait for something else are no backlog',
    app: application(
      history([60, { elu: 0.6, rate: 100, inflight: 300 }], [6, { elu: 0.95, rate: 158, inflight: 475 }])
    ),
    target: 2,
    reason: 'busy'
  },
  {
    name: 'a worker that is new and gets little yet, while the first is full: by what comes in',
    app: application(
      history(
        [60, { elu: 0.4, rate: 100 }],
        [1, { elu: 1, arrived: 500, completed: 125, inflight: 376 }],
        [2, { ready: 2, elu: 0.55, arrived: 500, completed: 140, inflight: 1000 }]
      ),
      { grownAt: now - 1000 }
    ),
    target: 5,
    reason: 'busy'
  },
  {
    name: 'many workers share their peaks and may be fuller',
    app: application(ticks(10, { elu: 0.8, ready: 8, loopDelayMs: 20 }), { limits: { min: 1, max: 32 } }),
    target: 8,
    reason: 'settling'
  },

  // Not growing.
  {
    name: 'too few samples',
    app: application(ticks(2, { elu: 1 })),
    target: 1,
    reason: 'settling'
  },
  {
    name: 'no worker that is ready',
    app: application(ticks(10, { ready: 0, queued: 400 }), { workers: 2 }),
    target: 2,
    reason: 'settling'
  },
  {
    name: 'hundreds in flight and an event loop that idles',
    app: application(ticks(10, { elu: 0.1, inflight: 400, responseP99Ms: 3000 })),
    target: 1,
    reason: 'waiting'
  },
  {
    name: 'busy without requests',
    app: application(ticks(10, { elu: 1, rate: 0, inflight: 0 })),
    target: 1,
    reason: 'own-work'
  },
  {
    name: 'as many as it may have',
    app: application(ticks(10, { elu: 1, ready: 3 }), { limits: { min: 1, max: 3 } }),
    target: 3,
    reason: 'max',
    refusal: 'max'
  },
  {
    name: 'one more of the six it needs, since the total is reached',
    app: application(history([60, { elu: 0.4, rate: 100 }], [4, { elu: 1, arrived: 500, completed: 125 }])),
    total: 2,
    target: 2,
    reason: 'busy',
    refusal: 'total'
  },
  {
    name: 'pinned, however busy',
    app: application(ticks(10, { elu: 1 }), { enabled: false }),
    target: 1,
    reason: 'pinned'
  },

  // Shrinking.
  {
    name: 'a minute with too little to do: one goes',
    app: application(ticks(minute + 2, { elu: 0.2, ready: 3 })),
    target: 2,
    reason: 'idle'
  },
  {
    name: 'half of many that are too many',
    app: application(ticks(minute + 2, { elu: 0.05, ready: 8 })),
    target: 5,
    reason: 'idle'
  },
  {
    name: 'too short a time of it',
    app: application(ticks(50, { elu: 0.2, ready: 3 })),
    target: 3,
    reason: 'settling'
  },
  {
    name: 'needed half a minute ago',
    app: application(history([70, { elu: 0.8, ready: 3 }], [60, { elu: 0.1, ready: 3 }])),
    target: 3,
    reason: 'steady'
  },
  {
    name: 'a smaller number that would be full again',
    app: application(ticks(minute + 2, { elu: 0.5, ready: 3 })),
    target: 3,
    reason: 'steady'
  },
  {
    name: 'a step down a moment ago',
    app: application(ticks(minute + 2, { elu: 0.05, ready: 4 }), { shrunkAt: now - 3000 }),
    target: 4,
    reason: 'steady'
  },
  {
    name: 'a step down some time ago',
    app: application(ticks(minute + 2, { elu: 0.2, ready: 3 }), { shrunkAt: now - 15_000 }),
    target: 2,
    reason: 'idle'
  },
  {
    name: 'a step up a moment ago',
    app: application(ticks(minute + 2, { elu: 0.2, ready: 3 }), { grownAt: now - 10_000 }),
    target: 3,
    reason: 'steady'
  },
  {
    name: 'needed for two seconds, twenty seconds ago',
    app: application(
      history([70, { elu: 0.2, ready: 3 }], [4, { elu: 0.8, ready: 3 }], [40, { elu: 0.2, ready: 3 }])
    ),
    target: 2,
    reason: 'idle'
  },
  {
    name: 'needed for two seconds again and again',
    app: application(
      history(
        ...[0, 1, 2, 3].flatMap(() => [
          [4, { elu: 0.8, ready: 3 }] as const,
          [36, { elu: 0.2, ready: 3 }] as const
        ])
      )
    ),
    target: 3,
    reason: 'steady'
  },
  {
    name: 'never below the least',
    app: application(ticks(minute + 2, { elu: 0.01, ready: 3 }), { limits: { min: 3, max: 8 } }),
    target: 3,
    reason: 'steady'
  },
  {
    name: 'a worker that is missing for the moment',
    app: application(ticks(minute + 2, { elu: 0.2, ready: 2 }), { workers: 3 }),
    target: 3,
    reason: 'steady'
  }
]

holds(table)

test('workersFor() asks for less room the more there are', () => {
  const cases = [0, 0.2, 0.69, 0.71, 1.4, 1.6, 2.8, 5.6, 11.2, 40].map(demand => workersFor(demand))
  assert.deepEqual(cases, [1, 1, 1, 1, 2, 2, 4, 7, 13, 45])
})
