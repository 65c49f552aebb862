/** What MeshClient does before any other thread is involved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MeshClient } from '../../src/client/client.ts'
import type { MeshRequest } from '../../src/client/exchange.ts'
import type { MeshError } from '../../src/errors.ts'
import { EJECTED, READY, Scoreboard } from '../../src/scoreboard.ts'
import { Traffic } from '../../src/traffic.ts'

function requestTo(hostname: string): MeshRequest {
  return {
    hostname,
    method: 'GET',
    path: '/',
    headers: '',
    flags: 0,
    body: null,
    peer: null,
    timeoutMs: 0,
    idempotent: true,
    accept: null
  }
}

const ignore = (): void => {}
const ignoring = {
  onInformation: ignore,
  onHead: ignore,
  onData: ignore,
  onEnd: ignore,
  onWritable: ignore
}

function failureOf(client: MeshClient, hostname: string): Promise<Error> {
  const request = requestTo(hostname)
  return new Promise((resolve, reject) => {
    const unexpected = (): void => reject(new Error('The request was answered.'))
    client.send(request, {
      onInformation: unexpected,
      onHead: unexpected,
      onData: unexpected,
      onEnd: unexpected,
      onWritable: unexpected,
      onError: resolve
    })
  })
}

function clientOf(denied: readonly string[]): MeshClient {
  const client = new MeshClient({
    name: 'caller',
    scoreboard: Scoreboard.create(1),
    flushMoment: 'tick',
    traffic: Traffic.create(),
    detail: true,
    breaker: null,
    isOut: () => false,
    tell: () => assert.fail('Nothing is to be told.')
  })
  client.apply({
    version: 1,
    upstreams: { api: [] },
    denied,
    balance: {},
    queues: {},
    numbers: {},
    slowStartMs: 0
  })
  return client
}

const failures: readonly (readonly [string, MeshError['code']])[] = [
  ['api', 'MESH_NO_UPSTREAM'],
  ['db', 'MESH_DENIED'],
  ['nobody', 'MESH_UNKNOWN_HOST'],
  ['constructor', 'MESH_UNKNOWN_HOST'],
  ['__proto__', 'MESH_UNKNOWN_HOST']
]

test('MeshClient says why it cannot send', async t => {
  const client = clientOf(['db'])
  t.after(() => client.close())
  for (const [hostname, code] of failures) {
    const error = await failureOf(client, hostname)
    assert.equal('code' in error && error.code, code, hostname)
  }
})

test('MeshClient sends a request for one member to that one, though it takes no others, and to nobody else', t => {
  const scoreboard = Scoreboard.create(2)
  const told: unknown[] = []
  const client = new MeshClient({
    name: 'caller',
    scoreboard,
    flushMoment: 'tick',
    traffic: Traffic.create(),
    detail: true,
    breaker: null,
    isOut: () => false,
    tell: message => told.push(message)
  })
  t.after(() => client.close())
  const upstreams = ['api:0', 'api:1'].map((name, record) => ({
    id: 10 + record,
    name,
    record,
    generation: scoreboard.open(record),
    meta: undefined,
    address: null,
    readyAt: 0
  }))
  const rest = { denied: [], balance: {}, queues: {}, numbers: {}, slowStartMs: 0 }
  client.apply({ version: 1, upstreams: { api: upstreams }, ...rest })
  scoreboard.setState(0, READY)
  scoreboard.setState(1, EJECTED)
  const handler = { ...ignoring, onError: (error: Error) => told.push(error) }
  assert.equal(client.send({ ...requestTo('api'), only: 'api:1' }, handler).worker, 'api:1')
  assert.equal(client.send(requestTo('api'), handler).worker, 'api:0')
  assert.equal(client.send({ ...requestTo('api'), only: 'api:2' }, handler).worker, null)
})

test('MeshClient fails what is sent after it was closed', async () => {
  const client = clientOf([])
  client.close()
  const error = await failureOf(client, 'api')
  assert.equal('code' in error && error.code, 'MESH_CLOSED')
})
