/** What a worker says just before it ends, however it does: a whole server in a process of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import { fixture } from '../../worker/worker-harness.ts'

const embed = new URL('../../../src/index.ts', import.meta.url).href
const ways = ['throw', 'exit', 'heap', 'block']
const count = 3000

test('A worker loses nothing of what it said before it ended, not even half a line', async () => {
  const applications = ways.map(id => [
    id,
    { path: fixture('last-words'), workers: 1, limits: { oldGeneration: 32 } }
  ])
  const config = {
    applications: Object.fromEntries(applications),
    routes: ways.map(id => ({ path: `/${id}`, application: id })),
    entrypoint: 'throw',
    server: { port: 0 },
    admin: { enabled: false },
    // That is when the one is ended that is in a loop.
    gracefulShutdown: { timeout: '2s' }
  }
  const code = `
    import { createHeddle } from ${JSON.stringify(embed)}
    const heddle = await createHeddle(${JSON.stringify(config)})
    const { promise, resolve } = Promise.withResolvers()
    const gone = new Set()
    heddle.on('worker:exited', ({ application }) => {
      gone.add(application)
      if (gone.size === ${ways.length - 1}) resolve()
    })
    const { url } = await heddle.start()
    await Promise.all(${JSON.stringify(ways)}.map(way => fetch(url + '/' + way + '/${count}')))
    await promise
    const ended = Promise.withResolvers()
    heddle.on('worker:moved', ({ worker, to }) => {
      if (worker === 'block:0' && to === 'exited') ended.resolve()
    })
    await heddle.stop()
    // On a busy machine it is given up before it has ended.
    await ended.promise`
  const args = ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const child = spawn(process.execPath, [...args, '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = new Map<string, string[]>(ways.map(way => [way, []]))
  for await (const line of createInterface(child.stdout)) {
    const { worker, msg } = JSON.parse(line) as { worker?: string; msg: string }
    const [way = ''] = msg.split(' ')
    if (worker === `${way}:0`) said.get(way)?.push(msg)
  }
  for (const way of ways) {
    const expected = Array.from({ length: count }, (_, n) => `${way} ${n}`)
    assert.deepEqual(said.get(way), [...expected, `${way} end`], way)
  }
})
