/** Tests of what is read from the operating system about a thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { describeOsThread } from '../../../src/main/blocked/os-thread.ts'

const call = '/proc/self/task/7/syscall'
const children = '/proc/self/task/7/children'

const table: readonly [name: string, files: Record<string, string>, words: string | null][] = [
  ['nothing where there is no such file', {}, null],
  ['that it computes', { [call]: 'running\n' }, 'computes'],
  ['that it waits for a lock', { [call]: '202 0x1 0x80' }, 'waits for a lock'],
  ['that it sleeps', { [call]: '230 0x1' }, 'sleeps'],
  ['that it waits in a call without words', { [call]: '9999 0x1' }, 'waits in the operating system'],
  ['that it waits for input or output', { [call]: '281 0x1', [children]: '' }, 'waits for input or output'],
  [
    'which child it waits for, by its name alone',
    { [call]: '281 0x1', [children]: '11 12 ', '/proc/12/comm': 'sleep\n' },
    'waits for the child process sleep (12)'
  ],
  ['no child that has gone', { [call]: '61 0x1', [children]: '12' }, 'waits for a child process']
]

for (const [name, files, words] of table) {
  test(`describeOsThread() says ${name}`, () => {
    assert.equal(
      describeOsThread(7, path => files[path] ?? assert.fail(path), 'x64'),
      words
    )
  })
}
