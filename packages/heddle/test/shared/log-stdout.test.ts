/** Threads that share one output: no line of theirs is torn by another's, and nobody waits for the dead. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

import { Cell, LogCells, createLogCells } from '../../src/shared/log-cells.ts'
import { StdoutWriter } from '../../src/shared/log-stdout.ts'
import { readFlood } from '../channel/log-flood.ts'

const padding = 30_000
const flood = new URL('../channel/log-flood.ts', import.meta.url).href
const ring = new URL('../../src/channel/log-ring.ts', import.meta.url).href
const cells = new URL('../../src/shared/log-cells.ts', import.meta.url).href

test('StdoutWriter keeps long lines of several threads whole in a pipe that is full', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const out = join(directory, 'out')
  const code = `
    import { startFlood } from ${JSON.stringify(flood)}
    import { createLogRing } from ${JSON.stringify(ring)}
    import { createLogCells } from ${JSON.stringify(cells)}
    // Makes the pipe non-blocking, as it is in a real server.
    process.stdout.isTTY
    const cells = createLogCells()
    const start = (name, manner) => startFlood({
      name, manner, count: 60, padding: ${padding},
      logger: { level: 'info', format: 'json', colour: false, memory: { ring: createLogRing('info'), cells } }
    })
    await Promise.all([start('a', 'wait'), start('b', 'wait'), start('c', 'wait'), start('d', 'later')])`
  const args = ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning', '--input-type=module']
  // Into a file: a test that is held up for a second would be a reader that does not read.
  const command = ['-c', '"$@" | cat > "$OUT"', 'sh', process.execPath, ...args, '-e', code]
  const { stderr } = await promisify(execFile)('sh', command, { env: { ...process.env, OUT: out } })
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
  assert.equal(stderr, '')
  const byName = readFlood(lines, padding)
  const numbers = Array.from({ length: 60 }, (_, n) => n)
  for (const name of ['a', 'b', 'c', 'd']) assert.deepEqual(byName.get(name), numbers, name)
})

/** An output that another thread, number 99, has its turn at. */
function occupied(t: TestContext): { fd: number; path: string; buffer: SharedArrayBuffer; shared: LogCells } {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'out')
  const fd = openSync(path, 'a')
  t.after(() => closeSync(fd))
  const buffer = createLogCells()
  const shared = new LogCells(buffer)
  Atomics.store(shared.cells, Cell.turn, 99)
  return { fd, path, buffer, shared }
}

for (const { where, torn, expected } of [
  { where: 'in the middle of a line, and ends that', torn: 1, expected: '\nalive\n' },
  { where: 'between two lines, and leaves none empty', torn: 0, expected: 'alive\n' }
]) {
  test(`StdoutWriter takes the turn of a thread that was ended ${where}`, t => {
    const { fd, path, buffer, shared } = occupied(t)
    Atomics.store(shared.cells, Cell.torn, torn)
    new StdoutWriter(fd, new LogCells(buffer), { whenFull: 'wait' }).write(Buffer.from('alive\n'))
    assert.equal(readFileSync(path, 'utf8'), expected)
    assert.equal(Atomics.load(shared.cells, Cell.turn), 0)
    assert.equal(Atomics.load(shared.cells, Cell.torn), 0)
  })
}

test('StdoutWriter that must not stand still writes what is left when it is its turn', async t => {
  const { fd, path, buffer, shared } = occupied(t)
  const writer = new StdoutWriter(fd, new LogCells(buffer), { whenFull: 'later' })
  writer.write(Buffer.from('one\n'))
  writer.write(Buffer.from('two\n'))
  assert.equal(readFileSync(path, 'utf8'), '')
  // The other one is done.
  Atomics.store(shared.cells, Cell.turn, 0)
  writer.write(Buffer.from('three\n'))
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n')
})

test('StdoutWriter that must not stand still takes over a turn without a sign of life, and no other', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { fd, path, buffer, shared } = occupied(t)
  const writer = new StdoutWriter(fd, new LogCells(buffer), { whenFull: 'later' })
  for (let n = 0; n < 5; n++) {
    Atomics.add(shared.cells, Cell.beat, 1)
    writer.write(Buffer.from('.\n'))
    now += 90
  }
  writer.write(Buffer.from('.\n'))
  assert.equal(readFileSync(path, 'utf8'), '')
  now += 20
  writer.write(Buffer.from('.\n'))
  assert.equal(readFileSync(path, 'utf8'), '.\n'.repeat(7))
})

test('StdoutWriter that must not stand still drops what is too much, and says how much', t => {
  const { fd, path, buffer, shared } = occupied(t)
  const writer = new StdoutWriter(fd, new LogCells(buffer), { whenFull: 'later' })
  const big = Buffer.from(`${'x'.repeat(600_000)}\n`)
  for (let n = 0; n < 3; n++) writer.write(big)
  Atomics.store(shared.cells, Cell.turn, 0)
  writer.flush()
  writer.write(Buffer.from('after\n'))
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 3)
  assert.equal(JSON.parse(lines[1] ?? '').lines, 2)
  assert.equal(lines[2], 'after')
})
