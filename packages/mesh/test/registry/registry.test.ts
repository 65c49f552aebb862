/** Seats in the mesh, without threads. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { ExchangeHandler } from '../../src/client/exchange.ts'
import { Registry, joinMesh, type Member, type Mesh, type RegistryOptions } from '../../src/index.ts'
import type { Table } from '../../src/wire/control.ts'
import { stopClock } from '../fixtures/clock.ts'

function open(t: TestContext, options: Partial<RegistryOptions> = {}): Registry {
  const registry = new Registry({ domain: 'Test.Local', ...options })
  t.after(() => registry.close())
  return registry
}

test('Registry.admit() gives a ticket with the domain, the timeout and the name in their final form', t => {
  const { ticket, member, transferList } = open(t, { timeout: 50 }).admit({
    name: 'api:0',
    hostname: 'API',
    meta: { a: 1 }
  })
  assert.deepEqual(
    [ticket.domain, ticket.hostname, ticket.name, ticket.timeoutMs],
    ['.test.local', 'api', 'api:0', 50]
  )
  assert.deepEqual([member.name, member.hostname, member.inflight()], ['api:0', 'api', 0])
  assert.deepEqual(transferList, [ticket.control])
})

test('Registry.admit() refuses a member too many, and has room again when one is removed', t => {
  const registry = open(t, { capacity: 2 })
  const first = registry.admit({ name: 'a', hostname: null })
  registry.admit({ name: 'b', hostname: null })
  assert.throws(() => registry.admit({ name: 'c', hostname: null }), /room for 2 members/)
  first.member.remove()
  first.member.remove()
  const next = registry.admit({ name: 'c', hostname: null })
  assert.equal(next.ticket.record, first.ticket.record)
  assert.notEqual(next.ticket.generation, first.ticket.generation)
  assert.throws(() => registry.admit({ name: 'd', hostname: null }), RangeError)
})

test('Member: what is asked of one that is removed answers at once', async t => {
  const registry = open(t)
  const { member } = registry.admit({ name: 'a', hostname: 'a' })
  member.remove()
  await member.withdraw()
  assert.equal(await member.drained(1000), true)
  assert.equal(member.inflight(), 0)
})

test('Mesh knows an application from its admission on, and has it ready when it is published', async t => {
  const registry = open(t)
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  const { member, ticket } = registry.admit({ name: 'a:0', hostname: 'a' })
  t.after(() => ticket.control.close())
  assert.equal(caller.client.knows('a'), false)
  await member.publish()
  assert.deepEqual([caller.client.knows('a'), caller.client.hasReady('a')], [true, true])
  member.eject(true)
  assert.deepEqual([caller.client.knows('a'), caller.client.hasReady('a')], [true, false])
  member.eject(false)
  await member.withdraw()
  assert.deepEqual([caller.client.knows('a'), caller.client.hasReady('a')], [true, false])
})

test('Member: publishing one that is removed changes nothing for its successor', async t => {
  const registry = open(t, { capacity: 2 })
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  const gone = registry.admit({ name: 'a:0', hostname: 'a' })
  gone.member.remove()
  const next = registry.admit({ name: 'a:0', hostname: 'a' })
  t.after(() => next.ticket.control.close())
  const publishing = gone.member.publish()
  gone.member.eject(false)
  await publishing
  assert.equal(registry.scoreboard.isReady(next.ticket.record, next.ticket.generation), false)
})

/** A caller, and what its tables are. */
function listen(t: TestContext, registry: Registry, hostname: string | null = null): Mesh {
  const caller = joinMesh(registry.admit({ name: `caller of ${hostname}`, hostname }).ticket)
  t.after(() => caller.leave())
  return caller
}

/** A member no thread sits on. */
function seat(t: TestContext, registry: Registry, hostname: string | readonly string[]): Member {
  const { member, ticket } = registry.admit({ name: 'seat', hostname })
  t.after(() => ticket.control.close())
  return member
}

