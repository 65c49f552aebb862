/** Loading the configuration again: what it imports is new as well, and nothing it does can hold anybody up. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { freshSource, loadFresh } from '../../src/config/fresh.ts'
import { bareEnv } from '../bare-env.ts'

function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-fresh-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  return cwd
}

const files = {
  'app.mjs': 'export default () => {}',
  'workers.mjs': 'export const workers = 1',
  'heddle.config.mjs': `
    import { workers } from './workers.mjs'
    export default ({ env }) => ({ applications: { app: { entry: 'app.mjs', workers, env: { WORD: env.WORD } } } })`
}

const limitMs = 20_000

test('loadFresh() sees what has changed in the file and in what it imports', async t => {
  const cwd = project(t, files)
  const options = { cwd, env: { ...bareEnv, WORD: 'one' } }
  const [before] = (await loadFresh(options, limitMs)).applications
  writeFileSync(join(cwd, 'workers.mjs'), 'export const workers = 3')
  const [after] = (await loadFresh({ ...options, env: { ...bareEnv, WORD: 'two' } }, limitMs)).applications
  assert.deepEqual(
    [before, after].map(application => [application?.workers, application?.env['WORD']]),
    [
      [1, 'one'],
      [3, 'two']
    ]
  )
})

test('loadFresh() passes on every mistake, and what a file threw with its stack', async t => {
  const cwd = project(t, files)
  writeFileSync(join(cwd, 'workers.mjs'), 'export const workers = () => 1')
  await assert.rejects(loadFresh({ cwd, env: bareEnv }, limitMs), {
    code: 'HEDDLE_CONFIG_INVALID',
    message:
      /applications\.app\.workers: expected a whole number from 1 to 256 or an object, got "a function"/
  })
  writeFileSync(join(cwd, 'workers.mjs'), 'export const workers = 5n')
  await assert.rejects(loadFresh({ cwd, env: bareEnv }, limitMs), {
    code: 'HEDDLE_CONFIG_INVALID',
    message: /applications\.app\.workers: expected a whole number from 1 to 256 or an object, got "5"/
  })
  writeFileSync(join(cwd, 'workers.mjs'), 'throw new RangeError("not today")\nexport const workers = 1')
  await assert.rejects(loadFresh({ cwd, env: bareEnv }, limitMs), error => {
    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.match(error.message, /heddle\.config\.mjs cannot be read: not today\.$/)
    assert.match(String(error.cause.stack), /RangeError: not today\n\s+at .*workers\.mjs:1:7/)
    return true
  })
  await assert.rejects(loadFresh({ cwd: join(cwd, 'nowhere'), env: bareEnv }, limitMs), {
    code: 'HEDDLE_CONFIG_UNREADABLE'
  })
})

test('loadFresh() waits for no file that never ends, and for none that ends its thread', async t => {
  const cwd = project(t, files)
  writeFileSync(
    join(cwd, 'workers.mjs'),
    'await new Promise(() => setInterval(() => {}, 1000)); export const workers = 1'
  )
  await assert.rejects(loadFresh({ cwd, env: bareEnv }, 300), {
    code: 'HEDDLE_CONFIG_UNREADABLE',
    message: /it was not loaded within 300 ms/
  })
  writeFileSync(join(cwd, 'workers.mjs'), 'process.exit(0); export const workers = 1')
  await assert.rejects(loadFresh({ cwd, env: bareEnv }, limitMs), {
    message: /it ended the thread that loaded it/
  })
  // What it leaves running does not keep the thread.
  writeFileSync(join(cwd, 'workers.mjs'), 'setInterval(() => {}, 1000); export const workers = 2')
  assert.equal((await loadFresh({ cwd, env: bareEnv }, limitMs)).applications[0]?.workers, 2)
})

test('loadFresh() says of a file that waits for what never comes that it does', async t => {
  const cwd = project(t, files)
  for (const text of ['await new Promise(() => {})', 'export default new Promise(() => {})']) {
    writeFileSync(join(cwd, 'heddle.config.mjs'), text)
    await assert.rejects(loadFresh({ cwd, env: bareEnv }, limitMs), {
      code: 'HEDDLE_CONFIG_UNREADABLE',
      message: /cannot be read: it waits for something that never comes\.$/
    })
  }
})

test('freshSource() adds an application as if it had been written, and leaves the entrypoint what it is', async t => {
  const cwd = project(t, files)
  const source = freshSource({ cwd, env: bareEnv }, limitMs)
  const config = await source.loadWith('mail', { entry: 'app.mjs', workers: 2 }, 'app')
  assert.deepEqual(
    config.applications.map(({ id, workers }) => [id, workers]),
    [
      ['app', 1],
      ['mail', 2]
    ]
  )
  assert.equal(config.entrypoint, 'app')
  await assert.rejects(source.loadWith('mail', { entry: 'none.mjs' }, 'app'), {
    message: /applications\.mail\.entry: there is no file/
  })
  assert.equal((await source.load()).applications.length, 1)
})
