/** `heddle top` on a terminal without a screen, with a server on paper. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { nothingRecent } from '../../../src/main/admin/report.ts'
import type { StatusReport, WorkerReportLine } from '../../../src/main/admin/report.ts'
import { report, worker } from '../../main/admin/example-report.ts'
import { beginEvents, sendEvent, startPaperServer } from '../paper-server.ts'
import type { Answer, PaperServer } from '../paper-server.ts'
import { PseudoTerminal } from '../pseudo-terminal.ts'

const bin = join(import.meta.dirname, '../../../bin/heddle.js')
const command = [process.execPath, '--conditions=@heddle/source', bin, 'top']

const recent = { ...nothingRecent, windowMs: 10_000, elu: 0.2, loopDelayMs: 1, p99Ms: 3 }

/** One application with so many workers; `api:1` is busy. */
function status(count: number): StatusReport {
  const workers = Array.from({ length: count }, (_, slot): WorkerReportLine => {
    const elu = slot === 1 ? 0.97 : 0.2
    return { ...worker, slot, name: `api:${slot}`, inflight: slot, recent: { ...recent, elu } }
  })
  const applications = report.applications.map(application =>
    Object.assign({}, application, { recent, desired: count, ready: count, workers })
  )
  return { ...report, uptimeMs: performance.now(), applications }
}

interface Stage {
  readonly server: PaperServer
  readonly terminal: PseudoTerminal
}

async function stage(t: TestContext, answers: Readonly<Record<string, Answer>> = {}): Promise<Stage> {
  const server = await startPaperServer(t, { answers: { 'GET /status': () => status(3), ...answers } })
  const options = { columns: 80, rows: 24, env: server.env, cwd: server.root }
  const terminal = new PseudoTerminal(t, command, options)
  await terminal.sees(/api:2/)
  return { server, terminal }
}

test('top draws the workers, takes keys, and gives the terminal back', async t => {
  const { terminal } = await stage(t)
  assert.equal(terminal.isCooked(), false)
  assert.deepEqual([terminal.screen.isOther, terminal.screen.hasCursor], [true, false])
  const { lines } = terminal.screen
  assert.equal(lines.length, 24)
  assert.match(lines[0] ?? '', /^shop {2}running {2}3\/3 ready/)
  assert.match(lines[1] ?? '', /^api .* 0\/s .* p99 /)
  assert.ok(lines.some(line => /^▲WORKER +STATE .* ELU /.test(line)))
  assert.match(lines.at(-1) ?? '', /^d drain/)
  // The first worker is chosen; another one is not well.
  assert.match(lines.at(-3) ?? '', /^Not well: api:1$/)
  terminal.press('j')
  await terminal.sees(/api:1 {2}its event loop is busy 97% of the time/)
  terminal.press('s'.repeat(3))
  await terminal.sees(/▼IN FLIGHT[^]* {2}api:2[^]* {2}api:1[^]* {2}api:0/)
  terminal.press('S')
  await terminal.sees(/▲IN FLIGHT[^]* {2}api:0[^]* {2}api:1[^]* {2}api:2/)
  terminal.press('?')
  await terminal.sees(/Ctrl-L +draw everything again/)
  terminal.press(' ')
  await terminal.sees(/WORKER/)
  terminal.press('q')
  assert.equal(await terminal.ended(), 0)
  assert.deepEqual(
    [terminal.screen.isOther, terminal.screen.hasCursor, terminal.screen.wraps],
    [false, true, true]
  )
  assert.ok(terminal.isCooked())
})

test('top draws only what has changed, and all of it when the terminal has another size', async t => {
  let looks = 0
  const { terminal } = await stage(t, {
    'GET /status': () => ({ ...status(3), name: `look-${(looks += 1)}-` })
  })
  const shown = (): number => Number(/^look-(\d+)-/.exec(terminal.screen.text)?.[1] ?? 0)
  await terminal.until(() => shown() > 1)
  const before = shown()
  terminal.screen.forget()
  await terminal.until(() => shown() > before + 1)
  // The title, and nothing of the table: 24 lines were not drawn again.
  assert.ok(terminal.screen.touched.size <= 2, [...terminal.screen.touched].join())
  terminal.resize(40, 10)
  await terminal.until(
    ({ screen }) => screen.lines.length === 10 && screen.lines.at(-1)?.startsWith('d drain') === true
  )
  for (const line of terminal.screen.lines) assert.ok(line.length <= 40, line)
  terminal.resize(120, 30)
  await terminal.sees(/RESTARTS/)
  assert.match(terminal.screen.lines[29] ?? '', /^d drain/)
})

