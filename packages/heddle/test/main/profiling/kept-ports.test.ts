/** Inspectors that are opened at the start of workers, in development: on ports that stay over their replacement. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'

import { withInspectors } from '../../../src/config/development.ts'
import type { ResolvedConfig } from '../../../src/config/resolved.ts'
import { inspectorPort } from '../../../src/control/inspector-ports.ts'
import { startDevServer } from '../dev/dev-server.ts'
import { debugWith } from './debugger.ts'

const files = {
  'package.json': '{ "type": "module" }',
  'heddle.json': '{ "applications": { "api": { "path": "api" } } }',
  'api/index.js': 'globalThis.word = "one"\nexport default (_, response) => response.end(word)'
}

/** A port that is free, and that the system gives to nobody who asks for any port meanwhile. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false
    )
    server.close()
    if (isFree) return once(server, 'close').then(() => port)
  }
}

test('inspectorPort() gives first workers the first ports, in the order of the configuration', () => {
  const applications = [{ id: 'web' }, { id: 'api' }]
  const ports = (
    [
      ['web', 0],
      ['api', 0],
      ['web', 1],
      ['api', 1],
      ['gone', 0]
    ] as const
  ).map(([application, slot]) => inspectorPort(9229, { applications, application, slot }))
  assert.deepEqual(ports, [9229, 9230, 9231, 9232, 0])
  assert.equal(inspectorPort(65_535, { applications, application: 'api', slot: 0 }), 0)
})

test('the inspector of a worker has its port from the start, passes it to its successor, and has it back when there is none', async t => {
  const port = await freePort()
  const adapt = (config: ResolvedConfig): ResolvedConfig => withInspectors(config, { port, breaks: false })
  const dev = await startDevServer(t, files, {}, { adapt })
  const urlNow = (): string => {
    const [worker] = dev.server.status().applications[0]?.workers ?? []
    return worker?.diagnoses.find(({ kind }) => kind === 'inspector')?.url ?? ''
  }
  const word = async (): Promise<unknown> => {
    const { ask, socket } = await debugWith(urlNow())
    const { result } = await ask('Runtime.evaluate', { expression: 'globalThis.word' })
    socket.close()
    return result?.result?.value
  }
  assert.match(urlNow(), new RegExp(`^ws://127\\.0\\.0\\.1:${port}/`))
  assert.equal(await word(), 'one')
  // Whoever stands at a breakpoint keeps nobody from a change.
  const { ask, heard, closed } = await debugWith(urlNow())
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  void ask('Debugger.pause')
  void ask('Runtime.evaluate', { expression: '1' })
  await paused
  const two = files['api/index.js'].replace('one', 'two')
  const opened = dev.after(
    () => {},
    'worker:inspector',
    ({ url }) => url !== null
  )
  await dev.after(() => dev.write('api/index.js', two), 'application:updated')
  await closed
  assert.equal((await opened).port, port)
  assert.equal(await word(), 'two')
  // The fresh one does not start: who stays has the port again.
  const back = dev.after(
    () => {},
    'worker:diagnosis',
    ({ state }) => state === 'started'
  )
  await dev.after(() => dev.write('api/index.js', 'nonsense('), 'application:broken')
  await back
  assert.match(urlNow(), new RegExp(`^ws://127\\.0\\.0\\.1:${port}/`))
  assert.equal(await word(), 'two')
})

test('a worker waits for a debugger before it loads its application, and stops there', async t => {
  const port = await freePort()
  const debugged = Promise.withResolvers<unknown>()
  const dev = await startDevServer(
    t,
    files,
    {},
    {
      adapt: config => withInspectors(config, { port, breaks: true }),
      meet: ({ events }) => {
        events.on(
          'worker:inspector',
          ({ url }) => void attach(url ?? '').then(debugged.resolve, debugged.reject)
        )
      }
    }
  )
  assert.equal(await debugged.promise, 'undefined')
  assert.equal(await dev.get(), 'one')
})

/** Attaches, and resolves with what the application has done by the time the worker stops. */
async function attach(url: string): Promise<unknown> {
  const { ask, heard, socket } = await debugWith(url)
  await ask('Runtime.enable')
  await ask('Debugger.enable')
  const paused = heard('Debugger.paused')
  await ask('Runtime.runIfWaitingForDebugger')
  await paused
  const { result } = await ask('Runtime.evaluate', { expression: 'typeof word' })
  await ask('Debugger.resume')
  socket.close()
  return result?.result?.value
}
