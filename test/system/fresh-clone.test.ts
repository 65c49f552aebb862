/**
 * What a stranger types first, in a clone of what is committed: `npm ci && npm start`. The other command of the
 * README, `npm ci && npm test`, is what `.ci/run` itself does in a clean checkout.
 *
 * The repository's own Node is taken off the PATH: whatever the machine has runs npm.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'heddle-clone-'))
const path = (process.env['PATH'] ?? '').split(delimiter).filter(part => !part.startsWith(root))
// Ports are free ones, as everywhere in tests; `npm start` itself would take 3000.
const env = {
  HOME: process.env['HOME'],
  PATH: path.join(delimiter),
  HEDDLE_PORT: '0',
  HEDDLE_ADMIN_PORT: '0'
}

before(async () => {
  await promisify(execFile)('git', ['clone', '--quiet', `file://${root}`, folder])
})

after(() => rmSync(folder, { recursive: true }))

test('npm ci && npm start serves the shop until SIGTERM', async t => {
  await npmInstall()
  const npm = start(t, 'start')
  const url = await startedUrl(npm)
  const answer = await fetch(url)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /<html/)
  const exited = once(npm, 'exit')
  npm.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})

async function npmInstall(): Promise<void> {
  await promisify(execFile)('npm', ['ci'], { cwd: folder, env })
}

/** Runs npm in a process group of its own, which is gone when the test is over. */
function start(t: TestContext, script: string): ChildProcess {
  const npm = spawn('npm', [script], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  })
  t.after(() => {
    try {
      if (npm.pid !== undefined) process.kill(-npm.pid, 'SIGKILL')
    } catch {
      // Nobody of the group is left, as it should be.
    }
  })
  return npm
}

async function startedUrl({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout !== null)
  const seen: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    seen.push(line)
    const found = /"msg":"Server has started\.".*"url":"([^"]+)"/.exec(line)
    if (found?.[1] === undefined) continue
    stdout.resume()
    return found[1]
  }
  throw new Error(`The server did not start:\n${seen.join('\n')}`)
}
