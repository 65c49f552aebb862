/** The door of `@heddle/mesh`. */
export { MeshAgent } from './client/http-agent.ts'
export type { BalanceFunction, Candidate } from './client/balancing.ts'
export type { Intercept } from './client/client-options.ts'
export { LoadSheddingError, MeshError, type MeshFailures } from './errors.ts'
export type { ChannelHook } from './interceptor/channel-policy.ts'
export type { Interceptor } from './interceptor/compose.ts'
export type {
  AcceptContext,
  ClientContext,
  ClientHookOptions,
  ClientRequest,
  ClientResponse,
  ServerHookOptions
} from './interceptor/hooks.ts'
export type { Routable } from './interceptor/routes.ts'
export type { FastifyLike, KoaLike, ServerOption } from './interceptor/target.ts'
export {
  createThreadInterceptor,
  type AddRoute,
  type ChangeRoute,
  type ThreadInterceptor,
  type ThreadInterceptorOptions
} from './interceptor/thread-interceptor.ts'
export { wire, type WireOptions, type Wired } from './interceptor/wire.ts'
export type {
  Admission,
  Candidature,
  Circuit,
  Expectation,
  Member,
  RegistryOptions
} from './registry/membership.ts'
export { Registry } from './registry/registry.ts'
export { durationBoundsMs, percentileMs } from './durations.ts'
export { UNIT_MS, type MemberCounts } from './scoreboard.ts'
export type { MemberTraffic, TrafficCount } from './traffic.ts'
export type { ServerHooks } from './server/hooks.ts'
export { joinMesh, type JoinOptions, type Mesh } from './thread.ts'
export type {
  BalancePolicy,
  BreakerRules,
  CircuitState,
  MeshTicket,
  QueueRules,
  Upstream
} from './wire/control.ts'
