/** Commands that change a server, and how they find it: what they ask for, and what they say. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { problem, runtimeDirectory, startPaperServer } from '../paper-server.ts'
import { run } from '../run-command.ts'

function done(): object {
  return {}
}

test('each command asks for its operation and says what came of it', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'POST /restart': done,
      'POST /applications/api/workers/1/restart': done,
      'POST /applications/api/workers/1/drain': done,
      'POST /applications/api/workers/1/ready': done,
      'PUT /applications/api/log-level': done
    }
  })
  const table: readonly (readonly [readonly string[], string, object, string])[] = [
    [
      ['drain', 'api:1'],
      'POST /applications/api/workers/1/drain',
      {},
      '✔ api:1 gets no new requests until "heddle ready api:1".\n'
    ],
    [['ready', 'api:1'], 'POST /applications/api/workers/1/ready', {}, '✔ api:1 gets requests.\n'],
    [['restart', 'api:1'], 'POST /applications/api/workers/1/restart', {}, '✔ api:1 is fresh.\n'],
    [['restart', 'api:1', 'web'], 'POST /restart', { applications: ['web'] }, '✔ api:1, web are fresh.\n'],
    [
      ['level', 'api', 'debug'],
      'PUT /applications/api/log-level',
      { level: 'debug' },
      '✔ api logs at level debug.\n'
    ],
    [
      ['level', 'api', 'debug', '--json'],
      'PUT /applications/api/log-level',
      { level: 'debug' },
      '{"ok":true}\n'
    ]
  ]
  for (const [argv, asked, body, stdout] of table) {
    assert.deepEqual(await run(t, server, ...argv), { code: 0, stdout, stderr: '' })
    const last = server.asked.at(-1)
    assert.deepEqual([`${last?.method} ${last?.path}`, last?.body], [asked, body])
  }
})

test('a misspelt application is answered with the one that was probably meant', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'POST /restart': (_asked, response) => {
        response.writeHead(404, { 'content-type': 'application/problem+json' })
        const facts = { application: 'ordres', known: ['orders', 'users'] }
        const detail = 'There is no application "ordres"; there are orders, users.'
        response.end(JSON.stringify({ status: 404, code: 'HEDDLE_UNKNOWN_APPLICATION', detail, facts }))
      },
      'POST /applications/api/workers/1/drain': (_asked, response) =>
        problem(response, 409, 'HEDDLE_WORKER_NEEDED', 'Worker api:1 cannot be spared.')
    }
  })
  const { code, stderr } = await run(t, server, 'restart', 'ordres')
  assert.equal(code, 2)
  assert.match(stderr, /there are orders, users\.\nDid you mean orders\?\n$/)
  assert.equal((await run(t, server, 'drain', 'api:1')).code, 75)
})

test('a server is found by its name, and never guessed', async t => {
  const runtime = runtimeDirectory(t)
  const status = { 'GET /metrics': () => ({ is: 'there' }) }
  const first = await startPaperServer(t, { answers: status, runtime, name: 'shop', pid: 1001 })
  await startPaperServer(t, { answers: status, runtime, name: 'shop', pid: 1002 })
  const blog = await startPaperServer(t, { answers: status, runtime, name: 'blog', pid: 1003 })
  const elsewhere = { ...first, root: runtime }
  assert.equal((await run(t, elsewhere, 'metrics', '--name', 'blog')).code, 0)
  assert.equal(blog.asked.length, 1)
  const two = await run(t, elsewhere, 'metrics', '--name', 'shop')
  assert.equal(two.code, 68)
  assert.match(
    two.stderr,
    /2 servers run by the name "shop": choose one with --pid\.\n.*process 1001 .*\n.*process 1002 /
  )
  const none = await run(t, elsewhere, 'metrics', '--name', 'sho')
  assert.equal(none.code, 68)
  assert.match(
    none.stderr,
    /No server runs by the name "sho"\.\n(?:.*process 100\d called (?:shop|blog) in .*\n){3}/
  )
  const both = await run(t, elsewhere, 'metrics', '--name', 'blog', '--pid', '1001')
  assert.deepEqual([both.code, first.asked.length], [2, 0])
  assert.match(both.stderr, /--pid and --name exclude each other/)
  const list = await run(t, elsewhere, 'ps', '--all', '--json')
  const servers = JSON.parse(list.stdout) as readonly { readonly name: string; readonly status: unknown }[]
  assert.deepEqual(
    servers.map(({ name, status }) => [name, status]),
    [
      ['shop', null],
      ['shop', null],
      ['blog', null]
    ]
  )
})

test('config --diff compares what is written with what is in force, and ends as diff does', async t => {
  let inForce: unknown = null
  const server = await startPaperServer(t, { answers: { 'GET /config': () => inForce } })
  const write = (config: object): void =>
    writeFileSync(join(server.root, 'heddle.json'), JSON.stringify(config))
  writeFileSync(join(server.root, 'web.js'), 'module.exports = () => {}')
  write({
    applications: { web: { path: '.', entry: 'web.js', workers: 1, env: { KEY: 'one' } } },
    server: { port: 1 }
  })
  inForce = JSON.parse((await run(t, server, 'config', '--json')).stdout)
  assert.deepEqual(await run(t, server, 'config', '--diff'), {
    code: 0,
    stdout: '✔ The configuration is the one in force.\n',
    stderr: ''
  })
  write({
    applications: {
      web: { path: '.', entry: 'web.js', workers: 3, env: { KEY: 'two', MORE: 'x' } },
      mail: { path: '.', entry: 'web.js' }
    },
    entrypoint: 'web',
    server: { port: 2 }
  })
  const { code, stdout } = await run(t, server, 'config', '--diff')
  assert.equal(code, 1)
  assert.match(stdout, /^~ server\.port: 1 → 2$/m)
  assert.match(stdout, /^~ applications\.web\.workers: 1 → 3$/m)
  assert.match(stdout, /^\+ applications\.web\.env\.MORE: "\(hidden\)"$/m)
  assert.match(stdout, /^\+ applications\.mail: \{/m)
  assert.doesNotMatch(stdout, /KEY/)
  const json = await run(t, server, 'config', '--diff', '--json', '--port', '1')
  assert.equal(json.code, 1)
  const { same, differences } = JSON.parse(json.stdout) as {
    readonly same: boolean
    readonly differences: readonly { readonly path: string }[]
  }
  assert.equal(same, false)
  assert.ok(!differences.some(({ path }) => path === 'server.port'))
})
