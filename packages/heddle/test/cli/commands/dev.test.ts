/** `heddle dev` on a terminal without a screen, with a real server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { bareEnv } from '../../bare-env.ts'
import { PseudoTerminal } from '../pseudo-terminal.ts'
import { command, run } from '../run-command.ts'

const fine = `import { createServer } from 'node:http'
createServer((request, response) => response.end('fine')).listen(3000)
`

interface Place {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  /** A port somebody has. */
  readonly taken: number
}

async function placeOf(t: TestContext): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), 'heddle-dev-'))
  const runtime = mkdtempSync(join(tmpdir(), 'heddle-run-'))
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.after(() => {
    holder.close()
    for (const path of [root, runtime]) rmSync(path, { recursive: true, force: true })
  })
  writeFileSync(join(root, 'package.json'), '{ "name": "shop" }')
  writeFileSync(join(root, 'server.mjs'), fine)
  const { port: taken } = holder.address() as AddressInfo
  return { root, env: { ...bareEnv, PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtime }, taken }
}

test('dev tells on a terminal what happens, obeys what is typed, and ends at Ctrl-C', async t => {
  const { root, env, taken } = await placeOf(t)
  const argv = [...command, 'dev', 'server.mjs', '--port', String(taken), '--next-port', '--admin-port', '0']
  const terminal = new PseudoTerminal(t, argv, { columns: 120, rows: 60, env, cwd: root })
  const restarts = (count: number): Promise<void> =>
    terminal.until(({ output }) => output.split('restarted in').length > count)
  await terminal.sees(/● heddle dev started in \d+ ms/)
  const [, url = ''] = /(http:\/\/127\.0\.0\.1:\d+)\//.exec(terminal.screen.text) ?? []
  assert.notEqual(url, `http://127.0.0.1:${taken}`)
  // The terminal stays as the shell has left it.
  assert.equal(terminal.isCooked(), true)
  const answer = await fetch(`${url}/shop?page=2`)
  assert.equal(await answer.text(), 'fine')
  await terminal.sees(/ 200 {3}shop:0 GET \/shop\?page=2 /)
  terminal.press('rs\n')
  await restarts(1)
  // The end of the input is not the end of the server, nor of what can be typed.
  terminal.press('\u0004')
  terminal.press('rs\n')
  await restarts(2)
  writeFileSync(join(root, 'server.mjs'), `${fine}const = 1\n`)
  await terminal.sees(/shop does not start, its former code goes on: SyntaxError/)
  await terminal.sees(/> 3 \| const = 1\s+\| {7}\^/)
  const former = await fetch(url)
  assert.equal(await former.text(), 'fine')
  writeFileSync(join(root, 'server.mjs'), fine)
  await terminal.sees(/shop restarted in \d+ ms \(server\.mjs changed\)/)
  terminal.press('what?\n')
  await terminal.sees(/rs and Enter start everything anew/)
  terminal.child.kill('SIGINT')
  assert.equal(await terminal.ended(), 0)
})

test('dev says before it starts anything that a port is taken', async t => {
  const { root, env, taken } = await placeOf(t)
  const ended = await run(t, { root, env }, 'dev', 'server.mjs', '--port', String(taken))
  assert.equal(ended.code, 71)
  assert.match(ended.stderr, /The public port 127\.0\.0\.1:\d+ could not be opened: another program uses it/)
  const inspected = await run(t, { root, env }, 'dev', 'server.mjs', '--port', '0', `--inspect=${taken}`)
  assert.equal(inspected.code, 71)
  assert.match(inspected.stderr, /The inspector's port 127\.0\.0\.1:\d+ could not be opened/)
})

test('dev tells what is wrong with the configuration, and starts when that is mended', async t => {
  const { root, env } = await placeOf(t)
  writeFileSync(join(root, 'heddle.config.mjs'), 'export default {')
  const argv = [...command, 'dev', '--port', '0', '--admin-port', '0']
  const terminal = new PseudoTerminal(t, argv, { columns: 120, rows: 60, env, cwd: root })
  await terminal.sees(/Waiting for a change/)
  const wrong = `export default { applications: { shop: { entry: 'server.mjs', wrkers: 1 } } }`
  writeFileSync(join(root, 'heddle.config.mjs'), wrong)
  await terminal.sees(/did you mean "workers"/)
  writeFileSync(join(root, 'heddle.config.mjs'), wrong.replace('wrkers', 'workers'))
  await terminal.sees(/● heddle dev started in/)
  terminal.child.kill('SIGINT')
  assert.equal(await terminal.ended(), 0)
  const typed = await run(t, { root, env }, 'dev', '--port', 'many')
  assert.equal(typed.code, 78)
})
