/** Tests of the log: what it passes on, how its style is found, and a reader that does not read. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { resolveLogStyle } from '../../src/shared/log-style.ts'
import { createLog } from '../../src/shared/log.ts'
import type { LineStyle } from '../../src/shared/log-line.ts'

const json: LineStyle = { level: 'info', format: 'json', colour: false }

test('createLog() writes lines of its level and above with who is speaking', () => {
  const lines: string[] = []
  const log = createLog(json, { application: 'api', fields: { a: 1, b: 1 } }, line => lines.push(line))
  log.debug('unheard')
  log.child({ worker: 'api:0', fields: { b: 2 } }).warn('heard', { c: 3, error: new Error('why') })
  assert.equal(lines.length, 1)
  const { level, application, worker, msg, a, b, c, err } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([level, application, worker, msg, a, b, c], ['warn', 'api', 'api:0', 'heard', 1, 2, 3])
  assert.equal(err.message, 'why')
  assert.equal(log.isEnabled('debug'), false)
})

test('resolveLogStyle() is pretty and coloured on a terminal, JSON elsewhere, and honours the environment', () => {
  type Row = ['auto' | 'pretty' | 'json', boolean, Record<string, string>, 'pretty' | 'json', boolean]
  const table: readonly Row[] = [
    ['auto', true, {}, 'pretty', true],
    ['auto', false, {}, 'json', false],
    ['pretty', false, {}, 'pretty', false],
    ['json', true, { FORCE_COLOR: '1' }, 'json', false],
    ['auto', true, { NO_COLOR: '1' }, 'pretty', false],
    ['auto', true, { NO_COLOR: '' }, 'pretty', true],
    ['auto', true, { TERM: 'dumb' }, 'pretty', false],
    ['pretty', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, 'pretty', true],
    ['pretty', true, { FORCE_COLOR: '0' }, 'pretty', false]
  ]
  for (const [format, isTerminal, env, expected, colour] of table) {
    const style = resolveLogStyle({ level: 'warn', format }, { isTerminal }, env)
    assert.deepEqual(style, { level: 'warn', format: expected, colour })
  }
})

const source = new URL('../../src/shared/log-stdout.ts', import.meta.url).href

function startWriter(code: string): ReturnType<typeof spawn> {
  const script = `import { writeLine } from ${JSON.stringify(source)}\n${code}`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
}

test('writeLine() loses nothing while the reader is slow for a moment', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const out = join(directory, 'out')
  // Touching process.stdout makes the pipe non-blocking, as it is in a real server.
  const script = `import { writeLine } from ${JSON.stringify(source)}
    process.stdout.isTTY
    for (let i = 0; i < 40; i++) writeLine(String(i).padEnd(10000, '.'))`
  // Into a file: a test that is held up for a second would be a reader that does not read.
  const shell = '"$@" | { sleep 0.2; cat > "$OUT"; }'
  const command = [process.execPath, '--input-type=module', '-e', script]
  await promisify(execFile)('sh', ['-c', shell, 'sh', ...command], { env: { ...process.env, OUT: out } })
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    lines.map(line => Number.parseInt(line, 10)),
    Array.from({ length: 40 }, (_, index) => index)
  )
})

test('writeLine() does not wait for ever for a reader that does not read', async t => {
  const child = startWriter(`
    process.stdout.isTTY
    for (let i = 0; i < 40; i++) writeLine(String(i).padEnd(10000, '.'))
    process.stderr.write('done')
  `)
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stderr)
  const [chunk] = await once(child.stderr, 'data')
  assert.equal(String(chunk), 'done')
})

test('writeLine() goes on in silence when the reader is gone', async () => {
  const child = startWriter(`
    for (let i = 0; i < 400; i++) writeLine(String(i).padEnd(10000, '.'))
  `)
  child.stdout?.destroy()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})
