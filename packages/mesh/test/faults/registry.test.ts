/** Whatever a member tells the registry, nothing throws there, and nobody else waits for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'

import { Registry, joinMesh } from '../../src/index.ts'
import { Scoreboard } from '../../src/scoreboard.ts'
import { CELLS_BYTES } from '../../src/wire/frames.ts'

const cells = new SharedArrayBuffer(CELLS_BYTES)

/** Messages that are none of the protocol; `port` stands for a port that is sent along. */
const nonsense: Readonly<Record<string, unknown>> = {
  nothing: null,
  'a number': 5,
  'an unknown type': { type: 'x' },
  'a version that is no number': { type: 'applied', version: Number.NaN },
  'a version from the future': { type: 'applied', version: 2 ** 40 },
  'an endless version': { type: 'applied', version: Infinity },
  'a version that is text': { type: 'applied', version: '1' },
  'a link without a port': { type: 'link', to: 1, cells },
  'a link to nobody without a port': { type: 'link', to: 99 },
  'a link with something else for a port': { type: 'link', to: 1, port: {}, cells },
  'a link without cells': { type: 'link', to: 1, port: 'port' },
  'a link with cells of another size': { type: 'link', to: 1, port: 'port', cells: new SharedArrayBuffer(4) },
  'a link with a number of cells': { type: 'link', to: 1, port: 'port', cells: 5 },
  'a link to no number': { type: 'link', to: {}, port: 'port', cells }
}

for (const [what, message] of Object.entries(nonsense)) {
  test(`a registry is not disturbed by ${what}`, async t => {
    const alive = setInterval(() => {}, 1000)
    const registry = new Registry({ domain: 'test.local' })
    const good = registry.admit({ name: 'a', hostname: 'a' })
    const mesh = joinMesh(good.ticket)
    const { ticket } = registry.admit({ name: 'evil', hostname: null })
    t.after(() => {
      clearInterval(alive)
      mesh.leave()
      registry.close()
    })
    await good.member.publish()
    new Scoreboard(ticket.scoreboard).join(ticket.record, ticket.generation)
    const { port1, port2 } = new MessageChannel()
    t.after(() => port1.close())
    const closed = new Promise<void>(resolve => {
      port1.once('close', () => resolve())
    })
    const takesPort =
      typeof message === 'object' && message !== null && Reflect.get(message, 'port') === 'port'
    ticket.control.on('message', () => {})
    const gone = new Promise<void>(resolve => {
      ticket.control.once('close', () => resolve())
    })
    if (takesPort) ticket.control.postMessage({ ...message, port: port2 }, [port2])
    else ticket.control.postMessage(message)
    // Who does not speak the protocol is not in the mesh any more.
    await gone
    if (takesPort) await closed
    await good.member.withdraw()
    await good.member.publish()
    assert.equal(good.member.inflight(), 0)
  })
}
