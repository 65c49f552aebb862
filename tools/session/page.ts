/**
 * What a session becomes in the docs: the parts of its page that show the terminal, and a recording to be played.
 *
 * Pure.
 */
import { textOf } from './shell.ts'
import type { Moment } from './shell.ts'
import type { Scene } from './story.ts'

/** Longest pause of a recording in seconds: what nothing happens in is not worth more. */
const pauseMax = 2

/** The page with each scene between its markers, `<!-- session:ps -->` and `<!-- /session:ps -->`. */
export function fillPage(page: string, scenes: readonly Scene[]): string {
  return scenes.reduce((text, { name, title, lines }) => {
    const marked = new RegExp(`<!-- session:${name} -->[\\s\\S]*?<!-- /session:${name} -->`)
    const shown = [
      `<!-- session:${name} -->`,
      '',
      `![${title} in a terminal](images/slow-worker-${name}.svg)`,
      '',
      '<details><summary>As text</summary>',
      '',
      '```text',
      textOf(lines),
      '```',
      '',
      '</details>',
      '',
      `<!-- /session:${name} -->`
    ].join('\n')
    return text.replace(marked, () => shown)
  }, page)
}

/** A recording in the format asciicast, version 2. */
export function recordingOf(
  moments: readonly Moment[],
  { columns, rows }: { readonly columns: number; readonly rows: number }
): string {
  const head = {
    version: 2,
    width: columns,
    height: rows,
    env: { TERM: 'xterm-256color' },
    title: 'A slow worker'
  }
  let last = 0
  let at = 0
  const events = moments.map(moment => {
    at += Math.min(pauseMax, moment.at - last)
    last = moment.at
    return JSON.stringify([Math.round(at * 1000) / 1000, 'o', moment.text])
  })
  return `${[JSON.stringify(head), ...events].join('\n')}\n`
}
