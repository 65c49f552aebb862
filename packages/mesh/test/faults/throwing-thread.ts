/**
 * Sends requests of which one makes application code throw, in a thread that goes on after an uncaught
 * error, and reports what became of the others. Worker thread.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { Registry, joinMesh, type Mesh } from '../../src/index.ts'
import { LATIN1, MORE } from '../../src/wire/frames.ts'
import { Record } from './misbehaving.ts'

let uncaught = 0
process.on('uncaughtException', () => uncaught++)

const base = { hostname: 'a', headers: 'host: a\r\n', body: null, peer: null, timeoutMs: 0 }
const rest = { idempotent: false, accept: null, method: 'POST' }
type Sending = ReturnType<Mesh['client']['send']>

function send(mesh: Mesh, path: string, flags: number, handler: Record): Sending {
  return mesh.client.send({ ...base, ...rest, path, flags }, handler)
}

class Thrower extends Record {
  override onHead(): void {
    throw new Error('from a caller')
  }
}

const alive = setInterval(() => {}, 1000)
const registry = new Registry({ domain: 'test.local' })
const { ticket, member } = registry.admit({ name: 'a', hostname: 'a' })
const upstream = joinMesh(ticket)
const caller = joinMesh(registry.admit({ name: 'caller', hostname: null }).ticket)
upstream.serve((req, res) => {
  if (req.url === '/throw') {
    req.on('data', () => {
      throw new Error('from a listener')
    })
    res.flushHeaders()
  } else res.end('answered')
})
await member.publish()

const bystander = new Record()
if (workerData === 'upstream') {
  const thrown = new Record()
  const exchange = send(caller, '/throw', MORE, thrown)
  while (thrown.told.length === 0) await turn()
  // One batch: the piece whose listener throws, and somebody else's request.
  exchange.write(LATIN1, 'piece')
  send(caller, '/', 0, bystander)
} else {
  send(caller, '/', 0, new Thrower())
  send(caller, '/', 0, bystander)
}
await bystander.over
parentPort?.postMessage({ uncaught, told: bystander.told })
caller.leave()
upstream.leave()
registry.close()
clearInterval(alive)

function turn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
