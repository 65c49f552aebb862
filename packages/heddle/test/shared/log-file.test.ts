/** The log file: whole lines from all threads, and what happens while it cannot be written. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Cell, LogCells, createLogCells } from '../../src/shared/log-cells.ts'
import { LogFile, retryMs } from '../../src/shared/log-file.ts'
import type { FileNews } from '../../src/shared/log-file.ts'

interface Desk {
  readonly directory: string
  readonly cells: LogCells
  readonly news: FileNews[]
  readonly open: (path: string) => LogFile
}

function setUp(t: TestContext): Desk {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const buffer = createLogCells()
  const news: FileNews[] = []
  const open = (path: string): LogFile => {
    const file = new LogFile(path, new LogCells(buffer), each => news.push(each))
    t.after(() => file.close())
    return file
  }
  return { directory, cells: new LogCells(buffer), news, open }
}

test('LogFile makes its directory and appends', t => {
  const { directory, open, news } = setUp(t)
  const path = join(directory, 'a', 'b', 'heddle.log')
  assert.equal(open(path).write(Buffer.from('one\n')), true)
  assert.equal(open(path).write(Buffer.from('two\n')), true)
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  assert.deepEqual(news, [])
})

test('LogFile goes on in the renamed file until it is told, and in the new one from then on', t => {
  const { directory, cells, open } = setUp(t)
  const path = join(directory, 'heddle.log')
  const file = open(path)
  file.write(Buffer.from('one\n'))
  renameSync(path, `${path}.old`)
  file.write(Buffer.from('two\n'))
  assert.equal(existsSync(path), false)
  Atomics.add(cells.cells, Cell.fileEpoch, 1)
  file.write(Buffer.from('three\n'))
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'one\ntwo\n')
  assert.equal(readFileSync(path, 'utf8'), 'three\n')
})

test('LogFile tells once that the disk is full, for all threads together, and tries again after a while', t => {
  t.mock.timers.enable({ apis: ['Date'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { cells, news, open } = setUp(t)
  const first = open('/dev/full')
  const second = open('/dev/full')
  assert.equal(first.write(Buffer.from('one\n')), false)
  assert.equal(second.write(Buffer.from('two\n')), false)
  assert.equal(first.write(Buffer.from('three\n')), false)
  assert.equal(news.length, 1)
  assert.match(news[0]?.kind === 'failed' ? news[0].reason : '', /ENOSPC/)
  assert.equal(Atomics.load(cells.cells, Cell.fileLost), 3)
  now += retryMs
  assert.equal(first.write(Buffer.from('four\n')), false)
  assert.equal(news.length, 1)
})

test('LogFile tells that it can be written again, and how many lines are missing', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { directory, news, open } = setUp(t)
  const path = join(directory, 'file', 'heddle.log')
  const blocker = open(join(directory, 'file'))
  blocker.write(Buffer.from('in the way\n'))
  const file = open(path)
  assert.equal(file.write(Buffer.from('one\n')), false)
  assert.equal(file.write(Buffer.from('two\n')), false)
  rmSync(join(directory, 'file'))
  now += retryMs
  assert.equal(file.write(Buffer.from('three\n')), true)
  assert.equal(readFileSync(path, 'utf8'), 'three\n')
  assert.deepEqual(
    news.map(({ kind }) => kind),
    ['failed', 'recovered']
  )
  assert.deepEqual(news[1], { kind: 'recovered', lost: 2 })
})

test('LogFile ends a line that was cut short before the next one, however often that fails', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { directory, cells, open } = setUp(t)
  const path = join(directory, 'heddle.log')
  open(path).write(Buffer.from('half'))
  Atomics.store(cells.cells, Cell.fileTorn, 1)
  // Full, as the disk is that has cut it short.
  assert.equal(open('/dev/full').write(Buffer.from('lost\n')), false)
  now += retryMs
  assert.equal(open(path).write(Buffer.from('whole\n')), true)
  assert.equal(readFileSync(path, 'utf8'), 'half\nwhole\n')
})

test('LogFile does not wait for somebody who reads a pipe in its place', t => {
  const { directory, news, open } = setUp(t)
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  assert.equal(open(path).write(Buffer.from('one\n')), false)
  assert.match(news[0]?.kind === 'failed' ? news[0].reason : '', /ENXIO/)
})
