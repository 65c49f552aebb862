/**
 * What undici hands its dispatchers to report to, and to be steered by. Any thread, client side; types only.
 *
 * undici 6 has the legacy kind alone, undici 7 both (its `upgrade` and `connect`, and the fetch of Node 24,
 * are legacy), undici 8 the newer kind alone.
 */
import type { HeadersObject } from './received-headers.ts'

/** What a newer handler steers its request with. */
export interface Controller {
  readonly paused: boolean
  readonly aborted: boolean
  readonly reason: unknown
  rawHeaders: Buffer[]
  rawTrailers: Buffer[]
  pause(): void
  resume(): void
  abort(reason?: unknown): void
}

/** Handlers of undici 7 and later. */
interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void
  onRequestUpgrade?(controller: Controller, status: number, headers: HeadersObject, socket: object): void
  onResponseStart?(controller: Controller, status: number, headers: HeadersObject, message: string): void
  onResponseData?(controller: Controller, chunk: Buffer): void
  onResponseEnd?(controller: Controller, trailers: HeadersObject): void
  onResponseError?(controller: Controller, error: unknown): void
}

/** Handlers of undici 6 and earlier, and some of undici 7's own. */
interface LegacyHandler {
  onConnect?(abort: (reason?: unknown) => void, context: unknown): void
  onUpgrade?(status: number, rawHeaders: Buffer[], socket: object): void
  onHeaders?(status: number, rawHeaders: Buffer[], resume: () => void, message: string): boolean
  onData?(chunk: Buffer): boolean
  onComplete?(rawTrailers: Buffer[]): void
  onError?(error: unknown): void
}

/** What both generations may have. */
interface SharedHandler {
  onBodySent?(chunk: Uint8Array): void
  onRequestSent?(): void
  onResponseStarted?(): void
}

/** A handler of either generation. */
export type UndiciHandler = Handler & LegacyHandler & SharedHandler
