/** The rotation of the log file: when it is due, what is deleted, and that no line is lost or torn by it. */
import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { createLogRing } from '../../../src/channel/log-ring.ts'
import { Cell, LogCells, createLogCells } from '../../../src/shared/log-cells.ts'
import { LogFile } from '../../../src/shared/log-file.ts'
import { Rotation, isRotationDue, rotatedName, surplusFiles } from '../../../src/main/logs/rotation.ts'
import type { FileFacts, RotationRules } from '../../../src/main/logs/rotation.ts'
import { readFlood, startFlood } from '../../channel/log-flood.ts'
import { HeldClock } from '../../shared/held-clock.ts'

const rules: RotationRules = { path: '/var/log/heddle.log', maxSize: 100, maxAge: 1000, keep: 2 }

test('isRotationDue() goes by size and age, and lets empty files be', () => {
  const table: readonly [FileFacts, Partial<RotationRules>, boolean][] = [
    [{ size: 99, bornAt: 5000 }, {}, false],
    [{ size: 100, bornAt: 5000 }, {}, true],
    [{ size: 1, bornAt: 4001 }, {}, false],
    [{ size: 1, bornAt: 4000 }, {}, true],
    [{ size: 0, bornAt: 0 }, {}, false],
    [{ size: 1e9, bornAt: 5000 }, { maxSize: 0 }, false],
    [{ size: 99, bornAt: 0 }, { maxAge: 0 }, false]
  ]
  for (const [facts, change, expected] of table) {
    assert.equal(
      isRotationDue(facts, { ...rules, ...change }, 5000),
      expected,
      JSON.stringify([facts, change])
    )
  }
})

function name(time: number, attempt?: number): string {
  return rotatedName('heddle.log', time, attempt)
}

test('surplusFiles() names the oldest renamed files and nothing else', () => {
  const names = [
    'heddle.log',
    name(3000),
    name(1000),
    name(1000, 1),
    name(2000),
    'heddle.log.1',
    'heddle.log.gz',
    'other.log'
  ]
  assert.deepEqual(surplusFiles(names, rules), [name(1000), name(1000, 1)])
  assert.deepEqual(surplusFiles(['heddle.log', name(1)], rules), [])
})

interface Place {
  readonly path: string
  readonly cells: Int32Array
  readonly memory: SharedArrayBuffer
  readonly failures: string[]
  readonly clock: HeldClock
  readonly rotation: (rules?: Partial<RotationRules>) => Rotation
  readonly files: () => readonly string[]
}

function setUp(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'heddle.log')
  const memory = createLogCells()
  const { cells } = new LogCells(memory)
  const failures: string[] = []
  const clock = new HeldClock()
  const failed = (_what: string, reason: string): void => void failures.push(reason)
  const rotation = (change: Partial<RotationRules> = {}): Rotation =>
    new Rotation({ rules: { ...rules, path, ...change }, cells, clock, failed })
  return { path, cells, memory, failures, clock, rotation, files: () => readdirSync(directory).toSorted() }
}

function epochOf({ cells }: Place): number {
  return Atomics.load(cells, Cell.fileEpoch)
}

test('Rotation renames a file that is full, tells every thread, and keeps as many as it may', async t => {
  const place = setUp(t)
  const rotation = place.rotation()
  await rotation.look()
  assert.deepEqual(place.files(), [], 'there is no file yet')
  for (let n = 1; n <= 4; n++) {
    writeFileSync(place.path, 'x'.repeat(99))
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    await rotation.look()
    assert.ok(existsSync(place.path))
    const before = epochOf(place)
    writeFileSync(place.path, String(n).repeat(100))
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    await rotation.look()
    assert.ok(!existsSync(place.path))
    assert.equal(epochOf(place), before + 1)
  }
  const kept = place.files()
  assert.equal(kept.length, 2)
  assert.deepEqual(
    kept.map(file => readFileSync(join(place.path, '..', file), 'utf8')[0]),
    ['3', '4']
  )
  assert.deepEqual(place.failures, [])
})

test('Rotation renames the file behind a link, beside that file, and the link stays', async t => {
  const place = setUp(t)
  const directory = join(place.path, '..', 'data')
  mkdirSync(directory)
  symlinkSync('data/real.log', place.path)
  const log = new LogFile(place.path, new LogCells(place.memory), () => {})
  t.after(() => log.close())
  const rotation = place.rotation()
  for (let n = 1; n <= 4; n++) {
    log.write(Buffer.from(`${String(n).repeat(100)}\n`))
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    await rotation.look()
  }
  assert.deepEqual(place.files(), ['data', 'heddle.log'])
  const kept = readdirSync(directory).toSorted()
  assert.deepEqual(
    kept.map(file => readFileSync(join(directory, file), 'utf8')[0]),
    ['3', '4']
  )
  assert.deepEqual(place.failures, [])
})

