/**
 * The same handlers over a socket, through the mesh in one thread, through the mesh between two, and through
 * an edge: what clients and handlers see is the same. What differs by design is listed with its reason.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { globalAgent } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'

import { accepted, type Difference } from '../fixtures/conformance/accepted.ts'
import type { ClientName } from '../fixtures/conformance/case.ts'
import { clients, type Outcome } from '../fixtures/conformance/clients.ts'
import { scripts } from '../fixtures/conformance/scripts.ts'
import { began, cases, observed, target } from '../fixtures/conformance/server.ts'
import { openEdge } from '../fixtures/edge.ts'
import { Fleet, type Undoing } from '../fixtures/fleet.ts'

interface Transport {
  readonly name: string
  readonly origin: string
  /** Calls a function of the thread that serves. */
  call(name: 'observed' | 'began', run: string): Promise<unknown>
}

const undo: (() => unknown)[] = []
const transports: Transport[] = []
let lastRun = 0
const here: Transport['call'] = (name, run) => (name === 'began' ? began(run) : observed(run))

before(async () => {
  const undoing: Undoing = { after: step => undo.unshift(step) }
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  undoing.after(() => target.close())
  undoing.after(() => target.closeAllConnections())
  const fleet = new Fleet(undoing)
  const other = await fleet.start('other', './conformance/server.ts')
  const same = fleet.join('same')
  same.mesh.serve(target)
  same.mesh.installGlobals()
  await same.member.publish()
  const { port } = target.address() as AddressInfo
  transports.push(
    { name: 'socket', origin: `http://127.0.0.1:${port}`, call: here },
    { name: 'same thread', origin: 'http://same.heddle.local', call: here },
    {
      name: 'other thread',
      origin: 'http://other.heddle.local',
      call: (name, run) => other.call(name, run)
    },
    {
      name: 'edge',
      origin: await openEdge(fleet.registry, 'other', undoing),
      call: (name, run) => other.call(name, run)
    }
  )
})

after(async () => {
  globalAgent.destroy()
  for (const step of undo) await step()
})

for (const what of cases) {
  test(`a handler and its clients see the same over every transport: ${what.name}`, async () => {
    for (const client of what.clients ?? (Object.keys(clients) as ClientName[])) {
      await compare(what.name, client, async transport => {
        const { run, url } = visit(transport, what.name)
        const outcome: Outcome = await clients[client](url, what)
        return { client: outcome, handler: await transport.call('observed', run) }
      })
    }
  })
}

// Side by side: some of them wait for a time-out of an edge.
suite('a handler and its client follow a script', { concurrency: 8 }, () => {
  for (const script of scripts) {
    test(`a handler and its client see the same over every transport: ${script.name}`, () =>
      compare(script.name, 'script', async transport => {
        const { run, url } = visit(transport, script.handler)
        const began = async (): Promise<void> => void (await transport.call('began', run))
        const outcome = await script.run(url, began)
        // A refused request never comes to the handler.
        const handler =
          script.name === 'an unknown expectation is refused' || (await transport.call('observed', run))
        return { client: outcome, handler }
      }))
  }
})

async function compare(
  name: string,
  client: string,
  exchange: (transport: Transport) => Promise<{ readonly client: unknown; readonly handler: unknown }>
): Promise<void> {
  const [socket, ...meshes] = await Promise.all(transports.map(exchange))
  for (const [index, mesh] of meshes.entries()) {
    const transport = transports[index + 1]?.name ?? ''
    const unanswered = !(isTree(socket?.client) && 'status' in socket.client)
    const unexpected = leaves(socket, mesh)
      .filter(
        leaf =>
          !accepted.some(acceptance => acceptance.covers({ ...leaf, name, client, transport, unanswered }))
      )
      .map(({ fact, expected, actual }) => `${fact} is ${print(actual)} instead of ${print(expected)}`)
    assert.deepEqual(unexpected, [], `${client} to the ${transport}`)
  }
}

function visit(transport: Transport, handler: string): { run: string; url: URL } {
  const run = `r${++lastRun}`
  return { run, url: new URL(`/${encodeURIComponent(handler)}?run=${run}`, transport.origin) }
}

type Leaf = Pick<Difference, 'fact' | 'expected' | 'actual'>

/** The leaves in which two trees differ. */
function leaves(expected: unknown, actual: unknown, fact = ''): Leaf[] {
  if (isTree(expected) && isTree(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
    return [...keys].flatMap(key => leaves(expected[key], actual[key], fact === '' ? key : `${fact}.${key}`))
  }
  return print(expected) === print(actual) ? [] : [{ fact, expected, actual }]
}

function print(value: unknown): string {
  return JSON.stringify(value) ?? 'absent'
}

function isTree(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
