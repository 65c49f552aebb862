/**
 * What each operation of the management API does: from the values of a request to a call of {@link Operations}, and
 * from its outcome to what is answered.
 *
 * Main thread only. The streams are not here: see `api.ts`.
 */
import { isUtf8 } from 'node:buffer'

import type { InjectedResponse } from '../../control/answers.ts'
import { injectedBodyMax } from '../../control/contract.ts'
import type { OperationName, Place } from '../../control/contract.ts'
import { HeddleError } from '../../errors.ts'
import type {
  InjectedAnswer,
  InjectedRequest,
  LogThreshold,
  Operations,
  ProfileOptions
} from './operations.ts'
import { RequestRefused } from './refused.ts'
import type { Input } from './request-input.ts'

/** Does one operation; the outcome is what the form of its answer needs. */
export type Act = (operations: Operations, place: Required<Place>, input: Input) => unknown

/** Operations that answer once. */
export type ActName = Exclude<OperationName, 'events' | 'logs'>

/** The acts by name. Inputs have been checked: they are what the contract says. */
export const acts: Readonly<Record<ActName, Act>> = {
  status: operations => operations.status(),
  config: operations => operations.config(),
  metrics: (operations, _place, filter) => operations.metrics(filter),
  // Loaded when it is asked for: nobody needs it to answer anything else.
  openapi: async () => (await import('../../control/openapi.ts')).describeApi(),
  restart: (operations, _place, { applications }) =>
    operations.restart(applications as readonly string[] | undefined),
  reload: (operations, _place, { reason }) => operations.reload(reasonOf(reason)),
  stop: (operations, _place, { reason }) => operations.stop(reasonOf(reason)),
  addApplication: (operations, _place, { id, ...settings }) =>
    operations.addApplication(String(id), settings),
  removeApplication: (operations, { id }) => operations.removeApplication(id),
  startApplication: (operations, { id }) => operations.startApplication(id),
  stopApplication: (operations, { id }) => operations.stopApplication(id),
  restartApplication: (operations, { id }) => operations.restart([id]),
  scaleApplication: (operations, { id }, { workers }) =>
    operations.scale(id, workers === 'auto' ? workers : Number(workers)),
  setLogLevel: (operations, { id }, { level }) => operations.setLogLevel(id, level as LogThreshold),
  inject: async (operations, { id }, input) =>
    injectedResponse(await operations.inject(id, injectedRequest(input))),
  restartWorker: (operations, { id, slot }) => operations.restartWorker(id, slot),
  drainWorker: (operations, { id, slot }) => operations.drainWorker(id, slot),
  readyWorker: (operations, { id, slot }) => operations.readyWorker(id, slot),
  profile: (operations, { id, slot }, options) =>
    operations.profile(id, slot, options as unknown as ProfileOptions),
  heapSnapshot: (operations, { id, slot }) => operations.heapSnapshot(id, slot),
  inspect: (operations, { id, slot }, { port = 0 }) => operations.inspect(id, slot, Number(port)),
  closeInspector: (operations, { id, slot }) => operations.closeInspector(id, slot)
}

function reasonOf(given: unknown): string {
  return typeof given === 'string' ? given : 'asked for through the management API'
}

/** The request that is meant. @throws HEDDLE_REQUEST_INVALID, and a refusal with status 413. */
function injectedRequest(input: Input): InjectedRequest {
  const { body, bodyBase64, ...rest } = input as unknown as InjectedRequest & {
    readonly body?: string
    readonly bodyBase64?: string
  }
  if (!rest.path.startsWith('/')) invalid('"path" has to begin with a slash')
  if (body === undefined && bodyBase64 === undefined) return rest
  if (body !== undefined && bodyBase64 !== undefined)
    invalid('there is a "body" and a "bodyBase64": one is enough')
  const bytes = body === undefined ? fromBase64(bodyBase64 ?? '') : Buffer.from(body, 'utf8')
  if (bytes.length > injectedBodyMax) {
    throw new RequestRefused(413, `The body to inject is longer than ${injectedBodyMax} bytes.`)
  }
  return { ...rest, body: bytes }
}

function fromBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) invalid('"bodyBase64" is no Base64')
  return Buffer.from(text, 'base64')
}

function injectedResponse({ body, ...rest }: InjectedAnswer): InjectedResponse {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return isUtf8(bytes)
    ? { ...rest, body: bytes.toString('utf8') }
    : { ...rest, bodyBase64: bytes.toString('base64') }
}

function invalid(reason: string): never {
  throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
}
