/** The lines of a source around a place in it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { codeFrame, frameText, markerIndent } from '../../src/shared/code-frame.ts'
import type { CodeFrame } from '../../src/shared/code-frame.ts'

const source = ['one', 'two', 'three', 'four', '\tfive()', 'six', 'seven', 'eight'].join('\n')

function frameAt(text: string, line: number, column: number | null): CodeFrame {
  const frame = codeFrame(text, line, column)
  assert.ok(frame !== null)
  return frame
}

test('codeFrame() shows three lines before the place and two after it', () => {
  assert.equal(
    frameText(frameAt(source, 5, 2)),
    [
      '  2 | two',
      '  3 | three',
      '  4 | four',
      '> 5 | \tfive()',
      '    | \t^',
      '  6 | six',
      '  7 | seven'
    ].join('\n')
  )
})

test('codeFrame() goes no further than the source, and leaves out empty lines at its end', () => {
  assert.equal(frameText(frameAt('only\n\n\n', 1, 1)), '> 1 | only\n    | ^')
  assert.equal(
    frameText(frameAt(source, 8, null)),
    ['  5 | \tfive()', '  6 | six', '  7 | seven', '> 8 | eight'].join('\n')
  )
  assert.equal(codeFrame(source, 9, 1), null)
  assert.equal(codeFrame(source, 0, 1), null)
})

test('codeFrame() numbers lines in one width', () => {
  const text = Array.from({ length: 11 }, (_, index) => `line ${index + 1}`).join('\r\n')
  assert.match(frameText(frameAt(text, 9, 1)), /^ {2} 6 \| line 6$/m)
  assert.match(frameText(frameAt(text, 9, 1)), /^ {2}11 \| line 11$/m)
})

test('codeFrame() cuts a very long line around the place', () => {
  const text = `${'a'.repeat(5000)}here${'b'.repeat(5000)}`
  const frame = frameAt(text, 1, 5001)
  const [shown] = frame.lines
  assert.ok((shown?.text.length ?? 0) < 200)
  assert.equal(shown?.text.slice((frame.column ?? 0) - 1, (frame.column ?? 0) + 3), 'here')
})

test('markerIndent() keeps tabs, so that the mark lies below what it means', () => {
  assert.equal(markerIndent(frameAt('a\tb = c', 1, 3)), ' \t')
  assert.equal(markerIndent(frameAt('ab', 1, 9)), ' '.repeat(8))
  assert.equal(markerIndent(frameAt('ab', 1, null)), null)
})