test('Rotation lets be what is a descriptor of the process', async t => {
  const place = setUp(t)
  const file = join(place.path, '..', 'output')
  const fd = openSync(file, 'a')
  t.after(() => closeSync(fd))
  writeFileSync(fd, 'x'.repeat(200))
  symlinkSync(`/proc/self/fd/${fd}`, place.path)
  const rotation = place.rotation()
  await rotation.look()
  await rotation.look()
  assert.deepEqual(place.files(), ['heddle.log', 'output'])
  assert.deepEqual(place.failures, [])
})

test('Rotation has every thread open the file again that somebody else has put away', async t => {
  const place = setUp(t)
  const rotation = place.rotation()
  writeFileSync(place.path, 'one')
  await rotation.look()
  const first = epochOf(place)
  await rotation.look()
  assert.equal(epochOf(place), first)
  renameSync(place.path, `${place.path}.1`)
  await rotation.look()
  assert.equal(epochOf(place), first + 1)
  writeFileSync(place.path, 'two')
  await rotation.look()
  const second = epochOf(place)
  renameSync(place.path, `${place.path}.2`)
  writeFileSync(place.path, 'three')
  await rotation.look()
  assert.equal(epochOf(place), second + 1)
})

test('Rotation finds out that a file was put away before anybody had looked at it', async t => {
  const place = setUp(t)
  const rotation = place.rotation()
  const log = new LogFile(place.path, new LogCells(place.memory), () => {})
  t.after(() => log.close())
  log.write(Buffer.from('one\n'))
  renameSync(place.path, `${place.path}.1`)
  await rotation.look()
  log.write(Buffer.from('two\n'))
  assert.equal(readFileSync(place.path, 'utf8'), 'two\n')
  renameSync(place.path, `${place.path}.2`)
  writeFileSync(place.path, 'three\n')
  await rotation.look()
  log.write(Buffer.from('four\n'))
  assert.equal(readFileSync(place.path, 'utf8'), 'three\nfour\n')
})

test('Rotation tells once that it cannot do what is due, and looks as long as it is not stopped', async t => {
  const place = setUp(t)
  const rotation = place.rotation({ path: join(place.path, 'below', 'a', 'file') })
  writeFileSync(place.path, 'in the way')
  await rotation.look()
  await rotation.look()
  assert.equal(place.failures.length, 1)
  assert.match(place.failures[0] ?? '', /ENOTDIR/)
  rotation.start()
  assert.equal(place.clock.pending, 1)
  rotation.stop()
  assert.equal(place.clock.pending, 0)
})

test('No line is lost, torn or written twice while four threads write flat out and the file is renamed', async t => {
  const place = setUp(t)
  const rotation = place.rotation({ keep: 10_000 })
  const padding = 400
  const count = 5000
  const names = ['a', 'b', 'c', 'd']
  const floods = names.map(each => {
    const memory = { ring: createLogRing('info'), cells: place.memory }
    const logger = {
      level: 'info',
      format: 'json',
      colour: false,
      memory,
      stdout: false,
      file: place.path
    } as const
    return startFlood({ name: each, logger, count, padding })
  })
  const over = Promise.all(floods).then(() => true)
  let renamed = 0
  for (let isOver = false; !isOver;) {
    if (existsSync(place.path)) {
      // oxlint-disable-next-line no-await-in-loop -- One after another.
      await rotation.rotate()
      renamed++
    }
    // oxlint-disable-next-line no-await-in-loop -- The end of the threads is heard between two.
    isOver = await Promise.race([over, new Promise<boolean>(resolve => setImmediate(resolve, false))])
  }
  const files = place.files()
  const rotated = files.filter(file => file !== 'heddle.log')
  assert.equal(rotated.length, renamed)
  assert.ok(renamed >= 2, `renamed only ${renamed} times`)
  const texts = files.map(file => readFileSync(join(place.path, '..', file), 'utf8'))
  for (const text of texts) assert.ok(text === '' || text.endsWith('\n'))
  const byName = readFlood(
    texts.flatMap(text => text.split('\n').filter(line => line !== '')),
    padding
  )
  const numbers = Array.from({ length: count }, (_, n) => n)
  for (const each of names) {
    assert.deepEqual(
      byName.get(each)?.toSorted((a, b) => a - b),
      numbers,
      each
    )
  }
})
