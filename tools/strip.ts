/**
 * Writes the repository's TypeScript without its types to `node_modules/.cache/stripped`, for tools/stripped.mjs.
 *
 * Run by tools/nodes.sh.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const folder = 'node_modules/.cache/stripped'
rmSync(folder, { recursive: true, force: true })
for (const file of globSync('packages/*/{src,test}/**/*.ts')) {
  // Applications are what the tests are about: Node.js loads them as it does for a user.
  if (file.includes('/fixtures/applications/')) continue
  const target = join(folder, file)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, stripTypeScriptTypes(readFileSync(file, 'utf8')))
}
