/** Places of the functions of a profile, by source maps on disk. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'

import { toSourcePlaces } from '../../src/worker/profile-places.ts'
import type { ProfileNode } from '../../src/worker/profile-places.ts'

/** Line 2 of the file that runs is line 41 of the source: `AAwCA` is 40 lines and no column further. */
const map = JSON.stringify({ version: 3, sources: ['../src/app.ts'], names: [], mappings: ';AAwCA' })

/** A directory with a built file, whose map is beside it, and the same in a package. */
function build(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-places-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const path of ['dist', 'node_modules/other/dist']) {
    mkdirSync(join(directory, path), { recursive: true })
    const text = '"use strict"\nfunction own() {}\n//# sourceMappingURL=app.js.map\n'
    writeFileSync(join(directory, path, 'app.js'), text)
    writeFileSync(join(directory, path, 'app.js.map'), map)
  }
  return directory
}

function nodeAt(path: string, lineNumber: number): ProfileNode {
  const url = path.startsWith('/') ? pathToFileURL(path).href : path
  return {
    callFrame: { url, lineNumber, columnNumber: 0 },
    positionTicks: [{ line: lineNumber + 1, ticks: 3 }]
  }
}

test('toSourcePlaces() finds functions of a built file in their source', t => {
  const directory = build(t)
  const node = nodeAt(join(directory, 'dist/app.js'), 1)
  toSourcePlaces({ nodes: [node] })
  const url = pathToFileURL(join(directory, 'src/app.ts')).href
  assert.deepEqual(node, { callFrame: { url, lineNumber: 40, columnNumber: 0 } })
})

test('toSourcePlaces() finds them in the tree of a heap profile', t => {
  const directory = build(t)
  const child = nodeAt(join(directory, 'dist/app.js'), 1)
  toSourcePlaces({
    head: { ...nodeAt('', -1), children: [{ ...nodeAt('node:http', 3), children: [child] }] }
  })
  assert.equal(child.callFrame.url, pathToFileURL(join(directory, 'src/app.ts')).href)
})

test('toSourcePlaces() leaves packages, built-in modules and files without a map alone', t => {
  const directory = build(t)
  const others = [join(directory, 'node_modules/other/dist/app.js'), 'node:http', '', '/nowhere/app.js']
  for (const path of others) {
    const node = nodeAt(path, 1)
    toSourcePlaces({ nodes: [node] })
    assert.deepEqual(node, nodeAt(path, 1))
  }
})
