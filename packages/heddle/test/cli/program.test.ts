/** Help fits the terminal, and commands nobody knows are told so wherever they are asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Command } from 'commander'

import { createProgram } from '../../src/cli/program.ts'

const findRun = (): never => assert.fail('Nothing is to be run.')

/** The command line with all commands in it, writing into a text, on a terminal of so many characters. */
function programOn(width: number): { readonly all: readonly Command[]; readonly written: () => string } {
  let text = ''
  const write = (more: string): void => {
    text += more
  }
  const program = createProgram('0', findRun, () => {})
  const all = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]
  const output = {
    writeOut: write,
    writeErr: write,
    getOutHelpWidth: () => width,
    getErrHelpWidth: () => width
  }
  for (const command of all) command.configureOutput(output)
  return { all, written: () => text }
}

async function typed(...words: readonly string[]): Promise<{ code: number; text: string }> {
  const { all, written } = programOn(80)
  try {
    await all[0]?.parseAsync(['node', 'heddle', ...words])
  } catch (error) {
    return { code: (error as { exitCode: number }).exitCode, text: written() }
  }
  return assert.fail('It should have ended.')
}

for (const width of [60, 80, 200]) {
  test(`the help of every command fits ${width} characters`, () => {
    for (const command of programOn(width).all) {
      // In one line, since it can be copied.
      const lines = command
        .helpInformation()
        .split('\n')
        .filter(line => !line.startsWith('Usage: '))
      assert.deepEqual(
        lines.filter(line => line.length > width),
        [],
        command.name()
      )
    }
  })
}

test('what is no command is told so, with where to look and what was meant', async () => {
  const cases: readonly (readonly [words: readonly string[], text: RegExp])[] = [
    [['strat'], /unknown command 'strat'\n\(Did you mean start\?\)\nRun "heddle --help" for all commands\./],
    [['help', 'strat'], /unknown command 'strat' \(did you mean "start"\?\)\nRun "heddle --help"/],
    [['help', 'apps', 'ad'], /unknown command 'apps ad'/],
    [
      ['apps', 'lst'],
      /unknown command 'lst'\n\(Did you mean list\?\)\nRun "heddle apps --help" for its commands\./
    ]
  ]
  for (const [words, expected] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- One command line after the other.
    const { code, text } = await typed(...words)
    assert.equal(code, 1)
    assert.match(text, expected)
  }
})

test('help shows the help of a command, of one in a group as well', async () => {
  for (const [words, usage] of [
    [['help', 'ps'], 'Usage: heddle ps [options]\n'],
    [['help', 'apps', 'add'], 'Usage: heddle apps add [options] <application> [path]\n'],
    [['help'], 'Usage: heddle [options] [command]\n']
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- One command line after the other.
    const { code, text } = await typed(...words)
    assert.deepEqual([code, text.slice(0, usage.length)], [0, usage])
  }
})
