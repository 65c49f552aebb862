/** What an application prints, as it leaves the process. Each run is a process of its own, since it is about fd 1. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { fixture, logIn, startWorker } from './worker-harness.ts'

const script = fileURLToPath(new URL('output-process.ts', import.meta.url))

/** Through a pipe whose reader never stands still, as a test may that is held up: what nobody reads for a second is lost. */
const throughPipe = 'file=$(mktemp); "$@" | cat > "$file"; cat "$file"; rm "$file"'

/** Into a file that has a line already, and shows what is in it then. */
const intoFile = 'file=$(mktemp); echo first > "$file"; "$@" >> "$file"; cat "$file"; rm "$file"'

async function run(
  entry: string,
  format: string,
  shell = throughPipe
): Promise<{ lines: string[]; stderr: string }> {
  const args = ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning', script]
  // A pipe, as a shell makes one; what node gives a child is a socket.
  const command = [process.execPath, ...args, fixture(entry), format]
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', shell, 'sh', ...command], {
    maxBuffer: 16 * 1024 ** 2
  })
  return { lines: stdout.trimEnd().split('\n'), stderr }
}

type Line = Record<string, unknown> & { err?: { message: string; stack: string } }

test('captureOutput() makes one JSON line of everything an application prints', async () => {
  const { lines, stderr } = await run('prints/app.mjs', 'json')
  const records = lines.map(line => JSON.parse(line) as Line)
  for (const record of records) {
    assert.equal(record.application, 'shop')
    assert.equal(record.worker, 'shop:1')
  }
  const brief = records.map(({ level, msg }) => [level, String(msg).split('\n', 1)[0]])
  assert.deepEqual(brief, [
    ['info', 'log formatted { nested: { deep: true } }'],
    ['warn', 'warned'],
    ['error', 'Error: several lines'],
    ['info', 'partial'],
    ['info', 'second line'],
    ['info', 'é'],
    ['error', 'on stderr'],
    ['info', 'by descriptor'],
    ['warn', 'from pino'],
    ['warn', 'own json'],
    ['error', 'from logger'],
    ['info', 'child'],
    ['warn', 'Warning: careful'],
    ['info', 'without an end']
  ])
  assert.equal(records[8]?.request, 5)
  assert.equal(records[8]?.err?.message, 'inside pino')
  assert.equal(records[9]?._application, 'liar')
  assert.equal(records[10]?.part, 'billing')
  assert.match(records[10]?.err?.stack ?? '', /prints\/app\.mjs/)
  assert.equal(records[11]?.bound, 1)
  assert.deepEqual(records[11]?.enabled, [false, true])
  assert.equal(stderr, '')
})

test('captureOutput() makes one line of each message, whichever way a logger writes it', async () => {
  const { lines, stderr } = await run('loggers/app.mjs', 'json')
  const records = lines.map(line => JSON.parse(line) as Line)
  const brief = records.map(({ level, msg }) => [level, brieflySaid(String(msg))])
  assert.deepEqual(brief, [
    ['error', 'fatal of pino'],
    ['info', 'first of two'],
    ['info', 'second of two'],
    ['error', 'app:part from debug 5'],
    ['info', 'imported by name'],
    ['info', 'by options'],
    ['info', 'by vector'],
    ['info', 'whole file'],
    ['info', 'whole device'],
    ['info', 'opened device'],
    ['info', 'hi'],
    ['info', 'group'],
    ['info', '  inside | two lines'],
    ['info', '5 lines'],
    ['error', 'Error: written | at'],
    ['info', 'one'],
    ['info', 'two'],
    ['warn', 'message'],
    ['error', 'Assertion failed: asserted'],
    ['info', 'before a message\uFFFD\u0000'],
    ['info', 'x 100000 times'],
    ['info', 'called back'],
    ['info', 'y 1048576 times'],
    ['info', 'yyyyy'],
    ['info', 'z 1048576 times'],
    ['info', 'z'],
    ['info', 'winston'],
    ['info', 'large']
  ])
  const [fatal] = records
  assert.deepEqual(
    Object.entries(fatal?.err ?? {}).filter(([key]) => key !== 'stack'),
    [
      ['type', 'TypeError'],
      ['message', 'typed'],
      ['statusCode', 418]
    ]
  )
  // Rounded by pino.
  const ageMs = Date.now() - Date.parse(String(fatal?.time))
  assert.ok(ageMs >= -500 && ageMs < 60_000, 'seconds since the epoch are not taken for milliseconds')
  assert.equal(stderr, '')
})

