/** What MeshClient does before any other thread is involved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MeshClient } from '../../src/client/client.ts'
import type { MeshRequest } from '../../src/client/exchange.ts'
import type { MeshError } from '../../src/errors.ts'
import { Scoreboard } from '../../src/scoreboard.ts'
import { Traffic } from '../../src/traffic.ts'

function failureOf(client: MeshClient, hostname: string): Promise<Error> {
  const request: MeshRequest = {
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

test('MeshClient fails what is sent after it was closed', async () => {
  const client = clientOf([])
  client.close()
  const error = await failureOf(client, 'api')
  assert.equal('code' in error && error.code, 'MESH_CLOSED')
})
