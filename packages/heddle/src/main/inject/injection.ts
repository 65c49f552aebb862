/**
 * Sends requests into applications from the main thread, without a network: for operators and programs.
 *
 * Main thread only. It is a member of the mesh that only calls, from the first request on. An application sees such
 * a request as any other that comes from inside. The requests of the applications themselves never come this way.
 */
import { joinMesh } from '@heddle/mesh'
import type { Admission, Candidature, Mesh } from '@heddle/mesh'
import { fieldOf, isIdempotent, kindOf, writeBlock } from '@heddle/mesh/internal'
import type { MeshRequest } from '@heddle/mesh/internal'

import type { InjectedAnswer, InjectedRequest } from '../../control/injected.ts'
import { HeddleError } from '../../errors.ts'
import type { Clock } from '../../shared/clock.ts'
import { ReceivedAnswer } from './received-answer.ts'
import type { NotReceived } from './received-answer.ts'

/** Sends requests into applications. */
export interface Injection {
  /**
   * Sends one request and takes in its answer.
   *
   * @throws HEDDLE_REQUEST_INVALID for one that cannot be sent.
   * @throws HEDDLE_INJECT_UNAVAILABLE when nobody takes it, HEDDLE_INJECT_TIMEOUT when there is no head of an answer
   * in time, HEDDLE_INJECT_FAILED when there is none at all, or not all of it, or more than 10 MB of it.
   */
  inject(id: string, request: InjectedRequest): Promise<InjectedAnswer>
  /** Leaves the mesh. Requests under way fail. */
  close(): void
}

/** What it is made with. */
export interface InjectionOptions {
  readonly clock: Clock
  /** Gives out seats in the mesh; its registry fits. */
  readonly seats: { admit(candidature: Candidature): Admission }
  /** Makes the `x-request-id` of a request that has none. */
  readonly requestId: () => string
}

/** Bytes a body may have, either way. */
const bodyMax = 10_000_000
const defaultTimeoutMs = 30_000
const timeoutMaxMs = 3_600_000

/** Who sends, as the mesh and its metrics call it. */
const memberName = 'inject'

/** Failures of the mesh that say that there was nobody to send to. */
const unavailable: ReadonlySet<string> = new Set([
  'MESH_UNKNOWN_HOST',
  'MESH_NO_UPSTREAM',
  'MESH_QUEUE_TIMEOUT',
  'MESH_QUEUE_FULL',
  'MESH_CLOSED'
])

/** Methods that say how long their body is even when there is none (RFC 9110, section 8.6). */
const sendsLength: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Sends requests into the mesh of one server. */
export class MeshInjection implements Injection {
  readonly #options: InjectionOptions
  #seat: { readonly mesh: Mesh; readonly admission: Admission } | null = null
  #isClosed = false

  constructor(options: InjectionOptions) {
    this.#options = options
  }

