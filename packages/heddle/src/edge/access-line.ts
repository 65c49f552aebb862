/**
 * What the access log says of one request: as fields of a log line, and in Apache's combined format. Edge thread;
 * pure.
 *
 * Targets, headers and what stands in place of a request are whatever a stranger has sent. Nothing but printable
 * ASCII gets into a line as it is: every other byte is written as `\xHH`, so that nobody can begin a line, end a
 * quoted field, or speak to the terminal of who reads.
 */
import type { RequestAccount } from '@heddle/mesh/internal'

import type { LogLine } from '../shared/log-line.ts'
import type { Termination } from './termination.ts'

/** What the edge itself knows of a request. */
export interface AccessFacts {
  readonly account: RequestAccount
  readonly termination: Termination
  /** Address of the client, as far as trusted proxies tell it. */
  readonly client: string
  /** Whom its route is for; `null` when none was found. */
  readonly application: string | null
  /** Milliseconds since the epoch at which it ended. */
  readonly time: number
}

/** Characters that are kept of a header: the target has a limit of its own. */
const HEADER_MAX = 2048

/** The line of a request, with its facts as fields. */
export function accessLine(facts: AccessFacts): LogLine {
  const { account, termination, client, application, time } = facts
  const { head, sent, status, bytesIn, bytesOut, detail } = account
  const { method, target, protocol } = requestLine(account)
  const { queueMs, responseMs, totalMs, tunnelMs } = timesOf(account, termination)
  const worker = sent?.worker ?? null
  // What people look for first comes first. One literal: this is made for every request.
  const fields = {
    method: shown(method),
    path: printable(target),
    status: status === 0 ? null : status,
    totalMs,
    queueMs,
    responseMs,
    tunnelMs: tunnelMs ?? undefined,
    bytesIn,
    bytesOut,
    retries: sent?.retries ?? 0,
    reason: termination.reason,
    phase: termination.phase,
    detail: detail === '' ? undefined : shown(detail),
    client,
    host: shown(head?.host),
    protocol: shown(protocol),
    requestId: shown(head?.requestId),
    userAgent: shown(head?.userAgent),
    referer: shown(head?.referer)
  }
  const speaker = { ...(application === null ? {} : { application }), ...(worker === null ? {} : { worker }) }
  return { time, level: 'info', ...speaker, message: 'Request ended.', fields }
}

/**
 * The same in the combined format, and behind it what Heddle knows, as `name=value`:
 *
 *     203.0.113.7 - - [21/Nov/2026:16:20:01 +0000] "GET /a?b HTTP/1.1" 200 512 "-" "curl/8.5" id=5f3c-1 host=a.dev
 *     to=api:1 in=0 queue=0 response=1.42 total=1.6 retries=0 end=completed/response-body
 *
 * Times in milliseconds; `-` for what there is none of. Without an answer the status is 499 when it was the client
 * that went, 444 otherwise, as nginx has it.
 */
export function combinedLine({ account, termination, client, application, time }: AccessFacts): string {
  const { head, sent, bytesIn, bytesOut } = account
  const { queueMs, responseMs, totalMs, tunnelMs } = timesOf(account, termination)
  const { reason, phase } = termination
  const began = apacheTime(time - (account.endedMs - account.beganMs))
  const line = head === null ? account.line : `${head.method} ${head.target} HTTP/1.${head.minor}`
  const tunnel = tunnelMs === null ? '' : ` tunnel=${tunnelMs}`
  return (
    `${client || '-'} - - [${began}] "${quoted(line)}" ${statusFor(account.status, reason)} ` +
    `${bytesOut || '-'} "${quoted(head?.referer)}" "${quoted(head?.userAgent)}" ` +
    `id=${token(head?.requestId)} host=${token(head?.host)} to=${sent?.worker ?? application ?? '-'} ` +
    `in=${bytesIn} queue=${queueMs} response=${responseMs ?? '-'} total=${totalMs} ` +
    `retries=${sent?.retries ?? 0} end=${reason}/${phase}${tunnel}`
  )
}

