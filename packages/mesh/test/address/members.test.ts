/** Network addresses as members of a mesh, beside threads, for the clients applications use. */
import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { request } from 'undici'

import { Registry, joinMesh } from '../../src/index.ts'
import { everybodyTurns } from '../fixtures/turning.ts'
import { ask, listen, listenUnix } from './network.ts'

const answering =
  (name: string): RequestListener =>
  (request, response) => {
    response.setHeader('x-name', name)
    request.pipe(response)
  }

/** A mesh of which this thread is a member that calls and one that answers; two addresses answer beside it. */
async function start(t: TestContext) {
  everybodyTurns(t)
  const registry = new Registry({ domain: 'test.local', slowStartMs: 0, balance: 'round-robin' })
  t.after(() => registry.close())
  const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
  t.after(() => caller.leave())
  const { ticket, member } = registry.admit({ name: 'api:0', hostname: 'api' })
  const thread = joinMesh(ticket)
  t.after(() => thread.leave())
  thread.serve(answering('thread'))
  const addresses = { port: await listen(t, answering('port')), unix: await listenUnix(t, answering('unix')) }
  const byPort = registry.admitAddress({ name: 'api:1', hostname: 'api', address: addresses.port })
  const byPath = registry.admitAddress({ name: 'api:2', hostname: 'api', address: addresses.unix })
  await Promise.all([member.publish(), byPort.publish(), byPath.publish()])
  return { caller, member, byPort, byPath, addresses }
}

const callers: readonly [string, (url: string) => Promise<[string, string]>][] = [
  [
    'fetch',
    async url => {
      const response = await fetch(url, { method: 'POST', body: 'sent' })
      return [String(response.headers.get('x-name')), await response.text()]
    }
  ],
  [
    'undici.request',
    async url => {
      const { headers, body } = await request(url, { method: 'POST', body: 'sent' })
      return [String(headers['x-name']), await body.text()]
    }
  ],
  [
    'node:http',
    async url => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        httpRequest(url, { method: 'POST' }, resolve).on('error', reject).end('sent')
      })
      return [String(response.headers['x-name']), await text(response)]
    }
  ]
]

test('fetch, undici and node:http reach addresses and threads of one application in turn', async t => {
  const { caller } = await start(t)
  caller.installGlobals()
  for (const [what, call] of callers) {
    const names: string[] = []
    for (let turn = 0; turn < 6; turn++) {
      const [name, body] = await call('http://api.test.local/')
      assert.equal(body, 'sent', what)
      names.push(name)
    }
    assert.deepEqual(names.toSorted(), ['port', 'port', 'thread', 'thread', 'unix', 'unix'], what)
  }
})

test('an address that is withdrawn gets no more requests, and one that moves gets them where it is', async t => {
  const { caller, member, byPort, byPath, addresses } = await start(t)
  const nameOf = async (): Promise<string> => {
    const { block, error } = await ask(caller.client)
    return error === null ? (/x-name: (\w+)/.exec(block)?.[1] ?? '') : String(error)
  }
  await Promise.all([member.withdraw(), byPath.withdraw()])
  assert.deepEqual([await nameOf(), await nameOf()], ['port', 'port'])
  await byPort.moveTo(addresses.unix)
  assert.deepEqual([await nameOf(), await nameOf()], ['unix', 'unix'])
  assert.equal(await byPort.drained(1000), true)
  byPort.remove()
  await byPath.publish()
  byPath.remove()
  await member.publish()
  assert.deepEqual([await nameOf(), await nameOf()], ['thread', 'thread'])
})