  async inject(id: string, request: InjectedRequest): Promise<InjectedAnswer> {
    const { clock } = this.#options
    const { client, domain } = this.#join(id)
    const { timeoutMs = defaultTimeoutMs } = request
    const sent = toMeshRequest(id, request, { domain, requestId: this.#options.requestId })
    const answer = new ReceivedAnswer(bodyMax)
    const startedAt = clock.now()
    const exchange = client.send(sent, answer)
    answer.begin(exchange, run => clock.after(timeoutMs, run))
    const outcome = await answer.outcome
    if ('type' in outcome) throw failureOf(id, outcome, timeoutMs)
    return { ...outcome, durationMs: clock.now() - startedAt, worker: exchange.worker ?? id }
  }

  close(): void {
    this.#isClosed = true
    this.#seat?.mesh.leave()
    this.#seat?.admission.member.remove()
    this.#seat = null
  }

  #join(application: string): Mesh {
    if (this.#isClosed) {
      const reason = 'The server has stopped.'
      throw new HeddleError('HEDDLE_INJECT_UNAVAILABLE', { application, reason })
    }
    if (this.#seat === null) {
      // Who tries things out by hand wants an answer, also after many failures: no circuit.
      const admission = this.#options.seats.admit({ name: memberName, hostname: null, breaker: false })
      this.#seat = { admission, mesh: joinMesh(admission.ticket) }
    }
    return this.#seat.mesh
  }
}

function toMeshRequest(
  id: string,
  request: InjectedRequest,
  { domain, requestId }: { readonly domain: string; readonly requestId: () => string }
): MeshRequest {
  const { method = 'GET', path, body = null, worker, timeoutMs = defaultTimeoutMs } = request
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || method === 'CONNECT') {
    throw invalid(`the method ${JSON.stringify(method)} cannot be sent`)
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) {
    throw invalid(`the path has to begin with a slash and be encoded, not ${JSON.stringify(path)}`)
  }
  if (!(timeoutMs > 0 && timeoutMs <= timeoutMaxMs)) {
    throw invalid(`the timeout has to be from 1 to ${timeoutMaxMs} ms, not ${timeoutMs}`)
  }
  if (body !== null && !(body instanceof Uint8Array)) throw invalid('the body has to be bytes, a Uint8Array')
  if (body !== null && body.byteLength > bodyMax) throw invalid('the body has more than 10 MB')
  return {
    hostname: id.toLowerCase(),
    method,
    path,
    headers: headersOf(request, method, { host: `${id}${domain}`, requestId }),
    flags: body === null ? 0 : kindOf(body),
    body: body === null ? null : fieldOf(body),
    peer: null,
    timeoutMs,
    idempotent: isIdempotent(method),
    accept: null,
    ...(worker === undefined ? {} : { only: `${id}:${worker}` })
  }
}

function headersOf(
  { headers = {}, body }: InjectedRequest,
  method: string,
  known: { readonly host: string; readonly requestId: () => string }
): string {
  const size = body?.byteLength ?? 0
  let written
  try {
    written = writeBlock(headers)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    // The sentence it stands in has a full stop of its own.
    throw invalid(`a header cannot be sent: ${reason.replace(/\.$/, '')}`)
  }
  if (written.contentLength !== null && Number(written.contentLength) !== size) {
    throw invalid(`the header content-length says ${written.contentLength}, the body has ${size} bytes`)
  }
  const needsLength = written.contentLength === null && (size > 0 || sendsLength.has(method))
  const has = (name: string): boolean => Object.keys(headers).some(each => each.toLowerCase() === name)
  return [
    written.hasHost ? '' : `host: ${known.host}\r\n`,
    written.block,
    needsLength ? `content-length: ${size}\r\n` : '',
    has('x-request-id') ? '' : `x-request-id: ${known.requestId()}\r\n`
  ].join('')
}

function invalid(reason: string): HeddleError {
  return new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
}

function failureOf(application: string, outcome: NotReceived, timeoutMs: number): HeddleError {
  if (outcome.type === 'timeout') {
    return new HeddleError('HEDDLE_INJECT_TIMEOUT', { application, afterMs: timeoutMs })
  }
  if (outcome.type === 'too-large') {
    const reason = 'Its answer has more than 10 MB.'
    return new HeddleError('HEDDLE_INJECT_FAILED', { application, reason })
  }
  const { error: cause, headSeen } = outcome
  const code = 'code' in cause ? String(cause.code) : ''
  const reason = cause.message
  if (!headSeen && code === 'MESH_TIMEOUT') {
    return new HeddleError('HEDDLE_INJECT_TIMEOUT', { application, afterMs: timeoutMs }, { cause })
  }
  if (unavailable.has(code))
    return new HeddleError('HEDDLE_INJECT_UNAVAILABLE', { application, reason }, { cause })
  return new HeddleError('HEDDLE_INJECT_FAILED', { application, reason }, { cause })
}