/** Bytes as characters, those that are not printable ASCII as `\xHH`; a backslash too, so that it can be undone. */
export function printable(text: string): string {
  return unprintable.test(text) ? text.replaceAll(everyUnprintable, asHex) : text
}

const unprintable = /[^\x20-\x7e]|\\/
const everyUnprintable = /[^\x20-\x7e]|\\/g
const unquotable = /[^\x20-\x7e]|[\\"]/
const everyUnquotable = /[^\x20-\x7e]|[\\"]/g

/** For a field in quotes, as nginx writes it. */
function quoted(text = ''): string {
  if (text === '') return '-'
  const short = shortened(text)
  return unquotable.test(short) ? short.replaceAll(everyUnquotable, asHex) : short
}

/** For a field that ends with a space. */
function token(text?: string): string {
  return quoted(text).replaceAll(' ', String.raw`\x20`)
}

/** For a field of its own; `null` when there is none. */
function shown(text = ''): string | null {
  return text === '' ? null : printable(shortened(text))
}

function shortened(text: string): string {
  return text.length > HEADER_MAX ? `${text.slice(0, HEADER_MAX)}...` : text
}

/** What is beyond a byte does not come from the network: details may quote what an application has said. */
function asHex(character: string): string {
  const code = character.charCodeAt(0)
  const hex = code.toString(16).toUpperCase()
  return code > 0xff ? String.raw`\u${hex.padStart(4, '0')}` : String.raw`\x${hex.padStart(2, '0')}`
}

/** Method, target and protocol, also of a request that was refused for something else in it. */
function requestLine({ head, line }: RequestAccount): { method: string; target: string; protocol: string } {
  if (head !== null) {
    return { method: head.method, target: head.target, protocol: head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0' }
  }
  const [, method = '', target = line, protocol = ''] = readableLine.exec(line) ?? []
  return { method, target, protocol }
}

/** A request line that can be taken apart into method, target and protocol, whatever else was wrong. */
export const readableLine: RegExp = /^([A-Za-z]{1,32}) (\S+) (HTTP\/\d\.\d)$/

interface Times {
  /** It waited so long for a worker. */
  readonly queueMs: number
  /** Workers took so long to the head of the answer; `null` without one. */
  readonly responseMs: number | null
  /** From its first byte to its end. */
  readonly totalMs: number
  /** As an upgraded connection; `null` when it was none. */
  readonly tunnelMs: number | null
}

function timesOf({ sent, beganMs, endedMs }: RequestAccount, { phase }: Termination): Times {
  const totalMs = rounded(endedMs - beganMs)
  if (sent === null) return { totalMs, queueMs: 0, responseMs: null, tunnelMs: null }
  const { arrivedMs, sentMs, queuedMs, answeredMs } = sent
  // One that ends while it waits was put into the queue when it was sent last.
  const waitedMs = phase === 'queue' ? queuedMs + endedMs - sentMs : queuedMs
  return {
    totalMs,
    queueMs: rounded(waitedMs),
    responseMs: answeredMs === 0 ? null : rounded(answeredMs - arrivedMs - queuedMs),
    tunnelMs: phase === 'tunnel' ? rounded(endedMs - answeredMs) : null
  }
}

/** To a hundredth of a millisecond; clocks of one turn may be a hair apart. */
function rounded(ms: number): number {
  return Math.max(0, Math.round(ms * 100) / 100)
}

/** What stands for the status of a request without an answer, as nginx has it. */
export function statusFor(status: number, reason: Termination['reason']): number {
  if (status !== 0) return status
  return reason === 'client-aborted' || reason === 'client-timeout' ? 499 : 444
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The last second that was written, and how: requests come many to the second. */
const second = { number: -1, text: '' }

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `21/Nov/2026:16:20:01 +0000`: local time, and how far it is from UTC. */
function apacheTime(ms: number): string {
  const number = Math.floor(ms / 1000)
  if (number === second.number) return second.text
  const at = new Date(ms)
  const offset = -at.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  second.number = number
  second.text =
    `${two(at.getDate())}/${months[at.getMonth()]}/${at.getFullYear()}:` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`
  return second.text
}
