/** When a loaded entry counts as started, without a thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { awaitStart, idleMaxMs, judgeStart } from '../../src/worker/waiting.ts'
import type { StartFacts, StartVerdict } from '../../src/worker/waiting.ts'

const silent: StartFacts = {
  listen: 'none',
  offer: null,
  hasServer: undefined,
  exportsAnything: false,
  loadedHttp: false,
  idleMs: 0
}
const offer = { name: 'default', form: 'listener', value: null } as const

const cases: [string, Partial<StartFacts>, StartVerdict][] = [
  ['it listens', { listen: 'open', offer, hasServer: false }, 'listening'],
  ['it is about to listen', { listen: 'opening', offer }, 'wait'],
  ['it exports a listener', { offer, loadedHttp: true }, 'offer'],
  ['it says it is a job, whatever it exports', { hasServer: false, offer }, 'background'],
  ['it says it has a server', { hasServer: true, exportsAnything: true }, 'wait'],
  ['alive, exports nothing, cannot serve', {}, 'background'],
  ['alive, exports nothing, could serve', { loadedHttp: true }, 'wait'],
  ['alive, exports something else', { exportsAnything: true }, 'wait'],
  ['idle for a moment', { idleMs: 5 }, 'wait'],
  ['idle for good', { idleMs: idleMaxMs + 1 }, 'nothing'],
  ['idle for good, though it could serve', { idleMs: idleMaxMs + 1, loadedHttp: true }, 'nothing'],
  ['idle, but listening', { idleMs: idleMaxMs + 1, listen: 'open' }, 'listening']
]

test('judgeStart() knows servers, offers and jobs apart, and waits for the rest', () => {
  for (const [name, facts, verdict] of cases) assert.equal(judgeStart({ ...silent, ...facts }), verdict, name)
})

test('awaitStart() asks again at once when it is woken', async t => {
  let listen: StartFacts['listen'] = 'opening'
  const holder = setInterval(() => {}, 1000)
  t.after(() => clearInterval(holder))
  const verdict = await awaitStart({
    facts: () => ({ ...silent, listen }),
    isAlive: () => false,
    remind: () => assert.fail('reminded too early'),
    onWake: wake => {
      setImmediate(() => {
        listen = 'open'
        wake()
      })
    }
  })
  assert.equal(verdict, 'listening')
})
