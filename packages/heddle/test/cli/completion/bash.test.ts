/** The completion script in a real bash: what Tab offers. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { commands } from '../../../src/cli/command-facts.ts'
import { bashScript } from '../../../src/cli/completion/bash.ts'
import type { PaperServer } from '../paper-server.ts'
import { startForCompletion } from './stage.ts'

const execute = promisify(execFile)

/** What bash would offer for a line with the cursor at its end. */
async function offered(server: PaperServer, line: string): Promise<readonly string[]> {
  const script = `
    source ./completion.bash
    COMP_LINE=${JSON.stringify(line)}
    COMP_POINT=\${#COMP_LINE}
    COMP_WORDS=(heddle)
    _heddle
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const options = { cwd: server.root, env: server.env }
  const { stdout } = await execute('bash', ['--norc', '-c', script], options)
  return stdout.split('\n').filter(word => word !== '')
}

test('bash completes commands, options, words and what runs', async t => {
  const server = await startForCompletion(t)
  writeFileSync(join(server.root, 'completion.bash'), bashScript(commands))
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['heddle re', ['restart', 'reload', 'ready']],
    ['heddle apps r', ['remove']],
    ['heddle apps ', ['list', 'add', 'remove', 'start', 'stop']],
    ['heddle logs --l', ['--level']],
    ['heddle logs --level w', ['warn']],
    ['heddle logs -l e', ['error']],
    ['heddle scale ', ['api', 'mail']],
    ['heddle scale m', ['mail']],
    ['heddle scale mail ', ['auto']],
    ['heddle level api d', ['debug']],
    ['heddle profile c', ['cpu']],
    ['heddle profile --seconds 3 cpu ', ['api:0', 'api:1']],
    // bash ends a word at a colon and replaces only what stands behind it.
    ['heddle drain api:', ['0', '1']],
    ['heddle restart api:0 api:1', ['1']],
    ['heddle restart mail a', ['api', 'api:0', 'api:1']],
    ['heddle logs m', ['mail']],
    ['heddle ps --name s', ['shop']],
    ['heddle completion z', ['zsh']],
    ['heddle check he', []],
    ['heddle profile cpu api:0 -o comp', ['completion.bash']],
    ['heddle nothing ', []]
  ]
  for (const [line, words] of table) assert.deepEqual(await offered(server, line), words, line)
})

test('every command and option is in the script', () => {
  const script = bashScript(commands)
  for (const { name, options } of commands) {
    assert.ok(script.includes(`'${name}')`), name)
    for (const { flags } of options) {
      const [long = ''] = /--[\w-]+/.exec(flags) ?? []
      assert.ok(script.includes(long), `${name} ${long}`)
    }
  }
})
