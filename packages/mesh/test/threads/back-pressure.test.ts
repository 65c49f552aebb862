/** A slow reader stops a fast writer, in both directions; nothing is lost when it reads on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { request as httpRequest } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, test } from 'node:test'

import { request } from 'undici'

import { Fleet, type Hand } from '../fixtures/fleet.ts'

const PIECE = 64 * 1024
const PIECES = 192
const TOTAL = PIECE * PIECES

/** What may be under way: a window of the mesh, and the buffers of node's streams on both sides. */
const BOUND = 4 * 1024 * 1024

let worker: Hand
const undo: (() => unknown)[] = []

before(async () => {
  const fleet = new Fleet({ after: step => undo.unshift(step) })
  fleet.join().mesh.installGlobals()
  worker = await fleet.start('hose', './firehose.ts')
})

after(async () => {
  for (const step of undo) await step()
})

/** The figure once it has not changed for a while. */
async function settledFigure(read: () => unknown): Promise<number> {
  let last = -1
  for (let same = 0; same < 5;) {
    await pause(20)
    const now = Number(await read())
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}

const readers: readonly [string, (url: string) => Promise<Readable>][] = [
  ['undici.request', async url => (await request(url, { headers: { 'x-pieces': String(PIECES) } })).body],
  [
    'node:http',
    async url => {
      const req = httpRequest(url, { agent: false, headers: { 'x-pieces': String(PIECES) } }).end()
      const [res] = (await once(req, 'response')) as [Readable]
      return res
    }
  ],
  [
    'fetch',
    async url => {
      const { body } = await fetch(url, { headers: { 'x-pieces': String(PIECES) } })
      assert.ok(body !== null)
      return Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    }
  ]
]

for (const [name, open] of readers) {
  test(`a response that ${name} does not read stops its handler`, async () => {
    await worker.call('beginAnew')
    const body = await open('http://hose.heddle.local/pour')
    const figure = await settledFigure(() => worker.call('written'))
    assert.ok(figure < BOUND, `${figure} bytes were written`)
    assert.equal(await worker.call('isFinished'), false)
    let size = 0
    for await (const piece of body) size += (piece as Buffer).length
    assert.equal(size, TOTAL)
    assert.equal(await worker.member.drained(60_000), true)
  })
}

const writers: readonly [string, (url: string, body: Readable) => Promise<string>][] = [
  ['undici.request', async (url, body) => (await request(url, { method: 'POST', body })).body.text()],
  [
    'node:http',
    async (url, body) => {
      const req = body.pipe(httpRequest(url, { method: 'POST', agent: false }))
      const [res] = (await once(req, 'response')) as [Readable]
      return Buffer.concat((await res.toArray()) as Buffer[]).toString()
    }
  ],
  [
    'fetch',
    async (url, body) =>
      (
        await fetch(url, {
          method: 'POST',
          body: Readable.toWeb(body),
          duplex: 'half'
        } as unknown as RequestInit)
      ).text()
  ]
]

for (const [name, send] of writers) {
  test(`an upload that its handler does not read stops ${name}`, async () => {
    await worker.call('beginAnew')
    let taken = 0
    function* generate(): Generator<Buffer> {
      for (let i = 0; i < PIECES; i++) {
        taken += PIECE
        yield Buffer.alloc(PIECE, i & 0xff)
      }
    }
    const answer = send('http://hose.heddle.local/take', Readable.from(generate(), { objectMode: false }))
    const figure = await settledFigure(() => taken)
    assert.ok(figure < BOUND, `${figure} bytes were taken`)
    await worker.call('readOn')
    assert.equal(await answer, String(TOTAL))
    assert.equal(taken, TOTAL)
  })
}
