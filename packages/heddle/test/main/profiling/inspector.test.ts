/** Inspectors of workers of whole servers, with a real debugger: also at a breakpoint, and when the worker has to go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure } from '../../../src/errors.ts'
import { debugWith } from './debugger.ts'
import { block, start } from './looked-into.ts'

test('inspect() opens an inspector that answers a debugger, and closeInspector() cuts it off', async t => {
  const { server } = await start(t)
  const { url, port, devtoolsUrl } = await server.operations.inspect('api', 0)
  assert.match(url, new RegExp(`^ws://127\\.0\\.0\\.1:${port}/`))
  assert.ok(devtoolsUrl.startsWith('devtools://') && devtoolsUrl.endsWith(url.slice('ws://'.length)))
  assert.equal((await server.operations.inspect('api', 0)).url, url)
  const shown = (): unknown => server.status().applications[0]?.workers[0]?.diagnoses
  assert.partialDeepStrictEqual(shown(), [{ kind: 'inspector', url }])
  const { ask, closed } = await debugWith(url)
  const { result } = await ask('Runtime.evaluate', { expression: 'process.argv.length > 0 ? 6 * 7 : 0' })
  assert.equal(result?.result?.value, 42)
  await server.operations.closeInspector('api', 0)
  await closed
  assert.deepEqual(shown(), [])
  await assert.rejects(debugWith(url), { code: 'ECONNREFUSED' })
})

test('inspect() lets a debugger pause a worker that is blocked, in the function it is blocked in', async t => {
  const live = await start(t, { health: { maxBlocked: 200 } })
  const [answer] = await block(live)
  const { ask, heard } = await debugWith((await live.server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  await ask('Debugger.pause')
  const { params } = await paused
  const names = params?.callFrames?.map(({ functionName }) => functionName) ?? []
  assert.ok(names.includes('computeUntilReleased'), names.join())
  await ask('Debugger.resume')
  live.release()
  await answer
})

test('inspect() says that a port is taken', async t => {
  const { server } = await start(t, { workers: 2 })
  const { port } = await server.operations.inspect('api', 0)
  await assert.rejects(server.operations.inspect('api', 1, port), error => {
    assert.ok(isFailure(error, 'HEDDLE_DIAGNOSIS_FAILED'))
    assert.match(error.message, /may be in use/)
    return true
  })
})

test('a worker at a breakpoint is not replaced, while one that is blocked is', async t => {
  const health = { interval: 100, maxUnhealthyChecks: 1, gracePeriod: 0, explainBlocked: false }
  const { server, next, told, get, release } = await start(t, { workers: 2, health })
  const { ask, heard } = await debugWith((await server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  // Answered when it goes on; the worker stops at its next instruction.
  void ask('Debugger.pause')
  void ask('Runtime.evaluate', { expression: '1' })
  await paused
  const replaced = next('worker:replaced', ({ slot }) => slot === 1)
  const answer = get('/compute')
  await replaced
  assert.equal(server.status().applications[0]?.workers[0]?.state, 'ready')
  assert.deepEqual(
    told.filter(({ name, fact }) => /replac|blocked/.test(name) && Reflect.get(Object(fact), 'slot') === 0),
    []
  )
  await ask('Debugger.resume')
  release()
  await answer
})

test('a server stops in time though a debugger holds one of its workers at a breakpoint', async t => {
  const { server, told } = await start(t)
  const { ask, heard, closed } = await debugWith((await server.operations.inspect('api', 0)).url)
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  void ask('Debugger.pause')
  void ask('Runtime.evaluate', { expression: '1' })
  await paused
  await server.stop('the test says so')
  await closed
  assert.deepEqual(
    told.filter(({ name }) => name === 'stop:overdue'),
    []
  )
})

test('a worker that exits ends although a debugger is connected to it', async t => {
  const { server, next, get } = await start(t)
  const { closed } = await debugWith((await server.operations.inspect('api', 0)).url)
  const exited = next('worker:exited')
  await get('/exit')
  assert.equal((await exited).reason, 'exited')
  await closed
})
