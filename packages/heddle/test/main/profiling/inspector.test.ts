/** Inspectors of workers of whole servers, with a real debugger: also at a breakpoint, and when the worker has to go. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { isFailure } from '../../../src/errors.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { wholeFile } from '../whole-file.ts'
import { debugWith } from './debugger.ts'
import type { Debugger } from './debugger.ts'
import { start } from './looked-into.ts'
import type { LookedInto } from './looked-into.ts'

const file = wholeFile()
let live: LookedInto
before(async () => {
  live = await start(file)
})

/** A debugger that holds the first worker at a breakpoint. */
async function pausedAt(server: Coordinator): Promise<Debugger> {
  const held = await debugWith((await server.operations.inspect('api', 0)).url)
  await held.ask('Debugger.enable')
  const paused = held.heard('Debugger.paused')
  // Answered when it goes on; the worker stops at its next instruction.
  void held.ask('Debugger.pause')
  void held.ask('Runtime.evaluate', { expression: '1' })
  await paused
  return held
}

test('inspect() opens an inspector that answers a debugger, and closeInspector() cuts it off', async () => {
  const { server } = live
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

test('inspect() lets a debugger pause a worker that is blocked, in the function it is blocked in', async () => {
  const [answer] = await live.block()
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
  await live.server.operations.closeInspector('api', 0)
})

test('a worker that exits ends although a debugger is connected to it', async () => {
  const { server, next, get } = live
  const { closed } = await debugWith((await server.operations.inspect('api', 0)).url)
  const exited = next('worker:exited')
  const back = next('worker:restarted')
  await get('/exit')
  assert.equal((await exited).reason, 'exited')
  await closed
  await back
})

test('inspect() says that a port is taken', async () => {
  const { server } = live
  await server.operations.scale('api', 2)
  const { port } = await server.operations.inspect('api', 0)
  await assert.rejects(server.operations.inspect('api', 1, port), error => {
    assert.ok(isFailure(error, 'HEDDLE_DIAGNOSIS_FAILED'))
    assert.match(error.message, /may be in use/)
    return true
  })
})

test('a worker at a breakpoint is not replaced, while one that is blocked is', async t => {
  const health = { interval: 1000, maxUnhealthyChecks: 2, gracePeriod: 0, explainBlocked: false }
  const { server, next, told, release } = await start(t, { workers: 2, health })
  const { ask } = await pausedAt(server)
  const before = told.length
  const replaced = next('worker:replaced', ({ slot }) => slot === 1)
  const answer = server.operations.inject('api', { path: '/compute', worker: 1 })
  await replaced
  assert.deepEqual(
    told
      .slice(before)
      .filter(
        ({ name, fact }) => /replac|blocked|moved/.test(name) && Reflect.get(Object(fact), 'slot') === 0
      ),
    []
  )
  await ask('Debugger.resume')
  release()
  await answer
})

test('a server stops in time though a debugger holds one of its workers at a breakpoint', async () => {
  const { server, told } = live
  const { closed } = await pausedAt(server)
  await server.stop('the test says so')
  await closed
  assert.deepEqual(
    told.filter(({ name }) => name === 'stop:overdue'),
    []
  )
})
