/**
 * `heddle events`: what has happened in a running server, and what happens.
 *
 * Main thread of a command.
 */
import type { LostMessages } from '../../control/answers.ts'
import { readStream } from '../event-stream.ts'
import type { StreamEvent } from '../event-stream.ts'
import { findServer } from '../find-server.ts'
import { followOptions } from '../follow.ts'
import { assertKnown } from '../known-names.ts'
import { eventText } from '../log-text.ts'
import type { Run } from '../program.ts'
import { counted } from '../terminal/amounts.ts'
import { untilSignal, writeOut } from '../until-signal.ts'

/** Runs the command. */
export const events: Run = async typed => {
  const { words, options } = typed
  const { application, worker, json, follow } = options
  const query = {
    application: typeof application === 'string' ? application : undefined,
    worker: typeof worker === 'string' ? worker : undefined,
    // Whether there are such events the server knows.
    name: words.length === 0 ? undefined : words.join(','),
    since: '0',
    follow: follow === true ? undefined : 'false'
  }
  await assertKnown(await findServer(typed), query)
  const end = untilSignal()
  const find = (): ReturnType<typeof findServer> => findServer(typed)
  const question = { operation: 'events', query } as const
  try {
    for await (const event of readStream({ find, question, signal: end.signal, ...followOptions(typed) })) {
      if (event.name === 'lost') tellLost(event)
      else if (isWanted(event.name, words)) await writeOut(textOf(event, json === true), end.signal)
    }
  } finally {
    end.release()
  }
  return end.code()
}

/** Whether an event is one of those named: by its whole name, or by the kind before its colon. */
export function isWanted(name: string, words: readonly string[]): boolean {
  return words.length === 0 || words.some(word => name === word || name.startsWith(`${word}:`))
}

function tellLost({ data }: StreamEvent): void {
  const { events: count = 0 } = JSON.parse(data) as LostMessages
  process.stderr.write(
    `heddle: ${counted(count, 'event')} came too fast and ${count === 1 ? 'is' : 'are'} missing here.\n`
  )
}

function textOf({ name, id, data }: StreamEvent, isJson: boolean): string {
  if (!isJson) return `${eventText(name, data, process.stdout)}\n`
  return `${JSON.stringify({ id, name, ...(JSON.parse(data) as object) })}\n`
}
