/**
 * The examples of the README run, each with the package as it would be installed, and print what it says.
 *
 * A section's blocks that begin with the name of a file are one program; `main.js` is run, and the block of
 * text after it is its output.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'

const modules = join(import.meta.dirname, '../../../node_modules')
const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

/** Code blocks with their language. */
const block = /^```(\w+)\n([^]*?)^```$/gm

for (const section of readme.split(/^## /m).slice(1)) {
  const [title = ''] = section.split('\n', 1)
  const blocks = Array.from(section.matchAll(block), ([, language = '', text = '']) => ({ language, text }))
  const files = blocks.flatMap(({ language, text }) => {
    const name = language === 'js' ? /^\/\/ (\S+\.js)\n/.exec(text)?.[1] : undefined
    return name === undefined ? [] : [{ name, text }]
  })
  if (files.length === 0) continue
  test(`README, ${title}: its example prints what it says`, async t => {
    const expected = blocks.find(({ language }) => language === 'text')?.text
    assert.equal(await outputOf(t, files), expected)
  })
}

async function outputOf(t: TestContext, files: readonly { name: string; text: string }[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-readme-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const { name, text } of files) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  symlinkSync(modules, join(folder, 'node_modules'))
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@heddle/source', join(folder, 'main.js')],
    { timeout: 40_000 }
  )
  assert.equal(stderr, '')
  return stdout
}
