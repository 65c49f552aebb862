/** `heddle profile`, `heap` and `inspect`: files that are whole or not there, and an inspector that is closed again. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { documentName } from '../../../src/cli/save-document.ts'
import { startPaperServer } from '../paper-server.ts'
import { launch, run } from '../run-command.ts'

test('profile and heap write files named after the worker, or where they are told', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'POST /applications/api/workers/1/profile': ({ body }) => ({ asked: body }),
      'POST /applications/api/workers/1/heap-snapshot': () => ({ nodes: [] })
    }
  })
  const { code, stdout } = await run(t, server, 'profile', 'cpu', 'api:1')
  assert.equal(code, 0)
  const [, file = ''] = /^✔ (api-1-\d{8}-\d{6}\.cpuprofile) \(\d+ B\)\n .*speedscope/.exec(stdout) ?? []
  assert.deepEqual(JSON.parse(readFileSync(join(server.root, file), 'utf8')), {
    asked: { type: 'cpu', durationMs: 5000 }
  })
  const heap = await run(t, server, 'profile', 'heap', 'api:1', '--seconds', '0.25', '-o', '-')
  assert.deepEqual(JSON.parse(heap.stdout), { asked: { type: 'heap', durationMs: 250 } })
  const path = join(server.root, 'own.heapsnapshot')
  writeFileSync(path, 'what was there before')
  const snapshot = await run(t, server, 'heap', 'api:1', '-o', path, '--json')
  assert.deepEqual(JSON.parse(snapshot.stdout), { ok: true, path, bytes: 12 })
  assert.equal(readFileSync(path, 'utf8'), '{"nodes":[]}')
})

test('a file that broke off is not kept', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'POST /applications/api/workers/1/heap-snapshot': (_asked, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{"nodes":', () => response.socket?.destroy())
      }
    }
  })
  const { code, stderr } = await run(t, server, 'heap', 'api:1')
  assert.equal(code, 76)
  assert.match(stderr, /ended before the heap snapshot was done/)
  assert.deepEqual(readdirSync(server.root), [])
  // What was there before is not ours to remove, whatever it is.
  writeFileSync(join(server.root, 'mine'), 'kept')
  assert.equal((await run(t, server, 'heap', 'api:1', '-o', 'mine')).code, 76)
  assert.deepEqual(readdirSync(server.root), ['mine'])
})

test('profile and heap say what is wrong with what was typed', async t => {
  const server = await startPaperServer(t, {
    answers: { 'POST /applications/api/workers/1/profile': () => ({}) }
  })
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['profile', 'cup', 'api:1'], 2, /a profile is of "cpu" or "heap", not "cup" \(did you mean "cpu"\?\)/],
    [['profile', 'cpu', 'api'], 2, /a worker is named as ps does, like "api:0", not "api"/],
    [['profile', 'cpu', 'api:1', '--seconds', '301'], 2, /from 0\.01 to 300, not "301"/],
    [['profile', 'cpu', 'api:1', '-o', 'no/where'], 74, /no\/where could not be read or written: ENOENT/],
    [['heap', 'api:7'], 2, /There is nothing at/]
  ]
  for (const [argv, code, message] of table) {
    const outcome = await run(t, server, ...argv)
    assert.equal(outcome.code, code, argv.join(' '))
    assert.match(outcome.stderr, message)
  }
})

test('a document on standard output ends when its reader has seen enough', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'POST /applications/api/workers/1/heap-snapshot': (_asked, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const write = (): void => {
          if (!response.destroyed) response.write(' '.repeat(65_536), () => setImmediate(write))
        }
        write()
      }
    }
  })
  const child = launch(t, server, ['heap', 'api:1', '-o', '-'])
  assert.ok(child.stdout !== null && child.stderr !== null)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.deepEqual([child.exitCode, stderr], [0, ''])
})

test('documentName() is a plain file name', () => {
  const at = new Date(2026, 6, 4, 9, 5, 7)
  assert.equal(documentName('api:1', 'cpuprofile', at), 'api-1-20260704-090507.cpuprofile')
  assert.equal(documentName('../a b:1', 'x', at), '..-a-b-1-20260704-090507.x')
})

test('inspect opens the inspector, says where it is, and closes it on Ctrl-C', async t => {
  const address = { url: 'ws://127.0.0.1:9229/x', port: 9229, devtoolsUrl: 'devtools://x' }
  const server = await startPaperServer(t, {
    answers: {
      'POST /applications/api/workers/1/inspect': () => address,
      'DELETE /applications/api/workers/1/inspect': () => ({})
    }
  })
  const child = launch(t, server, ['inspect', 'api:1', '--port', '9229'])
  assert.ok(child.stdout !== null)
  const lines = createInterface({ input: child.stdout })
  const [first] = await once(lines, 'line')
  assert.equal(first, '● The inspector of api:1 listens at ws://127.0.0.1:9229/x')
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  assert.deepEqual(
    server.asked.map(({ method, body }) => [method, body]),
    [
      ['POST', { port: 9229 }],
      ['DELETE', null]
    ]
  )
})
