/**
 * `heddle logs`: the last lines of the log of a running server, and those that come.
 *
 * Main thread of a command. What was lost because a reader was too slow is told, on standard error.
 */
import type { StreamEvent } from '../event-stream.ts'
import { readStream } from '../event-stream.ts'
import { findServer } from '../find-server.ts'
import { followOptions } from '../follow.ts'
import { assertKnown } from '../known-names.ts'
import { lineText } from '../log-text.ts'
import type { Run, Typed } from '../program.ts'
import { counted } from '../terminal/amounts.ts'
import { typedNumber } from '../typed-number.ts'
import { untilSignal, writeOut } from '../until-signal.ts'

/** More than any server keeps. */
const tailMax = 100_000

/** Runs the command. */
export const logs: Run = async typed => {
  const { options } = typed
  const query = logQuery(typed)
  await assertKnown(await findServer(typed), query)
  const end = untilSignal()
  const find = (): ReturnType<typeof findServer> => findServer(typed)
  const question = { operation: 'logs', query } as const
  const stream = { find, question, signal: end.signal, ...followOptions(typed) }
  try {
    for await (const event of readStream(stream)) {
      await writeOut(textOf(event, options['json'] === true), end.signal)
    }
  } finally {
    end.release()
  }
  return end.code()
}

/** What is asked for, as the API wants it. @throws HEDDLE_COMMAND_INVALID */
export function logQuery(typed: Typed): Readonly<Record<string, string | undefined>> {
  const { level, follow } = typed.options
  const [subject] = typed.words
  const slot = typedNumber(typed, 'worker', { min: 0, max: 9999 })
  const [, named = subject] = /^(.+):\d+$/.exec(subject ?? '') ?? []
  const worker = slot === undefined ? (named === subject ? undefined : subject) : `${named}:${slot}`
  const tail = typedNumber(typed, 'tail', { min: 0, max: tailMax })
  return {
    // An edge is a worker of no application.
    application: worker === undefined ? named : undefined,
    worker,
    level: typeof level === 'string' ? level : undefined,
    tail: tail === undefined ? undefined : String(tail),
    follow: follow === true ? undefined : 'false'
  }
}

function textOf({ name, data }: StreamEvent, isJson: boolean): string {
  if (name === 'lost') {
    const { lines } = JSON.parse(data) as { readonly lines: number }
    process.stderr.write(
      `heddle: ${counted(lines, 'line')} came too fast and ${lines === 1 ? 'is' : 'are'} missing here.\n`
    )
    return ''
  }
  return `${isJson ? data : lineText(data, process.stdout)}\n`
}
