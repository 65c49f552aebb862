/** `heddle logs` and `heddle events`: what is asked for, what is shown, how they end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { isWanted } from '../../../src/cli/commands/events.ts'
import { report, worker } from '../../main/admin/example-report.ts'
import { beginEvents, sendEvent, startPaperServer } from '../paper-server.ts'
import type { PaperServer } from '../paper-server.ts'
import { ended, launch, run } from '../run-command.ts'

const line = {
  time: 1_750_000_000_000,
  level: 'warn',
  message: 'cold',
  application: 'api',
  worker: 'api:1',
  key: 'x',
  none: null
}
const fact = { worker: 'api:1', application: 'api', slot: 1, reason: 'it asked', error: null }

const workers = [0, 1].map(slot => Object.assign({}, worker, { slot, name: `api:${slot}` }))
const status = {
  ...report,
  applications: report.applications.map(application => Object.assign({}, application, { workers })),
  edges: [{ name: 'edge:0' }]
}

/** One line and one event; with `follow` they stay open. */
function start(t: TestContext): Promise<PaperServer> {
  return startPaperServer(t, {
    answers: {
      'GET /status': () => status,
      'GET /logs': ({ path }, response) => {
        beginEvents(response)
        sendEvent(response, '', { lines: 3 }, 'lost')
        sendEvent(response, 'a.1', line)
        if (path.includes('follow=false')) response.end()
      },
      'GET /events': ({ path }, response) => {
        beginEvents(response)
        sendEvent(response, '1', { time: line.time, fact }, 'worker:replacing')
        sendEvent(response, '2', { time: line.time, fact: { url: 'http://x', port: 1 } }, 'server:listening')
        if (path.includes('follow=false')) response.end()
      }
    }
  })
}

test('logs shows lines for people and as JSON, and tells what is missing', async t => {
  const server = await start(t)
  const shown = await run(t, server, 'logs')
  assert.equal(shown.code, 0)
  assert.match(shown.stdout, /^[\d:]+\.000 warn {2}api:1 cold key=x\n$/)
  assert.equal(shown.stderr, 'heddle: 3 lines came too fast and are missing here.\n')
  const json = await run(t, server, 'logs', '--json')
  assert.deepEqual(JSON.parse(json.stdout), line)
})

test('logs asks for the application, the worker, the level and the number of lines', async t => {
  const server = await start(t)
  const table: readonly (readonly [readonly string[], string])[] = [
    [[], 'follow=false'],
    [['api'], 'application=api&follow=false'],
    [['api', '--worker', '1'], 'worker=api%3A1&follow=false'],
    [['api:1'], 'worker=api%3A1&follow=false'],
    [['edge:0'], 'worker=edge%3A0&follow=false'],
    [['-l', 'warn', '-n', '5'], 'level=warn&tail=5&follow=false']
  ]
  for (const [argv, query] of table) {
    const { code } = await run(t, server, 'logs', ...argv)
    assert.deepEqual([code, server.asked.at(-1)?.path], [0, `/logs?${query}`])
  }
  const wrong = await run(t, server, 'logs', '--tail', 'all')
  assert.deepEqual(wrong, {
    code: 2,
    stdout: '',
    stderr:
      'heddle: The command line is wrong: --tail has to be a whole number from 0 to 100000, not "all".\n'
  })
})

test('logs and events say when there is nothing of that name', async t => {
  const server = await start(t)
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [['logs', 'apu'], /There is no application "apu"; there is api\.\nDid you mean api\?\n$/],
    [['logs', 'web:0'], /There is no application "web"/],
    [['logs', 'api:7'], /The application api has no worker 7/],
    [['logs', 'edge:7'], /There is no application "edge"/],
    [['events', '--application', 'web'], /There is no application "web"/],
    [['events', '--worker', 'api:2'], /The application api has no worker 2/]
  ]
  for (const [argv, message] of table) {
    const { code, stdout, stderr } = await run(t, server, ...argv)
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '))
    assert.match(stderr, message)
  }
})

test('events shows what has happened, all of it or by name', async t => {
  const server = await start(t)
  const { stdout } = await run(t, server, 'events')
  assert.match(
    stdout,
    /^[\d:]{8} worker:replacing api:1 reason="it asked"\n[\d:]{8} server:listening url=http:\/\/x port=1\n$/
  )
  const json = await run(t, server, 'events', 'server', '--json', '--application', 'api')
  assert.deepEqual(JSON.parse(json.stdout), {
    id: '2',
    name: 'server:listening',
    time: line.time,
    fact: { url: 'http://x', port: 1 }
  })
  assert.equal(server.asked.at(-1)?.path, '/events?application=api&name=server&since=0&follow=false')
})

test('isWanted() knows events by their name and by their kind', () => {
  const table: readonly (readonly [string, readonly string[], boolean])[] = [
    ['worker:ready', [], true],
    ['worker:ready', ['worker'], true],
    ['worker:ready', ['booted', 'worker:ready'], true],
    ['worker:ready', ['work', 'worker:re', 'worker:'], false],
    ['booted', ['booted'], true]
  ]
  for (const [name, words, wanted] of table)
    assert.equal(isWanted(name, words), wanted, `${name} ${words.join()}`)
})

test('logs and events that follow end with code 0 on Ctrl-C, and when their reader has seen enough', async t => {
  const server = await start(t)
  for (const name of ['logs', 'events']) {
    const interrupted = launch(t, server, [name, '-f'])
    assert.ok(interrupted.stdout !== null && interrupted.stderr !== null)
    await once(createInterface({ input: interrupted.stdout }), 'line')
    interrupted.kill('SIGINT')
    const [code] = await once(interrupted, 'close')
    assert.equal(code, 0)
  }
  const busy = await startPaperServer(t, {
    pid: process.pid + 1,
    name: 'busy',
    answers: {
      'GET /logs': (_asked, response) => {
        beginEvents(response)
        const write = (): void => {
          if (response.destroyed) return
          sendEvent(response, '1', line)
          setImmediate(write)
        }
        write()
      }
    }
  })
  const child = launch(t, busy, ['logs', '-f'])
  assert.ok(child.stdout !== null && child.stderr !== null)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const stderr = await text(child.stderr)
  if (child.exitCode === null) await once(child, 'exit')
  assert.deepEqual([child.exitCode, stderr], [0, ''])
})

test('logs of a server named by its process end with it, and say so', async t => {
  const server = await startPaperServer(t, {
    answers: {
      'GET /logs': (_asked, response) => {
        beginEvents(response)
        response.write('id: 1\n', () => response.socket?.destroy())
      }
    }
  })
  const child = launch(t, server, ['logs', '-f', '--socket', server.socket])
  const { code, stderr } = await ended(child)
  assert.equal(code, 76)
  assert.match(
    stderr,
    /^heddle: The connection to the server ended before the reading of the log was done\.\n/
  )
})
