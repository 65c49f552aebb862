/** Tests of whole answers: large ones are compressed for who takes that. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { send } from '../../../src/main/admin/answer.ts'

const large = 'a line of metrics 1\n'.repeat(5000)

interface Got {
  readonly head: IncomingMessage['headers']
  readonly body: Buffer
}

/** Asks a server that answers with this text. */
async function ask(t: TestContext, text: string, accepted: string | null): Promise<Got> {
  const server = createServer((_, response) => send(response, 200, 'text/plain', text)).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const headers = accepted === null ? {} : { 'accept-encoding': accepted }
  const asking = request({ port: address.port, headers, agent: false })
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return { head: response.headers, body: await buffer(response) }
}

test('send() compresses a large answer for who takes gzip', async t => {
  for (const accepted of ['gzip', 'deflate, GZIP;q=0.8', '*, gzip ; q=1']) {
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    const { head, body } = await ask(t, large, accepted)
    assert.equal(head['content-encoding'], 'gzip', accepted)
    assert.equal(head['vary'], 'accept-encoding')
    assert.equal(Number(head['content-length']), body.length)
    assert.ok(body.length < large.length / 10)
    assert.equal(gunzipSync(body).toString(), large)
  }
})

test('send() leaves an answer as it is that is small, or for who does not take gzip', async t => {
  const table: readonly (readonly [text: string, accepted: string | null])[] = [
    ['ok', 'gzip'],
    [large, null],
    [large, 'br'],
    [large, 'gzip;q=0'],
    [large, 'gzip; q=0.000, br']
  ]
  for (const [text, accepted] of table) {
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    const { head, body } = await ask(t, text, accepted)
    assert.equal(head['content-encoding'], undefined, String(accepted))
    assert.equal(body.toString(), text)
  }
})
