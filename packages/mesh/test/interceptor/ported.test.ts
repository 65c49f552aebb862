/**
 * Programs written for undici-thread-interceptor, in the shape of every example of its documentation. Only
 * the package's name is changed before they are run.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const programs = join(import.meta.dirname, '../fixtures/ported')
const modules = join(import.meta.dirname, '../../../../node_modules')

/** The programs with the other package's name, where they can find it. */
const folder = mkdtempSync(join(tmpdir(), 'mesh-ported-'))
test.after(() => rmSync(folder, { recursive: true }))
cpSync(programs, folder, { recursive: true })
for (const file of readdirSync(folder)) {
  const path = join(folder, file)
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('undici-thread-interceptor', '@heddle/mesh'))
}
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
symlinkSync(modules, join(folder, 'node_modules'))

/**
 * Has senders of the main thread take every worker for one that turns: on a busy machine one that gets no time would
 * be passed over, and the order of turns is what a program prints.
 */
const scoreboard = new URL('../../src/scoreboard.ts', import.meta.url).href
const inTurn = `data:text/javascript,${encodeURIComponent(`
  import { isMainThread } from 'node:worker_threads'
  import { Scoreboard } from '${scoreboard}'
  if (isMainThread) Scoreboard.prototype.isLate = () => false
`)}`

async function linesOf(program: string): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@heddle/source', '--import', inTurn, join(folder, program)],
    { timeout: 40_000 }
  )
  assert.deepEqual(
    stderr.split('\n').filter(line => /error/i.test(line)),
    []
  )
  return stdout.trim().split('\n')
}

test('a listener, Fastify, Express, Koa, an address and an http.Server answer', async () => {
  assert.deepEqual(await linesOf('main.js'), [
    'listener.js 200 {"hello":"world"}',
    'fastify.js 200 {"hello":"fastify"}',
    'express.js 200 {"hello":"express"}',
    'koa.js 200 {"hello":"koa.js"}',
    'network.js 200 {"hello":"myserver.local"}',
    'server.js 200 {"hello":"server"}'
  ])
})

test('workers of one hostname take turns; unroute(), close() and restart()', async () => {
  assert.deepEqual(await linesOf('balancing.js'), ['1 2 3 1', 'false', 'closed'])
})

test('replaceServer(), and close() in a worker', async () => {
  assert.deepEqual(await linesOf('replacing.js'), ['this is app 1', 'this is app 2', 'gone'])
})

test('canAccept with metadata, and LoadSheddingError', async () => {
  const shed = '503 UND_ERR_LOAD_SHEDDING'
  assert.deepEqual(await linesOf('shedding.js'), ['w2', shed, 'w1', shed])
})

test('hooks of both sides, and channels that are not created', async () => {
  const lines = await linesOf('hooks.js')
  const own = lines.filter(line => !line.startsWith('server '))
  assert.deepEqual(own, [
    'channel hooked named',
    'channel hooked hermit',
    'channel named hermit',
    'response 200 /',
    'end /',
    'http://hooked.local {"hello":"from the hook"}',
    'response 500 /hermit',
    'end /hermit',
    'http://named.local/hermit MESH_DENIED',
    'error true',
    'http://hooked.local/break failed'
  ])
  assert.deepEqual(
    lines.filter(line => line.startsWith('server ')),
    ['server response / 200', 'server error /break kaboom']
  )
})

test('require() instead of import', async () => {
  assert.deepEqual(await linesOf('required.cjs'), ['required'])
})
