/**
 * What is typed while a server is developed with: `rs` starts everything anew.
 *
 * Main thread. Lines, not keys: the terminal stays as the shell has left it, so that Ctrl-C and Ctrl-Z do what they do.
 */
import { ReadStream } from 'node:tty'

/** What a line does. */
export interface KeyActions {
  restart(): void
  /** A line that means nothing. */
  explain(): void
}

/** Characters of a line that are kept. */
const lineMax = 100

/** So many ends in a row, without a line between them, are the end of the terminal, and no Ctrl-D. */
const endsMax = 20

/** Begins to listen, if standard input is a terminal. */
export function listenForLines(actions: KeyActions): void {
  if (process.stdin.isTTY) listenTo(process.stdin, actions, 0)
}

function listenTo(stream: NodeJS.ReadStream, actions: KeyActions, endsBefore: number): void {
  let pending = ''
  let ends = endsBefore
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (pending + text).split('\n')
    pending = (lines.pop() ?? '').slice(-lineMax)
    for (const line of lines) obey(line.trim(), actions)
    ends = 0
  })
  // The terminal has gone: SIGHUP says so as well.
  stream.on('error', () => undefined)
  // Ctrl-D ends the stream and nothing else: what is typed after it still counts.
  stream.on('end', () => {
    if (++ends > endsMax) return
    try {
      listenTo(new ReadStream(0), actions, ends)
    } catch {
      // It was the terminal that ended.
    }
  })
  unreference(stream)
}

/** It keeps no process running that has stopped. */
function unreference(stream: NodeJS.ReadStream): void {
  stream.unref()
}

function obey(line: string, actions: KeyActions): void {
  if (line === 'rs') actions.restart()
  else if (line !== '') actions.explain()
}
