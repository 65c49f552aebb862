/** The examples of docs/embedding.md, each run as it stands there in a project of its own. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'

import { bareEnv } from '../bare-env.ts'

const run = promisify(execFile)
const packageRoot = join(import.meta.dirname, '../..')
const page = readFileSync(join(packageRoot, '../../docs/embedding.md'), 'utf8')
const examples = Array.from(page.matchAll(/^```js\n([^]*?)^```$/gm), ([, code = '']) => code)

/** What each is to say, in order. */
const outputs = [
  /^The shop is open at http:\/\/.*:\d+\nHello from nowhere\n$/m,
  /^2\n\[ 'applications\.web\.workers: 2 → 3' \]\n$/m,
  /^200 Hello from nowhere web:[01]\n[^]*info .*Server has started\.[^]*^\d+ lines of metrics\n$/m,
  /pass 1\n/,
  /pass 1\n/
]

const shop = `
import { createServer } from 'node:http'
createServer((request, response) => {
  if (request.url === '/orders') {
    response.writeHead(201, { 'content-type': 'application/json' })
    request.pipe(response)
  } else response.end('Hello from ' + (process.env.STAGE ?? 'nowhere'))
}).listen(3000)`

suite('the examples of docs/embedding.md', { concurrency: 2 }, () => {
  test('there are as many as are known here', () => assert.equal(examples.length, outputs.length))

  for (const [index, example] of examples.entries()) {
    test(`number ${index + 1} does what it says`, async t => {
      const root = mkdtempSync(join(tmpdir(), 'heddle-example-'))
      t.after(() => rmSync(root, { recursive: true }))
      mkdirSync(join(root, 'web'))
      mkdirSync(join(root, 'node_modules'))
      symlinkSync(packageRoot, join(root, 'node_modules/heddle'))
      writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(root, 'web/index.js'), shop)
      // Nobody knows which ports are free where the tests run, and the log would be among the output.
      const quiet = example.replaceAll(/server: \{ port: 3000 \}/g, 'server: { port: 0 }, admin: { port: 0 }')
      writeFileSync(join(root, 'example.js'), quiet)
      const { stdout } = await run(process.execPath, ['--conditions=@heddle/source', 'example.js'], {
        cwd: root,
        env: { ...bareEnv, PATH: process.env['PATH'] }
      })
      const said = stdout
        .split('\n')
        .filter(line => !line.startsWith('{'))
        .join('\n')
      assert.match(said, outputs[index] ?? /$^/)
    })
  }
})
