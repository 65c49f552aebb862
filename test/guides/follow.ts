/**
 * Makes a test of each guide that needs nothing but this repository: followed as a reader would from an empty directory, files written, commands typed, outputs
 * compared. How a page is read is said in page.ts. Runs in the process of a test.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { unitsOf } from './page.ts'
import { Workshop } from './workshop.ts'

const root = join(import.meta.dirname, '../..')

/** @param pages Paths from the root of the repository. */
export function follow(...pages: readonly string[]): void {
  suite('the guides', { concurrency: 2 }, () => {
    for (const page of pages) {
      for (const unit of unitsOf(readFileSync(join(root, page), 'utf8'))) {
        if (unit.needsRegistry) continue
        test(`${page}: ${unit.title}`, async t => {
          const workshop = new Workshop(t)
          await workshop.follow(unit)
          assert.ok(workshop.compared > 0, 'It shows nothing that could be compared.')
        })
      }
    }
  })
}
