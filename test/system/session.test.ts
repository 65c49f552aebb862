/**
 * The session of `docs/slow-worker.md`, played again in a real terminal: what the page shows is what happens. The same
 * is asked of what was played and of what the page shows; numbers are not compared.
 *
 * Needs bash, and `script` of util-linux.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'

import { play } from '../../tools/session/play.ts'
import { textOf } from '../../tools/session/shell.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')

/** What each scene has to show: which worker it is, and why. */
const truths: Readonly<Record<string, readonly RegExp[]>> = {
  ps: [
    /^\$ heddle ps$/m,
    /^slow-shop \(process \d+\) is running at /m,
    /^ {2}delivery:1 +\S+ .*\d ms$/m,
    /^delivery:1 +.*stood still/m
  ],
  logs: [
    /Worker is blocked for [\d.]+ s in isPrintable \(delivery\/notes\.js:8:20\)/,
    /at isPrintable \(file:\/\/\/srv\/slow-shop\/delivery\/notes\.js:8:20\)/,
    /A quote took long\. customer=c-1005 ms=\d+/
  ],
  top: [
    /^slow-shop +running/m,
    /^delivery +.*\/s .* p99 +\S+ m?s/m,
    /^delivery:1 +its event loop has stood still/m
  ],
  profile: [/^✔ delivery\.cpuprofile \(\d+ kB\)$/m],
  reload: [/^✔ Reloaded in /m, /^delivery +3\/3 ready/m]
}

let scenes: ReadonlyMap<string, string>

before(async () => {
  const played = await play({ keyMs: 0, lookMs: 0 })
  scenes = new Map(played.scenes.map(({ name, lines }) => [name, textOf(lines)]))
})

const page = readFileSync(join(docs, 'slow-worker.md'), 'utf8')

for (const [name, patterns] of Object.entries(truths)) {
  test(`the scene ${name} shows what the page says`, () => {
    const [, written = ''] =
      new RegExp(`<!-- session:${name} -->[\\s\\S]*?\`\`\`text\\n([\\s\\S]*?)\\n\`\`\``).exec(page) ?? []
    for (const pattern of patterns) {
      assert.match(scenes.get(name) ?? '', pattern)
      assert.match(written, pattern)
    }
    assert.ok(existsSync(join(docs, 'images', `slow-worker-${name}.svg`)))
  })
}

test('the session has no other scenes', () => {
  assert.deepEqual([...scenes.keys()], Object.keys(truths))
})

test('nothing stands still any more when the fault is repaired', () => {
  assert.doesNotMatch(scenes.get('reload') ?? '', /has stood still for|not turned|ejected/)
})
