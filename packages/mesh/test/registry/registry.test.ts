/** Seats in the mesh, without threads. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { Registry, joinMesh, type RegistryOptions } from '../../src/index.ts'

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
