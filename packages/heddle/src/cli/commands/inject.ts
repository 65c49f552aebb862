/**
 * `heddle inject`: sends a request into an application and prints its answer, as curl would.
 *
 * Main thread of a command. The body goes to standard output as it came, whatever it is.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'

import type { InjectedResponse } from '../../control/answers.ts'
import { HeddleError } from '../../errors.ts'
import { ask } from '../control-client.ts'
import { exitCodes } from '../exit-codes.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { OptionValue, Run, Typed } from '../program.ts'
import { cleanLine } from '../terminal/clean-text.ts'
import { typedNumber } from '../typed-number.ts'

const timeoutMaxSeconds = 3600

/** Runs the command. */
export const inject: Run = async typed => {
  const { json, fail } = typed.options
  if (json === true) {
    try {
      const answer = await send(typed)
      process.stdout.write(`${JSON.stringify({ ok: true, ...answer })}\n`)
      return codeFor(answer, fail)
    } catch (error) {
      return failureAsJson(error)
    }
  }
  const answer = await send(typed)
  print(answer, typed)
  if (!answer.complete) process.stderr.write('heddle: That is not all of it: its time was over.\n')
  return codeFor(answer, fail)
}

function codeFor({ status, complete }: InjectedResponse, fail: OptionValue): number {
  return fail === true && (status >= 400 || !complete) ? exitCodes.statusFailed.code : 0
}

async function send(typed: Typed): Promise<InjectedResponse> {
  const [id = '', path = '/'] = typed.words
  const data = await readData(typed.options)
  const { method } = typed.options
  const seconds = typedNumber(typed, 'timeout', { min: 0.001, max: timeoutMaxSeconds, isFraction: true })
  const worker = typedNumber(typed, 'worker', { min: 0, max: 9999 })
  const body = {
    method: typeof method === 'string' ? method.toUpperCase() : data === null ? 'GET' : 'POST',
    path: path.startsWith('/') ? path : `/${path}`,
    headers: readHeaders(typed.options['header']),
    ...(data === null ? {} : { bodyBase64: data.toString('base64') }),
    ...(worker === undefined ? {} : { worker }),
    ...(seconds === undefined ? {} : { timeoutMs: Math.ceil(seconds * 1000) })
  }
  return ask(await findServer(typed), { operation: 'inject', place: { id }, body })
}

/** What was typed as headers, by name; a name that comes again has several values. @throws HEDDLE_COMMAND_INVALID */
export function readHeaders(given: OptionValue): Readonly<Record<string, string | readonly string[]>> {
  const headers: Record<string, string | readonly string[]> = {}
  for (const line of Array.isArray(given) ? given : []) {
    const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/s.exec(line) ?? []
    if (name === undefined) {
      throw new HeddleError('HEDDLE_COMMAND_INVALID', {
        reason: `a header is "Name: value", not ${JSON.stringify(line)}`
      })
    }
    const earlier = headers[name]
    headers[name] = earlier === undefined ? value : [earlier, value].flat()
  }
  return headers
}

async function readData(options: Typed['options']): Promise<Buffer | null> {
  const { data } = options
  if (options['data-stdin'] === true || data === '@-') return buffer(process.stdin)
  if (typeof data !== 'string') return null
  if (!data.startsWith('@')) return Buffer.from(data)
  const path = data.slice(1)
  try {
    return readFileSync(path)
  } catch (error) {
    throw fileFailed(path, error)
  }
}

function print(answer: InjectedResponse, { options }: Typed): void {
  const out = process.stdout
  const body = Buffer.from(
    answer.bodyBase64 ?? answer.body ?? '',
    answer.bodyBase64 === undefined ? 'utf8' : 'base64'
  )
  const { output, include } = options
  if (include === true) out.write(headText(answer))
  if (typeof output === 'string' && output !== '-') {
    try {
      writeFileSync(output, body)
    } catch (error) {
      throw fileFailed(output, error)
    }
    return
  }
  if (out.isTTY && output !== '-' && body.includes(0)) {
    process.stderr.write(
      'heddle: The body is no text: write it to a file with --output, or to the terminal with --output -.\n'
    )
    return
  }
  out.write(body)
  // So that the prompt of a shell stands on a line of its own.
  if (out.isTTY && body.length > 0 && body.at(-1) !== 10) out.write('\n')
}

/** Status line and headers, then which worker answered and how quickly as a comment on standard error. */
function headText({ status, headers, worker, durationMs }: InjectedResponse): string {
  const out = process.stdout
  const { STATUS_CODES } = process.getBuiltinModule('node:http')
  const style = status < 400 ? 'green' : status < 500 ? 'yellow' : 'red'
  process.stderr.write(`${paint('dim', `# ${worker} in ${Math.round(durationMs)} ms`, process.stderr)}\n`)
  return [
    paint(style, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), out),
    ...headers.map(([name, value]) => `${paint('cyan', name, out)}: ${out.isTTY ? cleanLine(value) : value}`),
    '',
    ''
  ].join('\n')
}

function fileFailed(path: string, error: unknown): HeddleError {
  const reason = error instanceof Error ? error.message : String(error)
  return new HeddleError('HEDDLE_FILE_FAILED', { path, reason })
}
