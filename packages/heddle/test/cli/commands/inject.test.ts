/** `heddle inject`: what is sent, what is printed, how it ends. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { readHeaders } from '../../../src/cli/commands/inject.ts'
import { startPaperServer } from '../paper-server.ts'
import type { PaperServer } from '../paper-server.ts'
import { ended, launch, run } from '../run-command.ts'

const bytes = Buffer.from([0, 255, 10, 13])

/** Answers 200 with text, `/missing` with 404, and `/bytes` with bytes that are no text. */
function start(t: TestContext): Promise<PaperServer> {
  return startPaperServer(t, {
    answers: {
      'POST /applications/api/inject': ({ body }) => {
        const { path } = body as { readonly path: string }
        const content = path === '/bytes' ? { bodyBase64: bytes.toString('base64') } : { body: 'hello' }
        return {
          status: path === '/missing' ? 404 : 200,
          headers: [
            ['content-type', 'text/plain'],
            ['set-cookie', 'a=1']
          ],
          ...content,
          complete: path !== '/endless',
          durationMs: 3.2,
          worker: 'api:1'
        }
      }
    }
  })
}

test('inject sends what was typed', async t => {
  const server = await start(t)
  writeFileSync(join(server.root, 'data.bin'), bytes)
  const plain = { method: 'GET', path: '/', headers: {} }
  const table: readonly (readonly [readonly string[], object])[] = [
    [[], plain],
    [['users?x=1'], { ...plain, path: '/users?x=1' }],
    [['/', '-X', 'delete', '--worker', '2'], { ...plain, method: 'DELETE', worker: 2 }],
    [['/', '--timeout', '0.5'], { ...plain, timeoutMs: 500 }],
    [['/', '-H', 'a: 1', '-H', 'b:2', '-H', 'a: 3'], { ...plain, headers: { a: ['1', '3'], b: '2' } }],
    [['/', '-d', 'text'], { ...plain, method: 'POST', bodyBase64: Buffer.from('text').toString('base64') }],
    [['/', '-d', '@data.bin'], { ...plain, method: 'POST', bodyBase64: bytes.toString('base64') }]
  ]
  for (const [argv, body] of table) {
    const { code, stderr } = await run(t, server, 'inject', 'api', ...argv)
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(server.asked.at(-1)?.body, body)
  }
  for (const argv of [['--data-stdin'], ['-d', '@-', '-X', 'PUT']]) {
    const child = launch(t, server, ['inject', 'api', '/', ...argv])
    child.stdin?.end(bytes)
    assert.equal((await ended(child)).code, 0)
    assert.match(JSON.stringify(server.asked.at(-1)?.body), /"bodyBase64":"AP8KDQ=="/)
  }
})

test('inject prints the body as it is, and the head when it is wanted', async t => {
  const server = await start(t)
  assert.deepEqual(await run(t, server, 'inject', 'api'), { code: 0, stdout: 'hello', stderr: '' })
  assert.deepEqual(await run(t, server, 'inject', 'api', '-i'), {
    code: 0,
    stdout: 'HTTP/1.1 200 OK\ncontent-type: text/plain\nset-cookie: a=1\n\nhello',
    stderr: '# api:1 in 3 ms\n'
  })
  const file = join(server.root, 'body.bin')
  assert.equal((await run(t, server, 'inject', 'api', '/bytes', '-o', file)).stdout, '')
  assert.deepEqual(readFileSync(file), bytes)
  const { stdout } = await run(t, server, 'inject', 'api', '--json')
  assert.equal(JSON.parse(stdout).worker, 'api:1')
})

test('inject ends with code 22 only when it is to fail for a status', async t => {
  const server = await start(t)
  assert.equal((await run(t, server, 'inject', 'api', '/missing')).code, 0)
  assert.equal((await run(t, server, 'inject', 'api', '/missing', '-f')).code, 22)
  assert.equal((await run(t, server, 'inject', 'api', '/missing', '-f', '--json')).code, 22)
  const endless = await run(t, server, 'inject', 'api', '/endless', '-f')
  assert.deepEqual(
    [endless.code, endless.stderr],
    [22, 'heddle: That is not all of it: its time was over.\n']
  )
  assert.equal((await run(t, server, 'inject', 'api', '/', '-f')).code, 0)
})

test('inject says what is wrong with what was typed', async t => {
  const server = await start(t)
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['-H', 'no header'], 2, /a header is "Name: value", not "no header"/],
    [['-d', '@nowhere'], 74, /The file nowhere could not be read or written: ENOENT/],
    [['-o', 'no/where'], 74, /The file no\/where could not be read or written: ENOENT/],
    [['--worker', 'api:1'], 2, /--worker has to be a whole number/]
  ]
  for (const [argv, code, message] of table) {
    const outcome = await run(t, server, 'inject', 'api', '/', ...argv)
    assert.equal(outcome.code, code)
    assert.match(outcome.stderr, message)
  }
})

test('readHeaders() keeps values that come again, and colons in them', () => {
  assert.deepEqual(readHeaders(['a: b:c', 'A: ', 'x:1', 'x: 2', 'x:3']), {
    a: 'b:c',
    A: '',
    x: ['1', '2', '3']
  })
  assert.deepEqual(readHeaders(undefined), {})
})