test('captureOutput() empties no file that the output goes to', async () => {
  const { lines } = await run('opens-output/app.mjs', 'json', intoFile)
  const [first, ...others] = lines
  assert.equal(first, 'first')
  assert.deepEqual(
    others.map(line => (JSON.parse(line) as Line).msg),
    ['by a stream', 'by flags']
  )
})

/** Long messages by their length, those of several lines on one, without what differs from run to run. */
function brieflySaid(message: string): string {
  if (message.length > 1000) return `${message[0]} ${message.length} times`
  const lines = message.replace(/^\S+Z (?=app:)/, '').split('\n')
  if (lines.length > 2) return `${lines.length} lines`
  return lines.map((line, index) => (index === 0 ? line : line.trim().replace(/^at .*/, 'at'))).join(' | ')
}

test('captureOutput() makes lines of what threads of the application write', async () => {
  const { lines, stderr } = await run('transports/app.mjs', 'json')
  const records = lines.map(line => JSON.parse(line) as Line)
  for (const { application, worker } of records) assert.deepEqual([application, worker], ['shop', 'shop:1'])
  const said = records.map(({ level, msg }) => `${String(level)} ${String(msg)}`)
  assert.deepEqual(said.toSorted(), [
    'info last words',
    'info printed in a thread of its own',
    'info written in a thread of its own',
    'warn through a transport'
  ])
  assert.equal(stderr, '')
})

test('captureOutput() makes readable lines of the JSON an application prints', async () => {
  const { lines } = await run('prints/app.mjs', 'pretty')
  const pino = lines.findIndex(line => line.includes('from pino'))
  assert.match(lines[pino] ?? '', /warn +shop:1 from pino .*request=5/)
  assert.match(lines[pino + 1] ?? '', /^ {4}Error: inside pino/)
})

test('stopApplication() runs close hooks in reverse order and goes on after one that fails', async () => {
  const { lines } = await run('hooks/app.cjs', 'json')
  const records = lines.map(line => JSON.parse(line) as Line)
  assert.deepEqual(
    records.map(({ msg, err }) => err?.message ?? msg),
    ['closing export', 'closing last given', 'hook broken on purpose', 'closing first given']
  )
})

test('stopApplication() closes the Fastify instance behind a server that listens by itself', async () => {
  const { lines } = await run('script-fastify/server.mjs', 'json')
  assert.deepEqual(
    lines.map(line => (JSON.parse(line) as Line).msg),
    ['fastify closed']
  )
})

test('captureOutput() has one worker say what node says of a package', async t => {
  const log = logIn(t)
  await startWorker(t, 'typeless/app.js', { boot: { ...log.boot, slot: 1 } }).next('ready')
  await startWorker(t, 'typeless/app.js', { boot: log.boot }).next('ready')
  const warnings = log.warnings()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /typeless/)
})

test('heddle/worker gives harmless stand-ins outside of Heddle', async () => {
  const code = `
    import { identity, isHeddle, logger, mesh, onClose, onReady, publicUrl } from 'heddle/worker'
    onClose(() => {})
    onReady(() => {})
    logger.info({ isHeddle, publicUrl, url: mesh.url('catalog') }, identity.name)`
  const args = ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '-e', code], { cwd })
  const { msg, isHeddle, publicUrl, url } = JSON.parse(stdout) as Line
  assert.deepEqual(
    { msg, isHeddle, publicUrl, url },
    { msg: 'standalone:0', isHeddle: false, publicUrl: null, url: 'http://catalog.heddle.local' }
  )
})
