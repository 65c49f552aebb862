/**
 * How commands with `--follow` go on when the connection is lost, and what they say about it.
 *
 * Main thread of a command.
 */
import type { Stream } from './event-stream.ts'
import { paint } from './paint.ts'
import type { Typed } from './program.ts'

/**
 * With `--follow` they wait for the server, or for the next one in its place; one that was named by its process or
 * its socket has no successor, and its end is told as an error. What happens is told to people on standard error.
 */
export function followOptions({ options }: Typed): Pick<Stream, 'isFollowing' | 'onChange'> {
  const isOneOnly = options['pid'] !== undefined || options['socket'] !== undefined
  let isTold = false
  return {
    isFollowing: options['follow'] === true && !isOneOnly,
    onChange(change) {
      if (change !== 'lost')
        tell(change === 'same' ? 'Connected again.' : 'Another server has taken its place.')
      else if (!isTold) tell('The server has gone; waiting for it. Ctrl-C ends this.')
      isTold = change === 'lost'
    }
  }
}

function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${paint('dim', text, process.stderr)}\n`)
}
