/** The ring of one thread: what is read is whole and in order, and what is not read is counted. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import {
  LogRingReader,
  LogRingWriter,
  bodyMax,
  createLogRing,
  readPending,
  ringBytes,
  shareRing,
  writeThreshold
} from '../../src/channel/log-ring.ts'
import type { RingRecord } from '../../src/channel/log-ring.ts'

function entry(sequence: number, text: string, speaker = ''): Parameters<LogRingWriter['append']>[0] {
  return { sequence, time: 1000 + sequence, level: 'warn', speaker, body: Buffer.from(text) }
}

function read(reader: LogRingReader): { readonly records: RingRecord[]; readonly lost: number } {
  const look = reader.look()
  return { records: Array.from({ length: look.length }, (_, index) => look.record(index)), lost: look.lost }
}

test('LogRingReader reads what was written, with who says it when, and goes on where it has been', () => {
  const ring = createLogRing('info')
  const writer = new LogRingWriter(ring, 1)
  const reader = new LogRingReader(ring, 'oldest')
  assert.equal(reader.hasMore, false)
  writer.append(entry(7, '"é"}'))
  writer.append(entry(9, '"b"}', 'api\napi:0'))
  assert.equal(reader.hasMore, true)
  assert.deepEqual(read(reader), {
    records: [
      { sequence: 7, time: 1007, level: 'warn', speaker: '', body: '"é"}' },
      { sequence: 9, time: 1009, level: 'warn', speaker: 'api\napi:0', body: '"b"}' }
    ],
    lost: 0
  })
  assert.deepEqual(read(reader), { records: [], lost: 0 })
  writer.append(entry(10, '"c"}'))
  assert.deepEqual(
    read(reader).records.map(({ body }) => body),
    ['"c"}']
  )
})

test('LogRingReader counts what was overwritten, and reads the rest whole', () => {
  const ring = createLogRing('info')
  const writer = new LogRingWriter(ring, 1)
  const reader = new LogRingReader(ring, 'oldest')
  writer.append(entry(0, '"first"}'))
  reader.look()
  const count = 20_000
  for (let n = 1; n <= count; n++) writer.append(entry(n, `"${'x'.repeat(n % 300)}${n}"}`))
  const { records, lost } = read(reader)
  assert.equal(records.length + lost, count)
  assert.ok(lost > 0 && records.length > 500)
  for (const [index, { sequence, body }] of records.entries()) {
    assert.equal(sequence, lost + 1 + index)
    assert.equal(body, `"${'x'.repeat(sequence % 300)}${sequence}"}`)
  }
  assert.deepEqual(read(new LogRingReader(ring, 'oldest')).records, records)
  assert.deepEqual(read(new LogRingReader(ring, 'now')).records, [])
})

test('LogRingWriter takes lines of any length up to the longest, and leaves longer ones out', () => {
  const ring = createLogRing('info')
  const writer = new LogRingWriter(ring, 1)
  const reader = new LogRingReader(ring, 'oldest')
  for (let n = 0; n < 3 * (ringBytes / bodyMax); n++) {
    writer.append(entry(n, 'x'.repeat(bodyMax - n)))
    assert.deepEqual(
      read(reader).records.map(({ body }) => body?.length),
      [bodyMax - n]
    )
  }
  writer.append(entry(100, 'x'.repeat(bodyMax + 1)))
  assert.deepEqual(read(reader).records, [])
})

test('writeThreshold() changes what the thread writes', () => {
  const ring = createLogRing('info')
  const writer = new LogRingWriter(ring, 1)
  assert.deepEqual([writer.isEnabled('debug'), writer.isEnabled('info')], [false, true])
  writeThreshold(ring, 'trace')
  assert.equal(writer.isEnabled('trace'), true)
  writeThreshold(ring, 'silent')
  assert.equal(writer.isEnabled('error'), false)
})

test('readPending() tells what no newline has ended', () => {
  const ring = createLogRing('info')
  const writer = new LogRingWriter(ring, 1)
  assert.deepEqual(readPending(ring), [])
  writer.keepPending('stdout', 'a é')
  writer.keepPending('stderr', 'b'.repeat(5000))
  assert.deepEqual(readPending(ring), [
    { source: 'stdout', text: 'a é' },
    { source: 'stderr', text: 'b'.repeat(1024) }
  ])
  writer.keepPending('stdout', '')
  assert.deepEqual(
    readPending(ring).map(({ source }) => source),
    ['stderr']
  )
})

const source = new URL('../../src/channel/log-ring.ts', import.meta.url).href

/** A thread that writes lines whose text can be told from its number, as fast as it can. */
function startFlood(ring: SharedArrayBuffer, owner: number, count: number): Worker {
  const code = `
    import { workerData } from 'node:worker_threads'
    import { LogRingWriter } from ${JSON.stringify(source)}
    const { ring, owner, count } = workerData
    const writer = new LogRingWriter(ring, owner)
    for (let n = 1; n <= count; n++) {
      const body = Buffer.from('"' + String(n % 10).repeat(n % 500) + '|' + owner + '"}')
      writer.append({ sequence: n, time: n, level: 'info', speaker: '', body })
    }`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { ring, owner, count }
  })
}

async function over(worker: Worker): Promise<boolean> {
  await once(worker, 'exit')
  return true
}

test('LogRingReader never reads half a line while a thread writes flat out', async () => {
  const ring = createLogRing('info')
  const count = 200_000
  const reader = new LogRingReader(ring, 'oldest')
  const worker = startFlood(ring, 1, count)
  const exited = over(worker)
  let seen = 0
  let lost = 0
  let last = 0
  for (let isOver = false; !isOver;) {
    // oxlint-disable-next-line no-await-in-loop -- The end of the thread is heard between two looks.
    isOver = await Promise.race([exited, new Promise<boolean>(resolve => setImmediate(resolve, false))])
    const look = read(reader)
    lost += look.lost
    seen += look.records.length
    for (const { sequence, body } of look.records) {
      assert.ok(sequence > last)
      last = sequence
      assert.equal(body, `"${String(sequence % 10).repeat(sequence % 500)}|1"}`)
    }
  }
  assert.equal(last, count)
  // What was overwritten before the first line was read is not known to be missing.
  assert.ok(seen + lost <= count && seen > 0)
})

test('LogRingWriter takes turns with other threads once the ring is shared', async () => {
  const ring = createLogRing('info')
  shareRing(ring)
  const count = 20_000
  const reader = new LogRingReader(ring, 'oldest')
  const first = new LogRingWriter(ring, 9)
  first.append({ sequence: 0, time: 0, level: 'info', speaker: '', body: Buffer.from('"|9"}') })
  assert.equal(read(reader).records.length, 1)
  await Promise.all([1, 2, 3].map(owner => once(startFlood(ring, owner, count), 'exit')))
  const { records, lost } = read(reader)
  assert.equal(records.length + lost, 3 * count)
  for (const { sequence, body } of records) {
    assert.match(body ?? '', new RegExp(`^"${sequence % 10}{${sequence % 500}}\\|[123]"}$`))
  }
})
