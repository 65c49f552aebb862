/**
 * Where somebody may look in on requests being answered. Any thread, server side; types only. Who sets none
 * pays a comparison with null.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a server calls on the way of each request. */
export interface ServerHooks {
  /** The application is given the request, or the upgrade, when `next` is called. */
  onRequest(request: IncomingMessage, next: () => void): void
  /** The response is complete. Not called for an upgrade somebody took. */
  onResponse(request: IncomingMessage, response: ServerResponse): void
  /** It will not be completed: the application or the caller has broken it off. `response` is null for an upgrade. */
  onError(request: IncomingMessage, response: ServerResponse | null, error: Error): void
}
