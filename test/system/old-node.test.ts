/** Versions of Node.js too old for Heddle, installed from npm: one clear line and the documented exit code. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'

const bin = join(import.meta.dirname, '../../packages/heddle/bin/heddle.js')

suite('heddle', { concurrency: 2 }, () => {
  for (const version of ['20.20.0', '12.22.12']) {
    test(`says that Node.js ${version} is too old and ends with code 69`, async t => {
      const folder = mkdtempSync(join(tmpdir(), 'heddle-old-node-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const name = `node-${process.platform}-${process.arch}`
      writeFileSync(join(folder, 'package.json'), '{ "private": true }')
      await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], {
        cwd: folder
      })
      const node = join(folder, 'node_modules', name, 'bin/node')
      const { status, stdout, stderr } = spawnSync(node, [bin, 'start'], { encoding: 'utf8' })
      assert.equal(stderr, `heddle: Node.js 22.19 or newer is needed; this is v${version}.\n`)
      assert.equal(stdout, '')
      assert.equal(status, 69)
    })
  }
})
