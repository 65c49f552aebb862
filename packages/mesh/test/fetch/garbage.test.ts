/** A response nobody reads any more lets go of its request, whatever was begun with it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { ThreeWays } from './three-ways.ts'

const undo: (() => unknown)[] = []
let ways: ThreeWays
let fetch: typeof globalThis.fetch
let base: string

before(async () => {
  ways = await ThreeWays.open({ after: step => undo.unshift(step) })
  ;({ fetch, base } = ways.ways[2])
})

after(async () => {
  for (const step of undo) await step()
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects garbage until the handler has seen so many connections close. */
async function collectUntilClosed(count: number): Promise<void> {
  while (Number(await ways.origin.call('closings')) < count) collect()
}

for (const [name, forget] of Object.entries<(response: Response) => unknown>({
  'a response': () => undefined,
  'a response and its stream': response => response.body,
  'two clones': response => response.clone(),
  'a stream that was begun': async response => {
    const reader = response.body?.getReader()
    await reader?.read()
  }
})) {
  test(`${name} that became garbage closes the connection`, async () => {
    const closings = (await ways.origin.call('closings')) as number
    await Promise.all(
      Array.from({ length: 10 }, async () => void (await forget(await fetch(`${base}/begin`))))
    )
    await collectUntilClosed(closings + 10)
  })

  test(`${name} with a signal that became garbage closes the connection`, async () => {
    const { signal } = new AbortController()
    const closings = (await ways.origin.call('closings')) as number
    await Promise.all(
      Array.from({ length: 10 }, async () => void (await forget(await fetch(`${base}/begin`, { signal }))))
    )
    await collectUntilClosed(closings + 10)
  })
}

test('a stream is kept whose response became garbage', async () => {
  const { body } = await fetch(`${base}/begin`)
  for (let i = 0; i < 10; i++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  await ways.origin.call('release')
  assert.equal(await new Response(body).text(), 'firstreleased')
})

test('a stream that outlived its response closes the connection when it becomes garbage too', async () => {
  const kept: { body: ReadableStream | null } = { body: null }
  const closings = (await ways.origin.call('closings')) as number
  await (async () => {
    kept.body = (await fetch(`${base}/begin`)).body
  })()
  for (let i = 0; i < 10; i++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(await ways.origin.call('closings'), closings)
  kept.body = null
  await collectUntilClosed(closings + 1)
})
