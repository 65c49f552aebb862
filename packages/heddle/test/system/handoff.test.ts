/** Handoff mode as its operator has it: restarts that nobody notices, and what is said where it cannot work. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { handoffTest } from '../handoff/stage.ts'
import { runtimeDirectory, startHeddle } from './heddle-process.ts'

const config = join(import.meta.dirname, 'fixtures/moody/heddle.json')
const bin = join(import.meta.dirname, '../../bin/heddle.js')

async function post(url: string, agent: Agent): Promise<number> {
  const sent = request(url, { agent, method: 'POST' }).end('body')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  await text(response)
  return response.statusCode ?? 0
}

handoffTest(
  'A restart in handoff mode loses no request, on connections old and new, idle and busy',
  async t => {
    const { url, child, line } = await startHeddle(t, '--config', config, '--mode', 'handoff')
    const over = new AbortController()
    const visit = async (keepAlive: boolean): Promise<number> => {
      const agent = new Agent({ keepAlive, maxSockets: 1 })
      let count = 0
      // A connection is used again whatever has become of the worker it was made with.
      for (; !over.signal.aborted; count++) assert.equal(await post(url, agent), 200)
      agent.destroy()
      return count
    }
    const idle = Array.from({ length: 10 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    await Promise.all(idle.map(agent => post(url, agent)))
    const visits = Promise.all([true, true, true, false, false].map(visit))
    child.kill('SIGUSR2')
    await line('Restart is done: every worker is a fresh one.')
    over.abort()
    const counts = await visits
    assert.ok(
      counts.every(count => count > 0),
      `visits: ${counts.join(', ')}`
    )
    // Idle all the time, and open still: these are no new connections.
    const after = await Promise.all(idle.map(agent => post(url, agent)))
    assert.deepEqual(new Set(after), new Set([200]))
    for (const agent of idle) agent.destroy()
  }
)

/** Makes `koffi` look like a package that is not installed. */
const hideKoffi = fileURLToPath(new URL('../fixtures/hide-koffi.cjs', import.meta.url))

test('Where descriptors cannot be duplicated, handoff mode says what would help', async t => {
  const none = process.allowedNodeEnvironmentFlags.has('--experimental-ffi') ? '--no-experimental-ffi' : ''
  const argv = ['start', '--config', config, '--mode', 'handoff', '--port', '0', '--admin-port', '0']
  const child = spawn(process.execPath, ['--conditions=@heddle/source', bin, ...argv], {
    // In the environment, for the threads too.
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: `${none} --require ${hideKoffi}`,
      XDG_RUNTIME_DIR: runtimeDirectory
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.after(() => child.kill('SIGKILL'))
  const log = await text(child.stdout)
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 78)
  assert.match(log, /HEDDLE_HANDOFF_UNAVAILABLE/)
  for (const remedy of ['npm i koffi', 'Node.js 26', 'edge', 'direct'])
    assert.ok(log.includes(remedy), remedy)
})