test('top does to the worker that is chosen what keys say, and asks before a restart', async t => {
  const paths = ['drain', 'ready', 'restart'].map(what => `POST /applications/api/workers/1/${what}`)
  const { terminal, server } = await stage(t, {
    ...Object.fromEntries(paths.map(path => [path, () => ({})])),
    'POST /applications/api/workers/1/profile': ({ body }) => ({ profiled: body }),
    'GET /logs': (_asked, response) => {
      beginEvents(response)
      sendEvent(response, '1', { time: 0, level: 'warn', message: 'the cache is cold', worker: 'api:1' })
    }
  })
  const asked = (): readonly string[] =>
    server.asked.filter(({ method }) => method === 'POST').map(({ method, path }) => `${method} ${path}`)
  terminal.press('j')
  terminal.press('d')
  await terminal.sees(/api:1 gets no new requests\./)
  terminal.press('y')
  await terminal.sees(/api:1 gets requests\./)
  terminal.press('r')
  await terminal.sees(/Restart api:1\? y\/n/)
  terminal.press('n')
  await terminal.until(({ screen }) => !/Restart api:1/.test(screen.text))
  assert.deepEqual(asked(), paths.slice(0, 2))
  terminal.press('r')
  await terminal.sees(/Restart api:1\? y\/n/)
  terminal.press('y')
  await terminal.sees(/api:1 is fresh\./)
  assert.deepEqual(asked(), paths)
  // Its log, and back.
  terminal.press('l')
  await terminal.sees(/Log of api:1[^]*warn {2}api:1 the cache is cold/)
  assert.ok(server.asked.some(({ path }) => path === '/logs?worker=api%3A1&tail=200'))
  terminal.press('q')
  await terminal.sees(/WORKER/)
  assert.doesNotMatch(terminal.screen.text, /the cache is cold/)
  // A profile of it.
  terminal.press('p')
  await terminal.sees(/api-1-\d{8}-\d{6}\.cpuprofile is written\./)
  const [file = ''] = readdirSync(server.root)
  assert.deepEqual(JSON.parse(readFileSync(join(server.root, file), 'utf8')), {
    profiled: { type: 'cpu', durationMs: 5000 }
  })
})

test('top gives the terminal back however it is ended', async t => {
  const endings: readonly (readonly [(terminal: PseudoTerminal) => void, number])[] = [
    [terminal => terminal.press('\u0003'), 0],
    [terminal => terminal.child.kill('SIGINT'), 0],
    [terminal => terminal.child.kill('SIGTERM'), 143],
    [terminal => terminal.child.kill('SIGHUP'), 129]
  ]
  for (const [end, code] of endings) {
    const { terminal } = await stage(t)
    end(terminal)
    assert.equal(await terminal.ended(), code)
    assert.ok(terminal.isCooked())
    await terminal.until(({ screen }) => !screen.isOther)
    assert.ok(terminal.screen.hasCursor)
  }
})

test('top gives the terminal back when it fails, and says how', async t => {
  const server = await startPaperServer(t, { answers: { 'GET /status': () => status(3) } })
  const fault = join(server.root, 'fault.cjs')
  writeFileSync(fault, "process.on('SIGUSR2', () => { throw new Error('a fault of our own') })")
  const [program = '', ...rest] = command
  const options = { columns: 80, rows: 24, env: server.env, cwd: server.root }
  const terminal = new PseudoTerminal(t, [program, '--require', fault, ...rest], options)
  await terminal.sees(/api:2/)
  terminal.child.kill('SIGUSR2')
  assert.equal(await terminal.ended(), 1)
  await terminal.sees(/Error: a fault of our own/)
  assert.deepEqual([terminal.screen.isOther, terminal.screen.hasCursor], [false, true])
  assert.ok(terminal.isCooked())
})

test('ps fits the terminal, in colours unless nobody wants them', async t => {
  const server = await startPaperServer(t, { answers: { 'GET /status': () => status(3) } })
  const argv = [...command.slice(0, -1), 'ps']
  for (const [columns, env, hasColours] of [
    [60, {}, true],
    [120, { NO_COLOR: '1' }, false]
  ] as const) {
    const options = { columns, rows: 24, env: { ...server.env, ...env }, cwd: server.root }
    const terminal = new PseudoTerminal(t, argv, options)
    assert.equal(await terminal.ended(), 0)
    await terminal.sees(/api:2/)
    assert.equal(terminal.output.includes('\u001B[32mready'), hasColours)
    const heads = terminal.screen.lines.find(line => line.startsWith('WORKER')) ?? ''
    assert.equal(heads.includes('RESTARTS'), columns === 120)
    assert.match(terminal.screen.text, /its event loop is busy 97% of the time/)
  }
})

test('top goes on after it was stopped, with all of the terminal', async t => {
  const { terminal } = await stage(t)
  terminal.press('\u001A')
  // Without a shell that looks after jobs nobody stops it: it goes on by itself.
  await terminal.until(({ output }) => output.split('\u001B[?1049h').length === 3)
  await terminal.sees(/api:2/)
  terminal.child.kill('SIGCONT')
  await terminal.until(({ output }) => output.split('\u001B[?1049h').length === 4)
  await terminal.sees(/api:2/)
  assert.equal(terminal.isCooked(), false)
  terminal.press('q')
  assert.equal(await terminal.ended(), 0)
  assert.ok(terminal.isCooked())
})

test('top says when the server has gone, and goes on when it is back', async t => {
  let isGone = false
  const { terminal } = await stage(t, {
    'GET /status': (_asked, response) => {
      if (!isGone) return status(3)
      response.socket?.destroy()
      return undefined
    }
  })
  isGone = true
  await terminal.sees(/The connection to the server .* ended/)
  isGone = false
  await terminal.until(({ screen }) => !/The connection/.test(screen.text))
  assert.match(terminal.screen.text, /api:2/)
})

test('top scrolls to the worker that is chosen', async t => {
  const { terminal } = await stage(t, { 'GET /status': () => status(60) })
  assert.doesNotMatch(terminal.screen.text, /api:59/)
  terminal.press('\u001B[F')
  await terminal.sees(/api:59/)
  assert.doesNotMatch(terminal.screen.text, /api:0 /)
})

test('top without a server says so and leaves the terminal alone', async t => {
  const server = await startPaperServer(t, { answers: {} })
  const options = { columns: 80, rows: 24, env: server.env, cwd: server.root }
  const terminal = new PseudoTerminal(t, [...command, '--name', 'nobody'], options)
  assert.equal(await terminal.ended(), 68)
  await terminal.sees(/No server runs by the name "nobody"/)
  assert.ok(!terminal.output.includes('\u001B[?1049h'))
  assert.ok(existsSync(server.socket))
})
