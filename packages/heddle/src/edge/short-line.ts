/**
 * What the access log says of one request in few words, for who develops: in the columns of the log for people.
 *
 *     17:04:01.123 200   api:0 GET /orders?page=2 3 ms
 *
 * Edge thread; pure. What a stranger has sent is written as in the other forms.
 */
import { printable, statusFor } from './access-line.ts'
import type { AccessFacts } from './access-line.ts'

const codes = { grey: 90, green: 32, cyan: 36, yellow: 33, red: 31 }

/** Characters of a target that are shown. */
const targetMax = 200

/** The line; without a newline. Without an answer its status is 499 when the client has gone, 444 otherwise. */
export function shortLine(facts: AccessFacts, colour: boolean): string {
  const { account, termination, application, time } = facts
  const { head, sent, line, beganMs, endedMs } = account
  const tint = (name: keyof typeof codes, text: string): string =>
    colour ? `\u001B[${codes[name]}m${text}\u001B[39m` : text
  const status = statusFor(account.status, termination.reason)
  const what = head === null ? line : `${head.method} ${head.target}`
  const who = sent?.worker ?? application
  return [
    tint('grey', clock(time)),
    tint(colourOf(status), String(status).padEnd(5)),
    ...(who === null ? [] : [tint('cyan', who)]),
    printable(what.length > targetMax ? `${what.slice(0, targetMax)}...` : what),
    tint('grey', duration(endedMs - beganMs)),
    ...(termination.reason === 'completed' ? [] : [tint('yellow', termination.reason)])
  ].join(' ')
}

function colourOf(status: number): keyof typeof codes {
  if (status < 300) return 'green'
  if (status < 400) return 'cyan'
  return status < 500 ? 'yellow' : 'red'
}

function duration(ms: number): string {
  if (ms < 1) return `${Math.max(0, ms).toFixed(1)} ms`
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

function clock(time: number): string {
  const at = new Date(time)
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
