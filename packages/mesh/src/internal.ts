/**
 * The side door of `@heddle/mesh`, for Heddle alone: what its edge threads and its acceptor are made of, and what
 * calls an application from the main thread or in a thread of tests. No promise of stability is made here.
 */
export type { MeshClient } from './client/client.ts'
export { MeshDispatcher, type DispatcherLike, type DispatchOptions } from './client/dispatcher.ts'
export type { Exchange, ExchangeHandler, Link, MeshRequest, ResponseHead } from './client/exchange.ts'
export { isIdempotent } from './client/retry.ts'
export { adoptSocket } from './http1/adopted-socket.ts'
export { Connection } from './http1/connection.ts'
export type { ConnectionHost } from './http1/connection-host.ts'
export { prefersHtml, refusalOf } from './http1/error-page.ts'
export type { EndCause, EndPhase, RequestAccount } from './http1/current-request.ts'
export type { ConnectionLimits } from './http1/time-limits.ts'
export type { Refusal, RefusalBody, RequestHead } from './http1/request-head.ts'
export { bytesOf, fieldOf, kindOf, sizeOf } from './wire/body.ts'
export type { Upstream } from './wire/control.ts'
export { Scoreboard } from './scoreboard.ts'
export { BYTES, HTTP10, MORE, NO_BODY, UPGRADE } from './wire/frames.ts'
export { parseBlock, writeBlock } from './wire/headers.ts'
export { SERVICE_RESTART, WebSocketBytes } from './wire/websocket.ts'
export { Slots } from './wire/slots.ts'
