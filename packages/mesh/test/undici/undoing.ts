/** What undoes at the end of a file what its tests share. */
import { after } from 'node:test'

import type { Undoing } from '../fixtures/fleet.ts'

/** Collects steps, and takes them, the last first, when all tests of the file are done. */
export function undoing(): Undoing {
  const steps: (() => unknown)[] = []
  after(async () => {
    for (const step of steps) await step()
  })
  return { after: step => steps.unshift(step) }
}
