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

/** Begins to listen, if standard input is a terminal. */
export function listenForLines(actions: KeyActions): void {
  if (!process.stdin.isTTY) return
  listenTo(process.stdin, actions)
}

function listenTo(stream: NodeJS.ReadStream, actions: KeyActions): void {
  let pending = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (pending + text).split('\n')
    pending = (lines.pop() ?? '').slice(-lineMax)
    for (const line of lines) obey(line.trim(), actions)
  })
  // The terminal has gone: SIGHUP says so as well.
  stream.on('error', () => undefined)
  // Ctrl-D ends the stream and nothing else: what is typed after it still counts.
  stream.on('end', () => {
    try {
      listenTo(unreferenced(new ReadStream(0)), actions)
    } catch {
      // It was the terminal that ended.
    }
  })
  unreferenced(stream)
}

/** It keeps no process running that has stopped. */
function unreferenced(stream: NodeJS.ReadStream): NodeJS.ReadStream {
  stream.unref()
  return stream
}

function obey(line: string, actions: KeyActions): void {
  if (line === 'rs') actions.restart()
  else if (line !== '') actions.explain()
}
