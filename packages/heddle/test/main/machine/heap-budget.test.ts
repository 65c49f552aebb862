/** What heap a worker is started with, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedLimits } from '../../../src/config/resolved.ts'
import { limitsNow } from '../../../src/main/machine/heap-budget.ts'
import { mebibyte } from './paper-machine.ts'

const none: ResolvedLimits = { oldGenerationMb: null, youngGenerationMb: null, stackMb: 4 }
const shared: ResolvedLimits = {
  oldGenerationMb: 158,
  youngGenerationMb: 22,
  stackMb: 4,
  shared: ['oldGenerationMb', 'youngGenerationMb']
}

test('limitsNow() gives a worker its share of the container as it is now, and leaves what is written', () => {
  const table: readonly [string, ResolvedLimits, number | null, number, ResolvedLimits][] = [
    ['a container', shared, 1024, 4, { oldGenerationMb: 158, youngGenerationMb: 22, stackMb: 4 }],
    ['more workers', shared, 1024, 8, { oldGenerationMb: 79, youngGenerationMb: 11, stackMb: 4 }],
    ['a larger container', shared, 2048, 4, { oldGenerationMb: 337, youngGenerationMb: 48, stackMb: 4 }],
    [
      'a container that came later',
      none,
      1024,
      4,
      { oldGenerationMb: 158, youngGenerationMb: 22, stackMb: 4 }
    ],
    ['a limit that was taken away', shared, null, 4, none],
    ['no container', none, null, 4, none],
    [
      'a young generation of its own',
      { ...shared, youngGenerationMb: 8, shared: ['oldGenerationMb'] },
      2048,
      4,
      { oldGenerationMb: 337, youngGenerationMb: 8, stackMb: 4 }
    ],
    ['limits of its own', { ...none, oldGenerationMb: 300 }, 1024, 4, { ...none, oldGenerationMb: 300 }]
  ]
  for (const [name, limits, limitMb, workers, expected] of table) {
    const memoryLimitBytes = limitMb === null ? null : limitMb * mebibyte
    assert.deepEqual(limitsNow({ limits }, { memoryLimitBytes, workers }), expected, name)
  }
})
