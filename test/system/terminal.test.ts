/**
 * The command line in the hands of real shells: completion in bash, zsh and fish, and `heddle top` as a job of bash that is
 * stopped and brought back.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

import { commands, groups } from '../../packages/heddle/src/cli/command-facts.ts'
import { bashScript } from '../../packages/heddle/src/cli/completion/bash.ts'
import { fishScript } from '../../packages/heddle/src/cli/completion/fish.ts'
import { zshScript } from '../../packages/heddle/src/cli/completion/zsh.ts'
import { bareEnv } from '../../packages/heddle/test/bare-env.ts'
import { installCommand, startForCompletion } from '../../packages/heddle/test/cli/completion/stage.ts'
import { PseudoTerminal } from '../../packages/heddle/test/cli/pseudo-terminal.ts'

const execute = promisify(execFile)

test('fish completes commands, options, words and what runs', async t => {
  const { root, env } = await startForCompletion(t)
  writeFileSync(join(root, 'completion.fish'), fishScript(commands, groups))
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['heddle re', ['ready', 'reload', 'restart']],
    ['heddle apps r', ['remove']],
    ['heddle logs --lev', ['--level']],
    ['heddle logs --level w', ['warn']],
    ['heddle scale ', ['api', 'mail']],
    ['heddle scale api ', ['auto']],
    ['heddle drain ', ['api:0', 'api:1']],
    ['heddle ps --name ', ['shop']],
    ['heddle completion z', ['zsh']]
  ]
  for (const [line, words] of table) {
    const script = `source ./completion.fish; complete -C ${JSON.stringify(line)}`
    const options = { cwd: root, env: { ...env, HOME: root } }
    const { stdout } = await execute('fish', ['--no-config', '-c', script], options)
    const offered = stdout.split('\n').flatMap(each => (each === '' ? [] : [each.split('\t')[0] ?? '']))
    assert.deepEqual(
      offered.toSorted((a, b) => a.localeCompare(b)),
      words,
      line
    )
  }
})

test('zsh completes commands, options, words and what runs', async t => {
  const { root, env } = await startForCompletion(t)
  mkdirSync(join(root, 'functions'))
  writeFileSync(join(root, 'functions/_heddle'), zshScript(commands, groups))
  const table: readonly (readonly [string, RegExp])[] = [
    ['heddle comp', /% heddle completion/],
    ['heddle re', /reload +-- Put new code[^]*restart +-- Replace workers/],
    ['heddle apps rem', /% heddle apps remove/],
    ['heddle logs --lev', /% heddle logs --level/],
    ['heddle logs --level w', /% heddle logs --level warn/],
    ['heddle scale m', /% heddle scale mail/],
    // As far as the names go together.
    ['heddle drain ', /% heddle drain api:/],
    ['heddle profile cpu ', /% heddle profile cpu api:/]
  ]
  for (const [line, seen] of table) {
    const options = { columns: 100, rows: 40, env: { ...env, HOME: root, PS1: '%% ' }, cwd: root }
    const terminal = new PseudoTerminal(t, ['zsh', '-f', '-i'], options)
    terminal.press(
      'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; PS1="%% "; clear; echo here\r'
    )
    await terminal.sees(/^here\n% *$/m)
    terminal.press(`${line}\t`)
    await terminal.sees(seen)
    terminal.child.kill('SIGKILL')
  }
})

test('bash completes while it is typed, the names of workers too', async t => {
  const { root, env } = await startForCompletion(t)
  writeFileSync(join(root, 'completion.bash'), bashScript(commands))
  const options = { columns: 100, rows: 40, env: { ...env, HOME: root }, cwd: root }
  const terminal = new PseudoTerminal(t, ['bash', '--norc', '--noprofile', '-i'], options)
  terminal.press("source ./completion.bash; bind 'set show-all-if-ambiguous on'; PS1='$ '; clear\r")
  await terminal.sees(/^\$ *$/m)
  const table: readonly (readonly [string, RegExp])[] = [
    ['heddle rel', /^\$ heddle reload/m],
    ['heddle scale m', /^\$ heddle scale mail/m],
    ['heddle logs --lev', /^\$ heddle logs --level/m],
    ['heddle re', /^ready +reload +restart/m],
    ['heddle drain ap', /^\$ heddle drain api:$/m],
    ['heddle drain api:', /^0 +1/m]
  ]
  for (const [line, seen] of table) {
    terminal.press(`${line}\t`)
    await terminal.sees(seen)
    terminal.press('\u0015clear\r')
    await terminal.sees(/^\$ *$/m)
  }
})

/** A server of two workers, one of which is busy. */
async function startServer(t: TestContext): Promise<{ root: string; env: NodeJS.ProcessEnv }> {
  const root = mkdtempSync(join(tmpdir(), 'heddle-shell-'))
  t.after(() => rmSync(root, { recursive: true }))
  const bin = installCommand(root)
  writeFileSync(join(root, 'web.js'), 'module.exports = (request, response) => response.end("hello")')
  const env = {
    ...bareEnv,
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
    HOME: root,
    XDG_RUNTIME_DIR: root
  }
  const argv = ['start', 'web.js', '--workers', '2', '--port', '0', '--admin-port', '0']
  const child = spawn(join(bin, 'heddle'), argv, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Server has started')) break
  }
  child.stdout.resume()
  return { root, env }
}

test('top is a good job of a shell: Ctrl-Z, fg, another size, Ctrl-C', async t => {
  const { root, env } = await startServer(t)
  const options = { columns: 90, rows: 24, env, cwd: root }
  const shell = ['setsid', '--ctty', '--wait', 'bash', '--norc', '--noprofile', '-i']
  const terminal = new PseudoTerminal(t, shell, options)
  terminal.press("PS1='$ '; clear\r")
  await terminal.sees(/^\$ *$/m)
  terminal.press('heddle top\r')
  await terminal.sees(/ {2}web:1 +ready/)
  assert.ok(terminal.screen.isOther)
  terminal.press('\u001A')
  await terminal.until(({ screen, output }) => !screen.isOther && /Stopped/.test(output))
  assert.ok(terminal.screen.hasCursor)
  terminal.press('echo "to be ""seen"\r')
  await terminal.sees(/^to be seen$/m)
  terminal.press('fg\r')
  await terminal.until(({ screen }) => screen.isOther)
  await terminal.sees(/ {2}web:1 +ready/)
  terminal.resize(60, 12)
  await terminal.until(({ screen }) => screen.lines.at(-1)?.startsWith('d drain') === true)
  terminal.press('\u0003')
  await terminal.until(({ screen }) => !screen.isOther)
  terminal.press('echo "code ""$?"\r')
  await terminal.sees(/^code 0$/m)
  assert.ok(terminal.screen.hasCursor)
})