test('Member: several hostnames come, pause and go one by one', async t => {
  const registry = open(t)
  const { client } = listen(t, registry)
  const member = seat(t, registry, ['A', 'b'])
  const states = (): (boolean | null)[] =>
    ['a', 'b', 'c'].map(label => (client.knows(label) ? client.hasReady(label) : null))
  await member.publish()
  assert.deepEqual([member.hostname, member.hostnames, states()], ['a', ['a', 'b'], [true, true, null]])
  await member.pause('a', true)
  assert.deepEqual(states(), [false, true, null])
  await member.addHostname('C')
  await member.removeHostname('a')
  assert.deepEqual(
    [member.hostnames, states()],
    [
      ['b', 'c'],
      [null, true, true]
    ]
  )
  await Promise.all(['b', 'c'].map(label => member.pause(label, true)))
  assert.deepEqual(states(), [null, false, false])
  await Promise.all(['b', 'c'].map(label => member.pause(label, false)))
  assert.deepEqual(states(), [null, true, true])
})

test('Member: metadata and addresses reach the senders; an address is an upstream like others', async t => {
  const registry = open(t)
  const { client } = listen(t, registry)
  const member = registry.admitAddress({
    name: 'far',
    hostname: 'far',
    address: 'http://127.0.0.1:1',
    meta: 1
  })
  await member.publish()
  const seen: unknown[] = []
  const shed = (): Promise<Error> =>
    new Promise(resolve => {
      client.send(
        {
          ...{ hostname: 'far', method: 'GET', path: '/', headers: '', flags: 0, body: null, peer: null },
          ...{ timeoutMs: 0, idempotent: true },
          accept: ({ address, meta, readyAt }) => {
            seen.push([address, meta, readyAt > 0])
            return false
          }
        },
        { ...nothing, onError: resolve }
      )
    })
  assert.equal((await shed()).name, 'LoadSheddingError')
  await member.updateMeta('far', { two: 2 })
  await member.moveTo('unix:/nowhere')
  await shed()
  assert.deepEqual(seen, [
    ['http://127.0.0.1:1', 1, true],
    ['unix:/nowhere', { two: 2 }, true]
  ])
  await member.withdraw()
  assert.equal(client.hasReady('far'), false)
  member.remove()
})

const nothing: ExchangeHandler = {
  onInformation: () => {},
  onHead: () => {},
  onData: () => {},
  onEnd: () => {},
  onError: () => {},
  onWritable: () => {}
}

test('who has lost all hostnames may call no more than before', async t => {
  const registry = open(t, { allow: (from, to) => from !== 'a' || to !== 'b' })
  const { member, ticket } = registry.admit({ name: 'a:0', hostname: 'a' })
  const mesh = joinMesh(ticket)
  t.after(() => mesh.leave())
  await Promise.all([member.publish(), seat(t, registry, 'b').publish()])
  const denied = (): Promise<unknown> =>
    new Promise(resolve => {
      mesh.client.send(
        {
          ...{ hostname: 'b', method: 'GET', path: '/', headers: '', flags: 0, body: null, peer: null },
          ...{ timeoutMs: 0, idempotent: true, accept: null }
        },
        { ...nothing, onError: error => resolve((error as { code?: string }).code) }
      )
    })
  assert.equal(await denied(), 'MESH_DENIED')
  await member.removeHostname('a')
  assert.equal(await denied(), 'MESH_DENIED')
})

test('changes of one turn are published together', async t => {
  const registry = open(t)
  const { ticket } = registry.admit({ name: 'reader', hostname: null })
  const { control } = ticket
  registry.scoreboard.join(ticket.record, ticket.generation)
  t.after(() => control.close())
  const versions: number[] = []
  control.on('message', ({ table }: { table: Table }) => {
    versions.push(table.version)
    control.postMessage({ type: 'applied', version: table.version })
  })
  const members = Array.from({ length: 64 }, (_, i) => seat(t, registry, `app-${i}`))
  await Promise.all(members.map(member => member.publish()))
  assert.deepEqual(versions, [1, 65])
})

