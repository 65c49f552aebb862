/** A row of the tables of the scaling rule: one application, and what becomes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { plan } from '../../../src/main/scaling/allocate.ts'
import type { MachineSample, Reason, Refusal, ScalingApplication } from '../../../src/main/scaling/load.ts'
import { machine } from './load-of.ts'

/** One row. Machine and total are large where nothing is said. */
export interface Case {
  readonly name: string
  readonly app: ScalingApplication
  readonly machine?: Partial<MachineSample>
  readonly total?: number
  readonly target: number
  readonly reason: Reason
  readonly refusal?: Refusal
}

/** One test for each row. */
export function holds(table: readonly Case[]): void {
  for (const { name, app, machine: changes, total = 32, target, reason, refusal = null } of table) {
    test(`plan(): ${name}`, () => {
      const [decision] = plan([app], machine(changes), total)
      const { numbers, partners, ...rest } = decision ?? assert.fail()
      assert.deepEqual(rest, { id: 'api', target, reason, refusal })
      assert.deepEqual(partners, [])
      assert.equal(numbers === null, (app.samples.at(-1)?.ready ?? 0) === 0)
    })
  }
}
