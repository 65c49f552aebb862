/** `heddle bench` as a command: targets and codes, an application of a server, Ctrl-C. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { aim } from '../../../src/cli/commands/bench-target.ts'
import { progressText } from '../../../src/cli/commands/bench-progress.ts'
import { mergeCounts } from '../../../src/cli/load-test/load-test.ts'
import { startPaperServer } from '../paper-server.ts'
import type { PaperServer } from '../paper-server.ts'
import { PseudoTerminal } from '../pseudo-terminal.ts'
import { command, run } from '../run-command.ts'

interface Stage {
  readonly paper: PaperServer
  readonly url: string
  /** Paths that were asked for, with the host. */
  readonly seen: string[]
}

/** A server on paper whose public port is real; each scrape of its metrics finds as many requests as there were. */
async function start(t: TestContext): Promise<Stage> {
  const seen: string[] = []
  const listener = createServer((request, response) => {
    seen.push(`${request.headers.host?.replace(/:\d+$/, '')} ${request.url}`)
    if (request.url === '/never') return
    response.statusCode = request.url === '/missing' ? 404 : 200
    response.end('hello')
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    listener.close()
    listener.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const routes = [{ host: 'api.example.com', prefix: '/v1', application: 'api', stripPrefix: true }]
  const paper = await startPaperServer(t, {
    answers: {
      'GET /status': () => ({ url, phase: 'running', applications: [{ id: 'api' }, { id: 'jobs' }] }),
      'GET /config': () => ({ routes, entrypoint: null }),
      'GET /metrics': (_asked, response) => {
        response.setHeader('content-type', 'text/plain')
        response.end(`heddle_http_requests_total{application="api",worker="0",status="2xx"} ${seen.length}\n`)
      }
    }
  })
  return { paper, url, seen }
}

test('bench judges a URL by its targets, and the code tells', async t => {
  const { paper, url, seen } = await start(t)
  const good = await run(
    t,
    paper,
    'bench',
    url,
    '/x',
    '-a',
    '20',
    '-n',
    '2',
    '--p99',
    '60000',
    '--errors',
    '0'
  )
  assert.deepEqual([good.code, good.stderr], [0, ''])
  assert.match(good.stdout, /^GET http:\S+\/x: 2 connections, /)
  assert.match(good.stdout, /\nStatus {4}200 20\nErrors {4}none\n/)
  assert.match(good.stdout, /\n✔ p99: .+ ms, wanted at most 60\.0 s\n✔ 0 errors, wanted at most 0 errors\n$/)
  assert.deepEqual([seen.length, new Set(seen)], [20, new Set(['127.0.0.1 /x'])])
  const bad = await run(
    t,
    paper,
    'bench',
    `${url}/missing`,
    '-a',
    '10',
    '--errors',
    '10%',
    '--rps',
    '0',
    '--json'
  )
  const value = JSON.parse(bad.stdout)
  assert.deepEqual([bad.code, value.ok, value.failed, value.statuses], [99, false, 10, { 404: 10 }])
  assert.deepEqual(
    value.targets.map(({ name, met }: Record<string, unknown>) => [name, met]),
    [
      ['rps', true],
      ['errors', false]
    ]
  )
})

test('bench finds an application behind the public port, and shows what its server saw', async t => {
  const { paper, seen } = await start(t)
  const { code, stdout, stderr } = await run(
    t,
    paper,
    'bench',
    'api',
    '/users',
    '-a',
    '12',
    '-X',
    'PUT',
    '--data',
    'x'
  )
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual([seen.length, new Set(seen)], [12, new Set(['api.example.com /v1/users'])])
  assert.match(stdout, /What the server saw of api: 12 requests[^]*api:0 +12 +100%/)
  const hidden = await run(t, paper, 'bench', 'jobs')
  assert.deepEqual([hidden.code, hidden.stdout], [2, ''])
  assert.match(hidden.stderr, /The application jobs gets no public requests: no route leads to it/)
  const unknown = await run(t, paper, 'bench', 'apo', '--json')
  assert.deepEqual([unknown.code, JSON.parse(unknown.stdout).code], [2, 'HEDDLE_UNKNOWN_APPLICATION'])
})

test('bench refuses what excludes each other, and addresses where nobody is', async t => {
  const { paper } = await start(t)
  const both = await run(t, paper, 'bench', 'http://127.0.0.1:1/', '-d', '1', '-a', '1')
  assert.deepEqual([both.code, both.stdout], [2, ''])
  const nobody = await run(t, paper, 'bench', 'http://127.0.0.1:1/', '--json')
  assert.deepEqual([nobody.code, JSON.parse(nobody.stdout).code], [68, 'HEDDLE_LOAD_UNREACHABLE'])
})

test('bench takes URLs of http alone, and no number for a configuration', async () => {
  const cases: readonly (readonly [target: string, config: string, message: RegExp])[] = [
    ['ftp://x', 'heddle.json', /no URL of http/],
    ['http://', 'heddle.json', /no URL/],
    ['http://x', '100', /for 100 connections type -n 100/]
  ]
  for (const [target, config, message] of cases) {
    const expected = { code: 'HEDDLE_COMMAND_INVALID', message }
    // oxlint-disable-next-line no-await-in-loop -- One case after the other.
    await assert.rejects(aim({ words: [target], options: { config } }), expected)
  }
  const { url } = await aim({ words: ['http://x', 'y'], options: { config: 'heddle.json' } })
  assert.equal(url, 'http://x/y')
})

test('a terminal shows how far it is, and after Ctrl-C what there is; the code is no success', async t => {
  const { paper, url, seen } = await start(t)
  const terminal = new PseudoTerminal(t, [...command, 'bench', url, '-d', '3600'], {
    columns: 100,
    rows: 40,
    env: paper.env,
    cwd: paper.root
  })
  await terminal.sees(/s of 1h 0m, .*p99 .*, 0 errors/)
  terminal.child.kill('SIGINT')
  await terminal.sees(/^GET http\S+: 10 connections, \S+, ended early\n[^]*\nStatus {4}200 \d+\n[^]*│█/)
  assert.equal(await terminal.ended(), 130)
  assert.doesNotMatch(terminal.screen.text, /of 1h/)
  assert.ok(seen.length > 0)
})

test('the line of progress says how far it is', () => {
  const plan = {
    request: { url: '', method: 'GET', headers: {}, body: null },
    connections: 1,
    pipelining: 1,
    rate: null,
    amount: null,
    durationMs: 30_000,
    warmUpMs: 0,
    timeoutMs: 1000
  }
  const nothing = mergeCounts([])
  assert.equal(progressText(plan, nothing), 'warming up')
  const some = {
    ...nothing,
    elapsedMs: 12_000,
    seconds: [100, 250, 3],
    sent: 353,
    answered: 350,
    errors: { closed: 3 }
  }
  assert.equal(progressText(plan, some), '12s of 30s, 250 requests/s, 3 errors')
  assert.equal(
    progressText({ ...plan, amount: 1000 }, some),
    '350 requests of 1000, 250 requests/s, 3 errors'
  )
})
