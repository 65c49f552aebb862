/** What is typed to name a server, before any is looked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { completion } from '../../src/cli/commands/completion.ts'
import { findServer } from '../../src/cli/find-server.ts'

test('findServer() refuses a process that is no number, and two ways to name one', async () => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ pid: 'abc' }, /--pid has to be a whole number from 1 /],
    [{ pid: '0' }, /--pid has to be a whole number/],
    [{ pid: '1', name: 'shop' }, /--pid and --name exclude each other/]
  ]
  for (const [options, message] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- One case after the other.
    await assert.rejects(findServer({ words: [], options }), { code: 'HEDDLE_COMMAND_INVALID', message })
  }
})

test('completion names the shells it knows, and nothing that only its scripts ask for', async () => {
  const message = /no completion for "tcsh"; there is for bash, zsh, fish\.?$/
  await assert.rejects(completion({ words: ['tcsh'], options: {} }), {
    code: 'HEDDLE_COMMAND_INVALID',
    message
  })
})