test('an unknown balancing policy is refused with what there is', () => {
  const wrong = {
    code: 'MESH_INVALID_OPTION',
    message: /^balance has to be least-inflight, .*; got hash:sid\.$/
  }
  assert.throws(() => new Registry({ domain: 'a', balance: 'hash:sid' as 'random' }), wrong)
  const registry = new Registry({ domain: 'a', balance: 'hash:cookie:sid' })
  const candidature = { name: 'a', hostname: 'a', balance: 'hash:sid' as 'random' }
  assert.throws(() => registry.admit(candidature), wrong)
  registry.close()
})

test('a sender whose event loop stands still holds no barrier up', async t => {
  const registry = new Registry({ domain: 'test.local' })
  t.after(() => registry.close())
  // It says that it has joined, and nothing after that.
  const { ticket } = registry.admit({ name: 'stuck', hostname: null })
  registry.scoreboard.join(ticket.record, ticket.generation)
  const { member } = registry.admit({ name: 'api:0', hostname: 'api' })
  await member.publish()
  assert.ok(registry.scoreboard.heartbeatAge(ticket.record) >= 1000)
})

test('a sender that has stood still with the registry is waited for', async t => {
  const clock = stopClock(t)
  const registry = open(t)
  const { client } = listen(t, registry)
  const member = seat(t, registry, 'a')
  // As after a machine that slept: no heart has beaten yet.
  clock.pass(60_000)
  await member.publish()
  assert.equal(client.hasReady('a'), true)
})

test('Registry.expect() keeps a hostname known while nobody answers to it, until forget()', async t => {
  const registry = open(t)
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  await registry.expect('API', { balance: 'random', queue: { max: 1, timeoutMs: 10 } })
  assert.deepEqual([caller.client.knows('api'), caller.client.hasReady('api')], [true, false])
  const { member, ticket } = registry.admit({ name: 'api:0', hostname: 'api' })
  t.after(() => ticket.control.close())
  await member.publish()
  assert.equal(caller.client.hasReady('api'), true)
  member.remove()
  await registry.expect('api')
  assert.deepEqual([caller.client.knows('api'), caller.client.hasReady('api')], [true, false])
  await registry.forget('Api')
  await registry.forget('api')
  assert.equal(caller.client.knows('api'), false)
})

test('Member.counts() is what senders have counted, and stays when the member is removed', t => {
  const registry = open(t, { capacity: 1 })
  const { member, ticket } = registry.admit({ name: 'a', hostname: 'a' })
  const { record, generation } = ticket
  const { scoreboard } = registry
  for (const status of [101, 200, 204, 302, 404, 500, 503])
    scoreboard.countWhole(record, generation, status, 3)
  assert.equal(member.counts().failuresInRow, 1)
  scoreboard.countFailure(record, generation)
  assert.deepEqual([member.counts().failures, member.counts().failuresInRow], [2, 2])
  scoreboard.countWhole(record, generation, 500, 3)
  scoreboard.countWhole(record, generation - 1, 200, 3)
  scoreboard.countFailure(record, generation - 1)
  const { answered, lost, failures, failuresInRow, durations } = member.counts()
  assert.deepEqual([answered, lost, failures, failuresInRow], [[1, 2, 1, 1, 3], 1, 2, 0])
  assert.equal(
    durations.reduce((sum, count) => sum + count, 0),
    8
  )
  member.remove()
  const next = registry.admit({ name: 'b', hostname: 'b' })
  assert.equal(next.ticket.record, record)
  assert.deepEqual(next.member.counts().answered, [0, 0, 0, 0, 0])
  assert.deepEqual(member.counts().answered, [1, 2, 1, 1, 3])
})
