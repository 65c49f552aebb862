/**
 * The guides that install what the repository does not have: it comes from the registry of npm first, all at once, and
 * then they are followed as all others are.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { unitsOf } from '../guides/page.ts'
import type { Unit } from '../guides/page.ts'
import { Workshop } from '../guides/workshop.ts'

const root = join(import.meta.dirname, '../..')
const here = join(root, 'node_modules')
const folder = mkdtempSync(join(tmpdir(), 'heddle-registry-'))

const units = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md'))
  .flatMap(name => unitsOf(readFileSync(join(root, 'docs', name), 'utf8')).map(unit => ({ name, unit })))
  .filter(({ unit }) => unit.needsRegistry)

before(async () => {
  const names = new Set(units.flatMap(({ unit }) => installedBy(unit)))
  const wanted = [...names].filter(name => !existsSync(join(here, name)))
  assert.ok(wanted.length > 0, 'Nothing of this needs the registry.')
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const options = ['install', '--no-audit', '--no-fund', '--ignore-scripts']
  await promisify(execFile)('npm', [...options, ...wanted], { cwd: folder })
})

after(() => rmSync(folder, { recursive: true }))

/** What its reader is told to install. */
function installedBy({ steps }: Unit): readonly string[] {
  return steps.flatMap(step => {
    const [, names = ''] =
      step.kind === 'command' ? (/^npm (?:install|i) (.*)$/.exec(step.command) ?? []) : []
    return names.split(' ').filter(name => name !== '' && !name.startsWith('-'))
  })
}

for (const { name, unit } of units) {
  test(`docs/${name}: ${unit.title}`, async t => {
    const workshop = new Workshop(t, [join(folder, 'node_modules'), here])
    await workshop.follow(unit)
    assert.ok(workshop.compared > 0, 'It shows nothing that could be compared.')
  })
}
