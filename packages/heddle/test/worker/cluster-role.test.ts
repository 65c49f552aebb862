/** Programs that fork themselves with node:cluster, unmodified, in real worker threads. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test } from 'node:test'

import { forksItself } from '../../src/worker/cluster-role.ts'
import { startInMesh } from './mesh-caller.ts'
import { logIn, readyUrl, startWorker } from './worker-harness.ts'

suite('a program that forks itself', { concurrency: 3 }, () => {
  test('listens as one of its own workers, is told of once, and is replaced when it disconnects', async t => {
    const log = logIn(t)
    const first = startInMesh(t, 'clustered/documented.mjs', { boot: log.boot })
    const second = startInMesh(t, 'clustered/documented.mjs', { boot: { ...log.boot, slot: 1 } })
    assert.equal((await first.next('ready')).hasServer, true)
    await second.next('ready')
    assert.deepEqual(JSON.parse((await first.call('/')).text), { id: 1, named: [false, 1] })
    assert.deepEqual(JSON.parse((await second.call('/go')).text), { id: 2, named: [false, 2] })
    const { origin, error } = await second.next('crashed')
    assert.equal(origin, 'uncaughtException')
    assert.equal(error.message, 'The application called cluster.worker.disconnect().')
    const warnings = log.warnings()
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0] ?? '',
      /^The application forks itself .* not done; see docs\/from-cluster\.md\.$/
    )
  })

  test('has what a forked process has, and servers beside the first that open their ports', async t => {
    const log = logIn(t)
    const running = startInMesh(t, 'clustered/messages.cjs', { boot: { ...log.boot, slot: 2 } })
    await running.next('ready')
    await running.call('/')
    const seen = JSON.parse((await running.call('/')).text) as Record<string, unknown>
    const { ports, ...rest } = seen
    assert.deepEqual(rest, {
      id: 3,
      isWorker: true,
      standing: [true, false, true, true],
      primary: ['undefined', 'undefined', false, false],
      callbacks: [null]
    })
    const [plain = 0, udp = 0] = ports as number[]
    assert.ok(udp > 0)
    const socket = connect(plain, '127.0.0.1')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'plain')
    socket.destroy()
    assert.deepEqual(log.warnings(), [
      'What the application sends to its primary (cmd "notifyRequest") reaches nobody; see docs/from-cluster.md.'
    ])
  })

  for (const exclusive of [false, true]) {
    const how = exclusive ? 'of its own' : 'it shares'
    test(`listens on a port ${how} in direct mode`, async t => {
      const boot = { listen: { hostname: '127.0.0.1', port: 0, backlog: 511, exclusive } }
      const url = await readyUrl(startWorker(t, 'clustered/documented.mjs', { boot }))
      assert.deepEqual(await (await fetch(url)).json(), { id: 1, named: [false, 1] })
    })
  }

  test('is one wherever it forks', async t => {
    const running = startInMesh(t, 'clustered/wrapped.cjs')
    await running.next('ready')
    assert.equal((await running.call('/')).text, '1')
  })
})

test('a program that only asks what it is stays a primary', async t => {
  const running = startInMesh(t, 'clustered/asks.cjs')
  await running.next('ready')
  assert.equal((await running.call('/')).text, 'written')
})

test('a program that forks another one forks, and whoever runs it is told', async t => {
  const log = logIn(t)
  const running = startInMesh(t, 'clustered/helped.mjs', { boot: log.boot })
  await running.next('ready')
  assert.equal((await running.call('/')).text, 'helped')
  assert.match(log.warnings().join('\n'), /^The application starts processes with cluster\.fork\(\): .*\.$/)
})

const sources: readonly (readonly [string, boolean])[] = [
  ['if (cluster.isPrimary) cluster.fork()', true],
  ["const { fork, isMaster } = require('cluster'); fork()", true],
  ['cpus().map(cluster.fork)', true],
  ['(0, node_cluster_1.default.fork)()', true],
  ["import { spawn } from 'child_process'; cluster.fork({ ID: 1 })", true],
  ["import { fork } from 'node:child_process'; if (cluster.isPrimary) fork('job.js')", false],
  ["cluster.setupPrimary({ exec: 'worker.js', silent: true }); cluster.fork()", false],
  ["cluster.setupPrimary({ execArgv: ['--use-openssl-ca'] }); cluster.fork()", true],
  ['// cluster.fork()\nconsole.log(cluster.isPrimary)', false],
  ['/* for (;;) cluster.fork() */ cluster.isWorker', false],
  ['const forked = cluster.isWorker', false]
]

for (const [source, expected] of sources) {
  test(`${expected ? 'forks' : 'does not fork'} itself: ${source.replaceAll('\n', ' ')}`, () => {
    assert.equal(forksItself(source), expected)
  })
}
