/** Table test of the legal moves of a thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ThreadState } from '../../../src/events.ts'
import { canBecome } from '../../../src/main/supervisor/worker-state.ts'

const states: readonly ThreadState[] = [
  'starting',
  'ready',
  'ejected',
  'draining',
  'stopping',
  'exited',
  'zombie'
]

test('canBecome() knows every legal move and no other', () => {
  const legal = new Set([
    'starting ready',
    'starting stopping',
    'starting exited',
    'starting zombie',
    'ready ejected',
    'ready draining',
    'ready stopping',
    'ready exited',
    'ready zombie',
    'ejected ready',
    'ejected draining',
    'ejected stopping',
    'ejected exited',
    'ejected zombie',
    'draining stopping',
    'draining exited',
    'draining zombie',
    'stopping exited',
    'stopping zombie',
    'zombie exited'
  ])
  for (const from of states) {
    for (const to of states) assert.equal(canBecome(from, to), legal.has(`${from} ${to}`), `${from} ${to}`)
  }
})
