/**
 * A failure of an application as somebody reads it at his terminal: what it says, the lines of code, the way there.
 *
 * Main thread of a server in development; pure.
 */
import { frameText } from '../../shared/code-frame.ts'
import type { ExplainedCall, ExplainedError } from '../../shared/explained-error.ts'

/** Calls of the application's own that are shown. */
const callsMax = 8

/** Several lines, of which the first says what has happened. */
export function failureText(
  what: string,
  { name, message, place, frame, calls, causes }: ExplainedError
): string {
  const lines = [`${what}: ${name}: ${message}`]
  if (place !== null) {
    lines.push(`  at ${[place.file, place.line, ...(place.column === null ? [] : [place.column])].join(':')}`)
  }
  if (frame !== null)
    lines.push(
      '',
      ...frameText(frame)
        .split('\n')
        .map(line => `    ${line}`)
    )
  const shown = callLines(calls, frame !== null)
  if (shown.length > 0) lines.push('', ...shown)
  lines.push(...causes.map(cause => `  caused by ${cause}`))
  return lines.join('\n')
}

/** The application's own calls, and how many others there are; those themselves when nothing else tells where it is. */
function callLines(calls: readonly ExplainedCall[], isPlaced: boolean): readonly string[] {
  const own = calls.filter(({ origin }) => origin === 'own').slice(0, callsMax)
  if (own.length === 0) return isPlaced ? [] : calls.filter(isTelling).slice(0, callsMax).map(callLine)
  const left = calls.length - own.length
  return [
    ...own.map(callLine),
    ...(left === 0 ? [] : [`    and ${left} ${left === 1 ? 'call' : 'calls'} in packages and Node.js`])
  ]
}

/** Where Heddle itself has noticed something says nothing about it. */
function isTelling({ origin, file }: ExplainedCall): boolean {
  return origin !== 'runtime' || file.startsWith('node:')
}

function callLine({ name, file, line, column }: ExplainedCall): string {
  const place = `${file}:${line}:${column ?? 1}`
  return name === null ? `    at ${place}` : `    at ${name} (${place})`
}
