/**
 * Failures as the management API tells them: which HTTP status each code has, and the problem made of it.
 *
 * Main thread. Pure.
 */
import { HeddleError } from '../errors.ts'
import type { HeddleFailures } from '../errors.ts'
import type { Problem } from './contract.ts'

/** The status of each failure of Heddle. 409: the server is not in a state for it. 422: it cannot be done as asked. */
export const failureStatus: { readonly [Code in keyof HeddleFailures]: number } = {
  HEDDLE_CONFIG_INVALID: 422,
  HEDDLE_CONFIG_NOT_FOUND: 422,
  HEDDLE_CONFIG_UNREADABLE: 422,
  HEDDLE_APPLICATION_FAILED: 500,
  HEDDLE_EDGE_FAILED: 500,
  HEDDLE_HANDOFF_UNAVAILABLE: 500,
  HEDDLE_LISTEN_FAILED: 500,
  HEDDLE_STOPPED: 409,
  HEDDLE_UNKNOWN_APPLICATION: 404,
  HEDDLE_UNKNOWN_WORKER: 404,
  HEDDLE_APPLICATION_EXISTS: 409,
  HEDDLE_APPLICATION_STOPPED: 409,
  HEDDLE_APPLICATION_NEEDED: 409,
  HEDDLE_WORKER_NEEDED: 409,
  HEDDLE_APPLICATION_ROUTED: 409,
  HEDDLE_BUSY: 409,
  HEDDLE_NOT_RUNNING: 409,
  HEDDLE_RESTART_FAILED: 500,
  HEDDLE_RELOAD_FAILED: 500,
  HEDDLE_RELOAD_REFUSED: 422,
  HEDDLE_WORKER_LOST: 409,
  HEDDLE_WORKER_STUCK: 504,
  HEDDLE_DIAGNOSIS_UNREADY: 409,
  HEDDLE_DIAGNOSIS_FAILED: 500,
  HEDDLE_INJECT_UNAVAILABLE: 503,
  HEDDLE_INJECT_TIMEOUT: 504,
  HEDDLE_INJECT_FAILED: 502,
  HEDDLE_REQUEST_INVALID: 400,
  HEDDLE_NO_SERVER: 500,
  HEDDLE_SERVER_AMBIGUOUS: 500,
  HEDDLE_CONNECTION_LOST: 500,
  HEDDLE_STOP_OVERDUE: 500,
  HEDDLE_SOCKET_FAILED: 500,
  HEDDLE_COMMAND_INVALID: 500,
  HEDDLE_FILE_EXISTS: 500,
  HEDDLE_NOTHING_FOUND: 500,
  HEDDLE_FILE_FAILED: 500,
  HEDDLE_PACKAGE_MISSING: 500,
  HEDDLE_NOT_PUBLIC: 500,
  HEDDLE_LOAD_UNREACHABLE: 500,
  HEDDLE_LOAD_TEST_FAILED: 500,
  HEDDLE_BUILD_FAILED: 500,
  HEDDLE_BUILD_CIRCLE: 500
}

const titles: Readonly<Record<number, readonly [title: string, code: string]>> = {
  400: ['Bad Request', 'BAD_REQUEST'],
  401: ['Unauthorized', 'UNAUTHORIZED'],
  403: ['Forbidden', 'FORBIDDEN'],
  404: ['Not Found', 'NOT_FOUND'],
  405: ['Method Not Allowed', 'METHOD_NOT_ALLOWED'],
  406: ['Not Acceptable', 'NOT_ACCEPTABLE'],
  408: ['Request Timeout', 'REQUEST_TIMEOUT'],
  409: ['Conflict', 'CONFLICT'],
  413: ['Content Too Large', 'CONTENT_TOO_LARGE'],
  415: ['Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE'],
  417: ['Expectation Failed', 'EXPECTATION_FAILED'],
  422: ['Unprocessable Content', 'UNPROCESSABLE_CONTENT'],
  431: ['Request Header Fields Too Large', 'HEADERS_TOO_LARGE'],
  500: ['Internal Server Error', 'INTERNAL_ERROR'],
  502: ['Bad Gateway', 'BAD_GATEWAY'],
  503: ['Service Unavailable', 'SERVICE_UNAVAILABLE'],
  504: ['Gateway Timeout', 'GATEWAY_TIMEOUT']
}

/** A problem that is no failure of Heddle: of the request, or of who sends it. */
export function plainProblem(status: number, detail: string): Problem {
  const [title, code] = titles[status] ?? ['Error', 'ERROR']
  return { type: 'about:blank', title, status, detail, code }
}

/** The problem made of anything thrown. */
export function problemOf(thrown: unknown): Problem {
  if (!(thrown instanceof HeddleError)) {
    const detail = thrown instanceof Error ? thrown.message : String(thrown)
    return { ...plainProblem(500, detail), cause: stackOf(thrown, '') }
  }
  const code: keyof HeddleFailures = thrown.code
  const status = failureStatus[code]
  const cause = thrown.cause === undefined ? '' : stackOf(thrown.cause, thrown.message)
  const [title] = titles[status] ?? ['Error']
  const problem = {
    type: 'about:blank',
    title,
    status,
    detail: thrown.message,
    code,
    facts: thrown.detail
  } as const
  return cause === '' ? problem : { ...problem, cause }
}

/** What was thrown, with the stack it had; of failures of Heddle itself only what `told` does not say already. */
function stackOf(thrown: unknown, told: string): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const isOurs = thrown instanceof HeddleError
  const text = isOurs ? thrown.message : (thrown.stack ?? `${thrown.name}: ${thrown.message}`)
  const rest = thrown.cause === undefined ? '' : stackOf(thrown.cause, told)
  if (isOurs && told.includes(text)) return rest
  return rest === '' ? text : `${text}\nCaused by: ${rest}`
}
