/** Pages drawn on a terminal on paper. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Screen } from '../../../src/cli/terminal/screen.ts'
import { PaperScreen } from './paper-screen.ts'

interface Stage {
  readonly paper: PaperScreen
  readonly screen: Screen
  readonly written: string[]
}

function stage(): Stage {
  const paper = new PaperScreen(10, 3)
  const written: string[] = []
  const screen = new Screen(text => {
    written.push(text)
    paper.write(text)
  })
  return { paper, screen, written }
}

const size = { columns: 10, rows: 3 }

test('a screen takes the terminal over and gives it back', () => {
  const { paper, screen } = stage()
  screen.open()
  assert.deepEqual([paper.isOther, paper.hasCursor, paper.wraps], [true, false, false])
  screen.close()
  screen.close()
  assert.deepEqual([paper.isOther, paper.hasCursor, paper.wraps], [false, true, true])
})

test('a screen draws only the lines that have changed, all of them in one write', () => {
  const { paper, screen, written } = stage()
  screen.open()
  screen.draw(['one', 'two', 'three'], size)
  assert.deepEqual(paper.lines, ['one', 'two', 'three'])
  paper.forget()
  written.length = 0
  screen.draw(['one', 'zwei', 'drei, very long', 'four'], size)
  assert.deepEqual(paper.lines, ['one', 'zwei', 'drei, ver…'])
  assert.deepEqual([...paper.touched], [1, 2])
  assert.equal(written.length, 1)
  screen.draw(['one', 'zwei', 'drei, very long'], size)
  assert.equal(written.length, 1)
  screen.draw(['one'], size)
  assert.deepEqual(paper.lines, ['one', '', ''])
})

test('a screen draws everything again when the size is another, or somebody else has had the terminal', () => {
  const { paper, screen } = stage()
  screen.open()
  screen.draw(['one', 'two'], size)
  paper.resize(4, 2)
  screen.draw(['one', 'two and more'], { columns: 4, rows: 2 })
  assert.deepEqual(paper.lines, ['one', 'two…'])
  paper.write('\u001B[?1049l$ fg')
  screen.lose()
  screen.open()
  screen.draw(['one', 'two'], { columns: 4, rows: 2 })
  assert.deepEqual([paper.isOther, ...paper.lines], [true, 'one', 'two'])
})

test('a screen that is closed draws nothing', () => {
  const { screen, written } = stage()
  screen.draw(['one'], size)
  screen.forget()
  assert.deepEqual(written, [])
})
