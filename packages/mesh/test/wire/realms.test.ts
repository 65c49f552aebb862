/** What is checked of messages holds for code in a context of its own too, as runners of tests give it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'

import { readMemberMessage } from '../../src/registry/member-message.ts'
import { FrameCheck } from '../../src/wire/check.ts'
import { BYTES, CELLS_BYTES, DATA } from '../../src/wire/frames.ts'

const bytes: readonly [made: string, accepted: boolean][] = [
  ['new Uint8Array(3)', true],
  ['new Uint8Array(new SharedArrayBuffer(3))', false],
  ['new Uint16Array(3)', false],
  ['({ buffer: new ArrayBuffer(3), byteLength: 3 })', false]
]

for (const [made, accepted] of bytes) {
  test(`a frame with ${made} of another realm is ${accepted ? 'taken' : 'refused'}`, () => {
    const offence = new FrameCheck().offence([DATA, 1, BYTES, runInNewContext(made)], 0)
    assert.equal(offence === null, accepted)
  })
}

for (const [size, accepted] of [
  [CELLS_BYTES, true],
  [8, false]
] as const) {
  test(`a wish for a link with ${size} bytes of cells of another realm is ${accepted ? 'taken' : 'refused'}`, t => {
    const { port1, port2 } = new MessageChannel()
    t.after(() => port2.close())
    const cells: unknown = runInNewContext(`new SharedArrayBuffer(${size})`)
    const message = readMemberMessage({ type: 'link', to: 1, port: port1, cells }, 1)
    assert.equal(message === null, !accepted)
    port1.close()
  })
}
